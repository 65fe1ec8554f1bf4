"""New results take the place of earlier ones: all of them or none, even if we are killed.

Files move one by one. Before the first does, a journal says which are to move, so that the next
call finishes what a killed one had begun.
"""

import json
import shutil
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from canonica._errors import CanonicaError, how_many
from canonica._files import shown
from canonica._leftovers import LeftoverWarning
from canonica.pipelines.results._hidden_folders import (
    HIDDEN,
    hidden_folder,
    owner_of,
)

JOURNAL = f"{HIDDEN}journal.json"
MOVING_TAKES = 60.0  # seconds at most: what is older, on whatever machine, has been killed


@dataclass(frozen=True)
class Replacement:
    """Files that are to move, and the hidden folders that they move from and to.

    Parameters
    ----------
    filled : str
        Name of the folder with the new files.
    aside : str
        Name of the folder that earlier ones step aside to.
    earlier : tuple of str
        Files that are replaced, whether or not by one of their name.
    new : tuple of str
        Files to be put in place, in order.
    """

    filled: str
    aside: str
    earlier: tuple[str, ...]
    new: tuple[str, ...]

    def moves_left(self, out: Path) -> list[tuple[Path, Path]]:
        """Return the moves that are still to be made, wherever they were interrupted.

        A file that is in place and still among the new ones is an earlier one of the same name.
        """
        filled, aside = out / self.filled, out / self.aside
        moves = [
            (out / name, aside / name)
            for name in self.earlier
            if (out / name).exists() and (name not in self.new or (filled / name).exists())
        ]
        return moves + [
            (filled / name, out / name) for name in self.new if (filled / name).exists()
        ]

    def clean(self, out: Path) -> None:
        """Remove what is not needed once all files have moved."""
        (out / JOURNAL).unlink(missing_ok=True)
        for folder in (self.aside, self.filled):
            shutil.rmtree(out / folder, ignore_errors=True)


def replace_results(filled: Path, out: Path, earlier: Sequence[str], new: Sequence[str]) -> None:
    """Move new files in, earlier ones having stepped aside; all of them, or none on an error.

    Parameters
    ----------
    filled : Path
        A hidden folder in `out` with the new files.
    out : Path
        The folder of the results.
    earlier : sequence of str
        Files in it that are to go.
    new : sequence of str
        Files to be put in place, in order.
    """
    aside = hidden_folder(out, "earlier")
    replacement = Replacement(filled.name, aside.name, tuple(earlier), tuple(new))
    draft = filled / JOURNAL  # goes with the folder, should we be killed before it is in place
    draft.write_text(json.dumps(asdict(replacement)), encoding="utf-8")
    draft.replace(out / JOURNAL)
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in replacement.moves_left(out):
            source.rename(target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            target.rename(source)  # where this fails, the journal stays, for the next call
        (out / JOURNAL).unlink()
        aside.rmdir()
        raise
    replacement.clean(out)


def finish_replacement(out: Path) -> None:
    """Finish what a killed call had begun, and say so in a warning.

    Raises
    ------
    CanonicaError
        If another call is at it right now, or the journal is no such thing.
    """
    journal = out / JOURNAL
    try:
        text, written = journal.read_text(encoding="utf-8"), journal.stat().st_mtime
    except FileNotFoundError:
        return
    replacement = _read(out, text)
    owner = owner_of(replacement.filled)
    if owner is not None and not owner.gone and time.time() - written < MOVING_TAKES:
        raise CanonicaError(
            f"out: found {shown(out)}, where another call is putting its results in place; "
            "expected it to be done. Wait a moment."
        )
    (out / replacement.aside).mkdir(exist_ok=True)
    for source, target in replacement.moves_left(out):
        source.rename(target)
    replacement.clean(out)
    warnings.warn(
        f"{shown(out)}: found results that a call had completed before it was killed, "
        f"{how_many(len(replacement.new), 'file')}; "
        f"{'it is' if len(replacement.new) == 1 else 'they are'} in place now.",
        LeftoverWarning,
        stacklevel=3,
    )


def _read(out: Path, text: str) -> Replacement:
    try:
        found = json.loads(text)
        parts = found["filled"], found["aside"], tuple(found["earlier"]), tuple(found["new"])
        inside = all(Path(name).name == name for name in (*parts[:2], *parts[2], *parts[3]))
    except (ValueError, KeyError, TypeError):
        parts, inside = ("", "", (), ()), False
    if not inside:
        raise CanonicaError(
            f"out: found {shown(out / JOURNAL)}, which cannot be read; expected none, or that of "
            "a call that was killed. Look which of the files in the folder, and in the hidden "
            "folders in it, are wanted, and delete the others with it."
        )
    return Replacement(*parts)
