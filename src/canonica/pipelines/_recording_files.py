"""Which files a call means, and what their recordings are called."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import xarray as xr

from canonica._errors import CanonicaError, RecordingError
from canonica.recordings import Reading, is_recording, read_each, spikes_beside

AnyPath: TypeAlias = str | PathLike[str]


def recording_files(paths: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return the files meant by `paths`: files, and the recordings in folders, each once.

    Raises
    ------
    CanonicaError
        If a folder holds none.
    """
    files: list[Path] = []
    for path in _paths(paths):
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if _is_recording(file))
        if not inside:
            raise CanonicaError(f"{path}: found no recording in this folder; expected some.")
        files += inside
    unique = {file.resolve(): file for file in files}
    return [file for file in unique.values() if not _goes_with(file, unique)]


def _paths(given: AnyPath | Sequence[AnyPath]) -> list[Path]:
    return [Path(given)] if isinstance(given, str | PathLike) else [Path(one) for one in given]


def _goes_with(file: Path, others: Collection[Path]) -> bool:
    """Return whether this is the table of stimuli that goes with another of the files."""
    if len(others) == 1 or not file.is_file():
        return False
    try:
        spikes = spikes_beside(file)
    except OSError:  # the reader will say so
        return False
    return spikes is not None and spikes.resolve() in others


def _is_recording(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".") and is_recording(file)


def each_recording(file: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield every recording of a file, or in its place, or the file's, what is wrong with it."""
    try:
        yield from read_each(file, reading)
    except RecordingError as error:
        yield error


def prefixes(files: Sequence[Path]) -> dict[Path, str]:
    """Return for each file what to put before its recordings' names.

    Nothing where the file's name is its own; where several files share one, the folders that lead
    to it from the folder that they all are in.
    """
    counts = Counter(file.stem for file in files)
    shared = [file.resolve().parent for file in files if counts[file.stem] > 1]
    common = os.path.commonpath(shared) if shared else ""
    return {
        file: ""
        if counts[file.stem] == 1
        else "".join(f"{part}-" for part in file.resolve().parent.relative_to(common).parts)
        for file in files
    }
