"""How far a pipeline has come: what it tells, and how to be told."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from canonica._files import shown
from canonica._harmless import visible
from canonica.recordings import FileProgress


@dataclass(frozen=True)
class Progress:
    """How far one kind of work has come.

    Parameters
    ----------
    what : str
        The work, in words.
    done : int
        Pieces that are done.
    total : int or None
        All pieces, where that is known.
    item : str, optional
        The piece that is being worked on.
    within : Path, optional
        A file that is a piece of other work, if this is how much of it has been read: of no
        interest when that is done.

    Notes
    -----
    Those who are told are called once at a time, but not always from the same thread.

    Examples
    --------
    >>> print(Progress("Forecasting", 3, 15, "culture-4"))
    Forecasting culture-4: 3 of 15
    """

    what: str
    done: int
    total: int | None
    item: str = ""
    within: Path | None = None

    def __str__(self) -> str:
        """Return how far the work has come, on one line: ``reading a.nwb: 2 of 5``."""
        words = f"{self.what} {self.item}".rstrip()
        return f"{words}: {self.done:,}" + ("" if self.total is None else f" of {self.total:,}")


# What a pipeline calls as it goes on; any function of one argument will do, `print` among them.
Told: TypeAlias = Callable[[Progress], object]


class Stage:
    """One kind of work in a pipeline, and who is told how far it has come.

    Parameters
    ----------
    told : callable or None
        Called with a `Progress` at the beginning, after every piece, and within large files.
    what : str
        The work, in words.
    total : int, optional
        Number of its pieces.

    Examples
    --------
    >>> stage = Stage(print, "Drawing", 2)
    Drawing: 0 of 2
    >>> stage.advance()
    Drawing: 1 of 2
    """

    def __init__(self, told: Told | None, what: str, total: int | None = None) -> None:
        self._told, self._what, self._total, self._done = told, what, total, 0
        self._lock = Lock()  # files are read by several threads
        self._tell()

    def begin(self, item: str) -> None:
        """Tell the progress, and the name of the piece that is begun."""
        self._tell(item)

    def advance(self) -> None:
        """Count one more piece as done, and tell the progress."""
        self._done += 1
        self._tell()

    def __call__(self, done: int, total: int) -> None:
        """Tell how many pieces are done, as those who count for themselves call it."""
        self._done, self._total = done, total
        self._tell()

    def within_file(self, read: FileProgress) -> None:
        """Tell how much has been read of a file that is a piece of this work."""
        what, name = f"Reading {read.what} of", visible(shown(Path(read.path.name)))
        self._pass_on(Progress(what, read.done, read.total, name, within=read.path))

    def _tell(self, item: str = "") -> None:
        self._pass_on(Progress(self._what, self._done, self._total, item))

    def _pass_on(self, progress: Progress) -> None:
        if self._told is not None:
            with self._lock:
                self._told(progress)
