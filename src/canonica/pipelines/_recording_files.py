"""Which files a call means, and what their recordings are called."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import xarray as xr

from canonica._errors import CanonicaError, RecordingError
from canonica.recordings import Experiment, Reading, is_recording, read_each, spikes_beside
from canonica.recordings.experiments import grouped

AnyPath: TypeAlias = str | PathLike[str]


def recording_files(
    paths: AnyPath | Sequence[AnyPath], reading: Reading | None = None
) -> list[Path | Experiment]:
    """Return what is meant by `paths`: files, and the recordings in folders, each once.

    A folder without recordings of its own stands for those in its folders. Files that are the
    sessions of one experiment come as one, by the rule in `reading`.

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
        inside = _inside(path) or [file for folder in _folders(path) for file in _inside(folder)]
        if not inside:
            raise CanonicaError(f"{path}: found no recording in this folder; expected some.")
        files += inside
    unique = {file.resolve(): file for file in files}
    single = [file for file in unique.values() if not _goes_with(file, unique)]
    return grouped(single, reading or Reading())


def _inside(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if _is_recording(file))


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] != ".")


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


def each_recording(
    file: Path | Experiment, reading: Reading
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield every recording of a file, or in its place, or the file's, what is wrong with it."""
    try:
        yield from read_each(file, reading)
    except RecordingError as error:
        yield error


def every_file(found: Sequence[Path | Experiment]) -> list[Path]:
    """Return all files, those of experiments one by one."""
    return [
        file
        for one in found
        for file in ([one] if isinstance(one, Path) else [each.path for each in one.sessions])
    ]


def prefixes(found: Sequence[Path | Experiment]) -> dict[Path | Experiment, str]:
    """Return for each file what to put before its recordings' names.

    Nothing where the file's name is its own; where several files share one, the folders that lead
    to it from the folder that they all are in. Experiments in many files have names of their own.
    """
    files = [one for one in found if isinstance(one, Path)]
    counts = Counter(file.stem for file in files)
    shared = [file.resolve().parent for file in files if counts[file.stem] > 1]
    common = os.path.commonpath(shared) if shared else ""
    return dict.fromkeys(found, "") | {
        file: ""
        if counts[file.stem] == 1
        else "".join(f"{part}-" for part in file.resolve().parent.relative_to(common).parts)
        for file in files
    }
