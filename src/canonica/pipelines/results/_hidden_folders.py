"""Hidden folders inside a folder of results: who is at work in them, and what is left over."""

import re
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canonica._files import shown, unfinished
from canonica._leftovers import LeftoverWarning, Owner

HIDDEN = ".canonica-"  # beginning of the name of all that is hidden in a folder of results


def hidden_folder(out: Path, purpose: str) -> Path:
    """Make a new hidden folder in `out`, whose name says whose it is."""
    folder = out / f"{HIDDEN}{purpose}-{Owner.this().mark}-{secrets.token_hex(4)}"
    folder.mkdir()
    return folder


@contextmanager
def folder_aside(out: Path) -> Iterator[Path]:
    """Give a hidden folder in `out` for what is not needed in memory for a while."""
    folder = hidden_folder(out, "aside")
    try:
        with unfinished(folder, shutil.rmtree):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def owner_of(name: str) -> Owner | None:
    """Return whose hidden folder has this name; None where it is no such name."""
    found = re.fullmatch(rf"{re.escape(HIDDEN)}[a-z]+-(.+)-[0-9a-f]+", name, re.ASCII)
    return Owner.of(found[1]) if found else None


def remove_leftovers(out: Path) -> None:
    """Remove hidden folders of processes that are no more, and name them and others' in a warning.

    Nothing in them is of use: results that were not complete, or that complete ones replaced.
    """
    removed, others = [], []
    for folder in sorted(out.glob(f"{HIDDEN}*")):
        owner = owner_of(folder.name)
        if owner is None:
            continue
        if owner.gone:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
        elif not owner.here:
            others.append(folder.name)
    if removed:
        warnings.warn(
            f"{shown(out)}: found what calls that were killed had left unfinished "
            f"({', '.join(removed)}); removed it.",
            LeftoverWarning,
            stacklevel=2,
        )
    if others:
        warnings.warn(
            f"{shown(out)}: found unfinished results of another machine ({', '.join(others)}). "
            "If no call is running there, remove them.",
            LeftoverWarning,
            stacklevel=2,
        )
