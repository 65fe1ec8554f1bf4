"""Which files a call means, and what its results are called."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from canonica._errors import CanonicaError

SUFFIX = ".mat"


def recording_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files meant by `paths`: files, and the recordings in folders.

    Raises
    ------
    CanonicaError
        If a folder holds none.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(path.glob(f"*{SUFFIX}"))
        if not inside:
            raise CanonicaError(f"{path}: found no {SUFFIX} file in this folder; expected some.")
        files += inside
    return list({file.resolve(): file for file in files}.values())


def prefixes(files: Sequence[Path]) -> dict[Path, str]:
    """Return for each file what to put before its recordings' names to tell them all apart.

    Nothing where the file's own name does; otherwise the names of as many folders as it takes.
    """
    labels = dict.fromkeys(files, "")
    depth = 0
    while True:
        counts = Counter(labels[file] + file.stem for file in files)
        clashing = [file for file in files if counts[labels[file] + file.stem] > 1]
        depth += 1
        if not clashing:
            return labels
        for file in clashing:
            folders = file.resolve().parent.parts[1:]
            labels[file] = "".join(f"{folder}-" for folder in folders[-depth:])
            if depth > len(folders) + 1:  # a.mat and a.MAT side by side
                labels[file] += f"{file.suffix.removeprefix('.')}-"
