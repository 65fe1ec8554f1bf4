"""A folder of results: filled beside its place, and put there only when complete."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canonica._errors import CanonicaError

SUMMARY = "summary.json"


@contextmanager
def results_folder(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give an empty folder to fill; its files move to `out` when all are there.

    Raises
    ------
    CanonicaError
        If `out` holds anything, unless it is earlier results and `overwrite` is set.
    """
    replaced = _replaceable(out, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    filling = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield filling
        _put(filling, out, replaced)
    finally:
        shutil.rmtree(filling, ignore_errors=True)


def _replaceable(out: Path, *, overwrite: bool) -> list[Path]:
    """Return the files of earlier results, which the new ones take the place of."""
    if not out.exists():
        return []
    if not out.is_dir():
        raise CanonicaError(f"--out {out}: found a file; expected a folder, or nothing.")
    present = sorted(path.name for path in out.iterdir())
    if not present:
        return []
    if not overwrite:
        raise CanonicaError(
            f"--out {out}: found {len(present)} files in it; expected an empty or new folder. "
            "Choose another, or add --overwrite to replace earlier results."
        )
    return [out / name for name in _earlier_files(out)]


def _earlier_files(out: Path) -> list[str]:
    try:
        files = json.loads((out / SUMMARY).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CanonicaError(
            f"--out {out}: found files, but no results of canonica among them ({SUMMARY}); "
            "--overwrite replaces nothing else. Choose another folder."
        ) from error
    return [SUMMARY, *(str(name) for name in files if Path(str(name)).name == str(name))]


def _put(filling: Path, out: Path, replaced: list[Path]) -> None:
    for path in replaced:
        path.unlink(missing_ok=True)
    out.mkdir(exist_ok=True)
    # The summary last: where it is, everything else is.
    for path in sorted(filling.iterdir(), key=lambda path: path.name == SUMMARY):
        path.replace(out / path.name)
