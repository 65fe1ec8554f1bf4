"""Find the writer for a file, from its name."""

from collections.abc import Callable, Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import MappingProxyType

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._files import shown
from canonica.data._recording_checks import check_recording
from canonica.data._spike_trains import SpikeTrains

Writer = Callable[[Path, SpikeTrains | xr.Dataset, Mapping[str, str]], None]
# Each a module of this floor with write(path, content, metadata); a new format is a new line.
WRITERS = {
    ".nwb": "nwb._write",
    ".mat": "matlab._write",
    ".parquet": "tables._responses",
    ".csv": "tables._responses",
}
NOTHING: Mapping[str, str] = MappingProxyType({})


@checked_arguments
def write(
    path: str | PathLike[str],
    content: SpikeTrains | xr.Dataset,
    *,
    metadata: Mapping[str, str] = NOTHING,
) -> None:
    """Write one recording to a file, whole or not at all; the format is that of its suffix.

    Parameters
    ----------
    path : path-like
        ``.nwb``, ``.parquet``, ``.csv`` or ``.mat``; folders on the way to it are made.
    content : xarray.Dataset or SpikeTrains
        A recording, or spike trains, which only NWB keeps: other formats hold the responses.
    metadata : mapping
        What NWB has room for and a recording does not know: see `canonica convert --help`.

    Raises
    ------
    CanonicaError
        If no format has this suffix, or the recording cannot be written in it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from canonica.recordings import read, write
    >>> from canonica.simulate import culture
    >>> recording = culture(seed=0, sessions=2, trials_per_session=16)
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/practice.parquet", recording)
    ...     (again,) = read(f"{folder}/practice.parquet")
    >>> bool((again.responses == recording.responses).all())
    True
    """
    path = Path(path)
    writing = writer(path)
    if isinstance(content, xr.Dataset):
        check_recording(content, sources=False)
        content = content.transpose("trial", ...)
    writing(path, content, metadata)


@checked_arguments
def writer(path: Path) -> Writer:
    """Return what writes files of this name.

    Raises
    ------
    CanonicaError
        If nothing does.
    """
    module = WRITERS.get(path.suffix.lower())
    if module is None:
        raise CanonicaError(
            f"{shown(path)}: found the suffix {path.suffix!r}; expected one of "
            f"{', '.join(WRITERS)}. Choose the format by the name."
        )
    return import_module(f"canonica.recordings.{module}").write
