"""The recordings of files, one after the other, and what they are called."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import xarray as xr

from canonica._errors import RecordingError
from canonica.pipelines._progress import Stage
from canonica.recordings import Experiment, Reading, read_each


def each_recording(
    file: Path | Experiment, reading: Reading, stage: Stage
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield every recording of a file, or in its place, or the file's, what is wrong with it.

    How much of it has been read is told as part of a stage.
    """
    try:
        yield from read_each(file, reading, progress=stage.within_file)
    except RecordingError as error:
        yield error


def every_file(found: Sequence[Path | Experiment]) -> list[Path]:
    """Return the paths of all files, an experiment's sessions one by one."""
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
