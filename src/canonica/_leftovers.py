"""What is hidden while it is unfinished: whose it is, and whether it was left by a killed call."""

import os
import platform
import re
import secrets
from typing import NamedTuple

LIFE = secrets.token_hex(4)  # of this process: one that gets its number later is another


class LeftoverWarning(UserWarning):
    """Something that a killed call had left unfinished, and what became of it."""


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
        """Return the process that asks."""
        return cls(re.sub(r"[^\w-]", "_", platform.node()) or "unnamed", os.getpid(), LIFE)

    @classmethod
    def of(cls, mark: str) -> "Owner | None":
        """Return whose mark this is; None where it is none."""
        found = re.fullmatch(r"([\w-]+)\.(\d+)\.([0-9a-f]+)", mark, re.ASCII)
        return cls(found[1], int(found[2]), found[3]) if found else None

    @property
    def mark(self) -> str:
        """What names of hidden files and folders say of it."""
        return f"{self.host}.{self.process}.{self.life}"

    @property
    def here(self) -> bool:
        """Whether it is, or was, on this machine, so that we can tell whether it lives."""
        return self.host == Owner.this().host

    @property
    def gone(self) -> bool:
        """Whether it was on this machine, and is no more."""
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
