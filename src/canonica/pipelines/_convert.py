"""Recordings from one format into another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import AnyPath, shown
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.results._free_files import check_free
from canonica.recordings import (
    Experiment,
    Reading,
    SpikeTrains,
    read_contents,
    recording_files,
    write,
    writer,
)

NWB = ".nwb"


@dataclass(frozen=True)
class Converted:
    """One culture in its new file.

    Parameters
    ----------
    path : Path
        The file.
    content : SpikeTrains or xarray.Dataset
        What is in it.
    """

    path: Path
    content: SpikeTrains | xr.Dataset


@checked_arguments
def convert(
    source: AnyPath,
    out: AnyPath,
    *,
    reading: Reading | None = None,
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = False,
    progress: Told | None = None,
) -> list[Converted | CanonicaError]:
    """Convert recordings: to NWB, for others to read; or to a table or MATLAB file.

    Does what `canonica convert` does. Nothing is made up: what neither the file nor `metadata`
    says is left out of an NWB file, or marked as unknown in it.

    Parameters
    ----------
    source : path-like
        A file of recordings, of any format, or a folder or pattern of them.
    out : path-like
        The file to write, which ends in .nwb, .parquet, .csv or .mat. Several cultures get a file
        each, numbered.
    reading : Reading, optional
        How to read the file, where it does not say so.
    metadata : mapping of str to str, optional
        What NWB has room for, by the names of `canonica.recordings.write`.
    overwrite : bool, optional
        Whether files that are there may be replaced.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    list of Converted or CanonicaError
        One for each culture: its file, or what is wrong with it.

    Raises
    ------
    CanonicaError
        If the call makes no sense, the file holds no culture, or a new file is there already.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.simulate import culture
    >>> folder = Path(mkdtemp())
    >>> write(folder / "c.mat", culture(0, sessions=2, trials_per_session=8))
    >>> (found,) = convert(
    ...     folder / "c.mat", folder / "c.parquet", reading=Reading(trials_per_session=8)
    ... )
    >>> found.path.name, found.content.sizes["trial"]
    ('c.parquet', 16)
    """
    source, out, metadata = Path(source), Path(out), metadata or {}
    reading = reading or Reading()
    _check(source, out, metadata)
    files = recording_files(source, reading)
    several = len(files) > 1 or source.is_dir()
    stage = Stage(progress, "Reading recordings", len(files))
    contents = [one for file in files for one in _contents(file, reading, stage, keep=several)]
    if not contents:
        raise CanonicaError(f"{shown(source)}: found no culture in it; expected at least one.")
    targets = _targets(out, len(contents))
    check_free(targets, overwrite=overwrite)
    return [
        _converted(target, content, reading, metadata)
        for target, content in zip(targets, contents, strict=True)
    ]


def _contents(
    file: Path | Experiment, reading: Reading, stage: Stage, *, keep: bool
) -> Iterator[SpikeTrains | xr.Dataset | RecordingError]:
    """Yield what is in a file; what is wrong with it is raised, or kept in its place."""
    try:
        yield from read_contents(file, reading, progress=stage.within_file)
    except RecordingError as error:
        if not keep:
            raise
        yield error
    stage.advance()


def _converted(
    target: Path,
    content: SpikeTrains | xr.Dataset | RecordingError,
    reading: Reading,
    metadata: Mapping[str, str],
) -> Converted | CanonicaError:
    """Return a culture as it was written, or why it could not be."""
    if isinstance(content, RecordingError):
        return content
    try:
        if isinstance(content, SpikeTrains) and target.suffix.lower() != NWB:
            content = content.recording(window=reading.window)
        write(target, content, metadata=metadata)
    except CanonicaError as error:
        return error
    return Converted(target, content)


def _check(source: Path, out: Path, metadata: Mapping[str, str]) -> None:
    writer(out)  # refuses what it cannot write
    to_nwb = out.suffix.lower() == NWB
    if to_nwb and source.suffix.lower() == NWB:
        raise CanonicaError(
            f"{shown(source)}: found NWB; expected another format. To convert NWB to NWB has no "
            "point: copy the file, or change it with pynwb."
        )
    if metadata and not to_nwb:
        options = ("--" + name.replace("_", "-") for name in metadata)
        raise CanonicaError(
            f"{listed(options)}: found with {shown(out)}; expected with {NWB} only, the one format "
            "that has room for it."
        )


def _targets(out: Path, number: int) -> list[Path]:
    """Return where each culture goes: to a file of its own."""
    if number == 1:
        return [out]
    width = len(str(number))
    return [out.with_stem(f"{out.stem}-{one:0{width}d}") for one in range(1, number + 1)]
