"""A folder of results: filled out of sight, and shown only when complete."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from canonica._errors import CanonicaError, how_many, listed
from canonica._files import AnyPath, in_place, room_for, shown, unfinished
from canonica.pipelines.results._hidden_folders import HIDDEN, hidden_folder, remove_leftovers
from canonica.pipelines.results._replacement import JOURNAL, finish_replacement, replace_results

SUMMARY = "summary.json"


def check_results_folder(out: AnyPath, *, overwrite: bool) -> None:
    """Refuse a folder for results that is none, or holds anything: soon, before what takes time.

    Where earlier results may be replaced, `results_folder` looks closer.

    Parameters
    ----------
    out : path-like
        Folder for the results.
    overwrite : bool
        Whether earlier results in it may be replaced.

    Raises
    ------
    CanonicaError
        If it is a file; or if it holds anything, and `overwrite` is not set.

    Examples
    --------
    >>> check_results_folder(Path("nowhere"), overwrite=False)
    """
    folder = out if isinstance(out, Path) else _checked(out)
    if folder.exists() and not folder.is_dir():
        raise CanonicaError(f"out: found {shown(folder)}, a file; expected a folder, or nothing.")
    if not overwrite and not (folder / JOURNAL).exists():
        _earlier_files(folder, overwrite=False)


def _checked(out: object) -> Path:
    # Loaded here: a command, which gives a path, refuses a folder before it loads anything.
    from canonica._checks import checked_path  # noqa: PLC0415

    return checked_path("out", out)


@contextmanager
def results_folder(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give an empty folder to fill; its files move to `out` when all are there.

    Earlier results are replaced only with `overwrite`, only by complete new ones, and nothing else
    in the folder is touched. What a killed call had left is finished or removed first, with a
    warning.

    Raises
    ------
    CanonicaError
        If `out` holds anything, unless it is earlier results and `overwrite` is set; or if a new
        file would take the name of one that is no earlier result; or if the disk is full.
    """
    check_results_folder(out, overwrite=True)
    finish_replacement(out)
    _earlier_files(out, overwrite=overwrite)
    try:
        made = _made_with_parents(out)
        filling = hidden_folder(out, "new")
    except OSError as error:
        raise CanonicaError(
            f"out: found no way to write to {shown(out)} ({error.strerror}); expected a folder "
            "that can be made or written to. Choose another."
        ) from error
    remove_leftovers(out)
    try:
        with ExitStack() as removed_if_ended:
            for folder in reversed(made):
                removed_if_ended.enter_context(unfinished(folder, Path.rmdir))
            removed_if_ended.enter_context(unfinished(filling, shutil.rmtree))
            removed_if_ended.enter_context(room_for(out))
            yield filling
        _put(filling, out, _earlier_files(out, overwrite=overwrite))
        in_place(out)
    finally:
        if not (out / JOURNAL).exists():  # else the next call finds in it what it has to finish
            shutil.rmtree(filling, ignore_errors=True)
        for folder in made:  # those that this call made and left empty
            with suppress(OSError):
                folder.rmdir()


def _made_with_parents(out: Path) -> list[Path]:
    """Make the folder, and return what had to be made for it, innermost first."""
    missing = [path for path in (out, *out.parents) if not path.exists()]
    out.mkdir(parents=True, exist_ok=True)
    return missing


def _earlier_files(out: Path, *, overwrite: bool) -> list[str]:
    """Return the names of earlier results, which new ones may take the place of."""
    if not out.exists():
        return []
    present = [path.name for path in out.iterdir() if not path.name.startswith(HIDDEN)]
    if not present:
        return []
    if not overwrite:
        raise CanonicaError(
            f"out: found {how_many(len(present), 'file')} in {shown(out)}; "
            "expected an empty or new folder. "
            "Choose another, or add --overwrite (overwrite=True) to replace earlier results."
        )
    return [SUMMARY, *_listed_files(out)]


def _listed_files(out: Path) -> list[str]:
    try:
        summary = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
        files = [str(name) for name in summary["files"] if summary["canonica_version"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CanonicaError(
            f"out: found files in {shown(out)}, but no results of canonica among them "
            f"({SUMMARY}); expected such results, as --overwrite replaces nothing else. Choose "
            "another folder."
        ) from error
    return [name for name in files if Path(name).name == name and (out / name).is_file()]


def _put(filling: Path, out: Path, earlier: list[str]) -> None:
    """Move the new files in, the earlier ones having stepped aside; all of it, or nothing."""
    new = sorted(path.name for path in filling.iterdir())
    foreign = [name for name in new if name not in earlier and (out / name).exists()]
    if foreign:
        raise CanonicaError(
            f"out: found {listed(foreign)}, which is no earlier result, in {shown(out)}; expected "
            "no file of that name. Move it, or choose another folder."
        )
    new.sort(key=lambda name: name == SUMMARY)  # last: where it is, everything else is
    replace_results(filling, out, earlier, new)
