"""Find the reader for a file, from what is in it."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import xarray as xr

from canonica._errors import RecordingError
from canonica._files import shown
from canonica.recordings import _matlab

READERS = (_matlab,)  # each with recognises(path) and read(path, trials_per_session=...)
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def read(path: str | PathLike[str], *, trials_per_session: int = 256) -> list[xr.Dataset]:
    """Return the recordings in a file.

    Parameters
    ----------
    path : path-like
        A MATLAB 5 file of the published layout: a variable ``data_<condition>`` with a cell per
        culture, each a struct of `s` (trial, source), `o` (trial, input), `r` (trial, electrode).
        Any number of each.
    trials_per_session : int, optional
        Length of a session.

    Returns
    -------
    list of xarray.Dataset
        One per culture: `responses` (trial, electrode) in spikes, `stimuli` (trial, input) and
        `sources` (trial, source) 0/1, all float64; coordinate `session` on trial; attributes
        `name`, `condition`, `origin`, `input_file` and `input_sha256`.

    Raises
    ------
    RecordingError
        If the file is missing, cut short, of another format, or any culture in it is not sound.
        To have the good cultures of a file with a bad one, use `read_each`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from canonica.recordings import write_matlab
    >>> from canonica.simulate import culture
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/practice.mat"
    ...     write_matlab(path, [culture(seed=0, sessions=2, trials_per_session=16)])
    ...     recordings = read(path, trials_per_session=16)
    >>> recordings[0].attrs["name"], recordings[0].sizes["trial"]
    ('practice', 32)
    """
    cultures = []
    for culture in read_each(path, trials_per_session=trials_per_session):
        if isinstance(culture, RecordingError):
            raise culture
        cultures.append(culture)
    return cultures


def read_each(
    path: str | PathLike[str], *, trials_per_session: int = 256
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield every recording of a file, or in its place the error that says why it is none.

    Raises RecordingError where the file as a whole cannot be used; otherwise as `read`.
    """
    path = Path(path)
    reader = _reader(path)
    yield from reader.read(path, trials_per_session=trials_per_session)


def _reader(path: Path):  # noqa: ANN202  (a module)
    try:
        for reader in READERS:
            if reader.recognises(path):
                return reader
        with path.open("rb") as file:
            start = file.read(len(HDF5_MAGIC) + 512)
    except OSError as error:
        raise RecordingError(
            shown(path),
            None,
            found=f"nothing readable ({error.strerror or error})",
            expected="a file",
            advice="Check the path and the permissions.",
        ) from error
    raise RecordingError(
        shown(path),
        None,
        found=_description(start),
        expected="a MATLAB 5 file",
        advice="In MATLAB, save it with save(file, variable, '-v7').",
    )


def _description(start: bytes) -> str:
    if not start:
        return "an empty file"
    if HDF5_MAGIC in start:
        return "an HDF5 file (MATLAB 7.3, or another format built on it)"
    return f"a file that begins with {start[:16]!r}"
