"""Hidden folders inside a folder of results: who is at work in them, and what is left over."""

import os
import platform
import re
import secrets
import shutil
import warnings
from pathlib import Path
from typing import NamedTuple

from canonica._files import shown

HIDDEN = ".canonica-"  # beginning of the name of all that is hidden in a folder of results
LIFE = secrets.token_hex(4)  # of this process: one that gets its number later is another


class LeftoverWarning(UserWarning):
    """Something that a killed call had left in a folder of results, and what became of it."""


class Owner(NamedTuple):
    """The process that something hidden belongs to.

    Parameters
    ----------
    host : str
        Name of its machine.
    process : int
        Its number there.
    life : str
        What tells it from an earlier one of that number.
    """

    host: str
    process: int
    life: str

    @classmethod
    def this(cls) -> "Owner":
        """Return this very process as an owner."""
        return cls(re.sub(r"[^\w-]", "_", platform.node()) or "unnamed", os.getpid(), LIFE)

    @property
    def here(self) -> bool:
        """Whether it is, or was, on this machine, so that we can tell whether it lives."""
        return self.host == Owner.this().host

    @property
    def gone(self) -> bool:
        """Whether the process ran on this machine and has ended."""
        if not self.here or self == Owner.this():
            return False
        return self.process == os.getpid() or not _lives(self.process)


def _lives(process: int) -> bool:
    if os.name == "nt":  # no signal there does nothing
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives, and is somebody else's
        return True
    return True


def hidden_folder(out: Path, purpose: str) -> Path:
    """Make a new hidden folder in `out`, whose name says whose it is."""
    owner = Owner.this()
    name = f"{HIDDEN}{purpose}-{owner.host}.{owner.process}.{owner.life}-{secrets.token_hex(4)}"
    folder = out / name
    folder.mkdir()
    return folder


def owner_of(name: str) -> Owner | None:
    """Return whose hidden folder has this name; None where it is no such name."""
    found = re.fullmatch(
        rf"{re.escape(HIDDEN)}[a-z]+-([\w-]+)\.(\d+)\.([0-9a-f]+)-[0-9a-f]+", name, re.ASCII
    )
    return Owner(found[1], int(found[2]), found[3]) if found else None


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
