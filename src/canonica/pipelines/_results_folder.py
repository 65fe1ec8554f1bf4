"""A folder of results: filled out of sight, and shown only when complete."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canonica._errors import CanonicaError, listed

SUMMARY = "summary.json"
HIDDEN = ".canonica-"  # beginning of the name of a folder that is being filled


@contextmanager
def results_folder(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give an empty folder to fill; its files move to `out` when all are there.

    Earlier results are replaced only with `overwrite`, only by complete new ones, and nothing else
    in the folder is touched.

    Raises
    ------
    CanonicaError
        If `out` holds anything, unless it is earlier results and `overwrite` is set; or if a new
        file would take the name of one that is no earlier result.
    """
    _earlier_files(out, overwrite=overwrite)
    try:
        made = _made_with_parents(out)
        filling = Path(tempfile.mkdtemp(prefix=HIDDEN, dir=out))
    except OSError as error:
        raise CanonicaError(
            f"--out {out}: found no way to write there ({error.strerror}); expected a folder that "
            "can be made or written to. Choose another."
        ) from error
    try:
        yield filling
        _put(filling, out, _earlier_files(out, overwrite=overwrite))
    finally:
        shutil.rmtree(filling, ignore_errors=True)
        for folder in made:  # those that this call made and left empty
            if not any(folder.iterdir()):
                folder.rmdir()


def _made_with_parents(out: Path) -> list[Path]:
    """Make the folder, and return what had to be made for it, innermost first."""
    missing = [path for path in (out, *out.parents) if not path.exists()]
    out.mkdir(parents=True, exist_ok=True)
    return missing


def _earlier_files(out: Path, *, overwrite: bool) -> list[str]:
    """Return the names of earlier results, which new ones may take the place of."""
    if out.exists() and not out.is_dir():
        raise CanonicaError(f"--out {out}: found a file; expected a folder, or nothing.")
    if not out.exists():
        return []
    present = [path.name for path in out.iterdir() if not path.name.startswith(HIDDEN)]
    if not present:
        return []
    if not overwrite:
        raise CanonicaError(
            f"--out {out}: found {len(present)} files in it; expected an empty or new folder. "
            "Choose another, or add --overwrite to replace earlier results."
        )
    return [SUMMARY, *_listed_files(out)]


def _listed_files(out: Path) -> list[str]:
    try:
        summary = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
        files = [str(name) for name in summary["files"] if summary["canonica_version"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CanonicaError(
            f"--out {out}: found files, but no results of canonica among them ({SUMMARY}); "
            "--overwrite replaces nothing else. Choose another folder."
        ) from error
    return [name for name in files if Path(name).name == name and (out / name).is_file()]


def _put(filling: Path, out: Path, earlier: list[str]) -> None:
    """Move the new files in, the earlier ones having stepped aside; all of it, or nothing."""
    new = sorted(path.name for path in filling.iterdir())
    foreign = [name for name in new if name not in earlier and (out / name).exists()]
    if foreign:
        raise CanonicaError(
            f"--out {out}: found {listed(foreign)}, which is no earlier result; expected no file "
            "of that name. Move it, or choose another folder."
        )
    aside = Path(tempfile.mkdtemp(prefix=HIDDEN, dir=out))
    moves = [(out / name, aside / name) for name in earlier if (out / name).exists()]
    new.sort(key=lambda name: name == SUMMARY)  # last: where it is, everything else is
    moves += [(filling / name, out / name) for name in new]
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            source.rename(target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            target.rename(source)
        aside.rmdir()  # empty again: had a file not come back, it would be kept there
        raise
    shutil.rmtree(aside, ignore_errors=True)
