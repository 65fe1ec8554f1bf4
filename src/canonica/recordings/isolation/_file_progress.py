"""How much of a file has been read: readers tell it, and whoever waits for the file hears it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

from canonica._files import sha256


class FileProgress(NamedTuple):
    """How much of a file has been read.

    Attributes
    ----------
    path : Path
        The file.
    what : str
        What is read of it, such as ``"spikes"``.
    done, total : int
        How many of these, and how many there are.
    """

    path: Path
    what: str
    done: int
    total: int


Listener: TypeAlias = Callable[[str, int, int], object]  # of what, done and total
QUIET = 1.0  # seconds in which nothing is heard of how much has been read
PAUSE = 0.2  # seconds at least from one such word to the next
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


def tell_progress(what: str, done: int, total: int) -> None:
    """Tell how much of a file has been read, as a reader does now and then."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(what, done, total)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, telling how much of it has been read."""
    return sha256(path, partial(tell_progress, "bytes"))


class Paced:
    """A listener that hears now and then, where reading takes long enough for anybody to ask.

    Parameters
    ----------
    listener : callable
        That hears less so. Of what it heard of it also hears the end, once.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener, self._next, self._unfinished = listener, time.monotonic() + QUIET, ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Pass it on, or not."""
        now, ends = time.monotonic(), done == total
        if now >= self._next or (ends and self._unfinished == what):
            self._next, self._unfinished = now + PAUSE, "" if ends else what
            self._listener(what, done, total)


@contextmanager
def progress_told_to(listener: Listener | None) -> Iterator[None]:
    """Have a listener told what readers tell meanwhile, and nobody else."""
    before = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(before)
