"""Which files a call means."""

from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path

from canonica._errors import CanonicaError
from canonica._files import AnyPath
from canonica.recordings._readers import is_recording
from canonica.recordings._reading import Reading
from canonica.recordings.experiments import Experiment, grouped
from canonica.recordings.tables._spikes import spikes_beside


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
