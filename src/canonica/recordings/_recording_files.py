"""Which files a call means: paths, folders, patterns, one of them or many."""

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from glob import glob, has_magic
from os import PathLike
from pathlib import Path
from typing import Any

from canonica._arguments import checked_arguments
from canonica._checks import described, refusal
from canonica._errors import RecordingError
from canonica._files import AnyPath, shown
from canonica.recordings._readers import is_recording
from canonica.recordings._reading import Reading
from canonica.recordings.experiments import Experiment, grouped
from canonica.recordings.nwb._zarr import is_zarr
from canonica.recordings.tables._spikes import spikes_beside


@checked_arguments
def recording_files(
    paths: AnyPath | Iterable[AnyPath], reading: Reading | None = None
) -> list[Path | Experiment]:
    """Return what is meant by `paths`: files, and the recordings in folders, each once.

    A folder without recordings of its own stands for those in its folders. Files that are the
    sessions of one experiment come as one, by the rule in `reading`.

    Parameters
    ----------
    paths : path-like or iterable of path-like
        Files or folders. ``~`` is the user's home; where nothing is called so, ``*``, ``?`` and
        ``[...]`` stand for any letters, as in a shell, and ``**`` for any folders.
    reading : Reading, optional
        What the user said of them.

    Raises
    ------
    RecordingError
        If a folder holds none, or a pattern fits none.
    CanonicaError
        If something else than paths is given.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.recordings import write
    >>> from canonica.simulate import culture
    >>> folder = Path(mkdtemp())
    >>> for seed in (1, 2):
    ...     write(folder / f"{seed}.mat", culture(seed, sessions=2, trials_per_session=8))
    >>> [file.name for file in recording_files(folder / "*.mat")]
    ['1.mat', '2.mat']
    """
    return files_of("paths", paths, reading or Reading())


def files_of(
    name: str, paths: AnyPath | Iterable[AnyPath], reading: Reading
) -> list[Path | Experiment]:
    """Return what `recording_files` does, of a parameter that is called by that name."""
    files = [file for path in _paths(name, paths) for file in _meant_by(path)]
    unique = {file.resolve(): file for file in files}
    single = [file for file in unique.values() if not _goes_with(file, unique)]
    return grouped(single, reading)


def _paths(name: str, given: AnyPath | Iterable[AnyPath]) -> list[Path]:
    found = [given] if isinstance(given, str | PathLike) else given
    several: list[Any] = list(found) if isinstance(found, Iterable) else [found]
    wrong = [one for one in several if not _may_be_path(one)]
    if wrong or not several:
        raise refusal(
            name,
            described(wrong[0]) if wrong else "none at all",
            "a file, a folder or a pattern such as data/*.nwb, or several",
        )
    return [Path(one) for one in several]


def _may_be_path(value: object) -> bool:
    return isinstance(value, str | PathLike) and bool(str(value)) and "\0" not in str(value)


def _meant_by(path: Path) -> Iterator[Path]:
    """Yield the files that a path means, each as it is called there."""
    with suppress(RuntimeError):  # nobody's home: the reader will say that it is not there
        path = path.expanduser()
    matching = [path]
    if has_magic(str(path)) and not os.path.lexists(path):
        names = glob(str(path), recursive=True)  # noqa: PTH207  (of a path, relative or not)
        matching = [Path(name) for name in sorted(names)]
        if not matching:
            raise RecordingError(
                shown(path),
                None,
                found="nothing that this pattern fits",
                expected="files",
                advice="Check the path.",
            )
    for one in matching:
        yield from _in_folder(one) if _is_folder(one) else [one]


def _in_folder(folder: Path) -> list[Path]:
    inside = _inside(folder) or [file for one in _folders(folder) for file in _inside(one)]
    if not inside:
        raise RecordingError(
            shown(folder),
            None,
            found="no recording in this folder",
            expected="some",
            advice="Name the folder that they are in.",
        )
    return inside


def _inside(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if _is_recording(file))


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.name[0] != "." and _is_folder(one))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path) and not is_zarr(path)  # noqa: PTH112  (False if it is no name)


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
    if file.name.startswith("."):
        return False
    return (file.is_file() and is_recording(file)) or is_zarr(file)
