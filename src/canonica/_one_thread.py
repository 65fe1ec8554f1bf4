"""Linear algebra by one thread, where matrices are so small that several only wait for each other.

What JAX compiles for a processor leaves Cholesky factors and triangular systems to LAPACK, here to
the OpenBLAS of SciPy, which divides each among as many threads as there are cores. They meet many
times in each of them; where something else is at work on a core, each meeting waits until the
system gives that core back.
"""

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

import scipy.linalg  # noqa: F401  (loads the library whose threads are limited)
from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


def by_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, during which one thread does the linear algebra of this process.

    Afterwards there are as many as before; where calls overlap, after the last of them. Whoever
    sets a limit with threadpoolctl around it keeps theirs.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        _LIMIT.begin()
        try:
            return function(*args, **kwargs)
        finally:
            _LIMIT.end()

    return run


class _Limit:
    """One limit for all calls that want it: the first sets it, and the last takes it off."""

    def __init__(self) -> None:
        self._lock, self._wanted = Lock(), 0
        self._limiter: Any = None

    def begin(self) -> None:
        """Set the limit, if no other call has."""
        with self._lock:
            if self._wanted == 0:
                _elsewhere(self._set)
            self._wanted += 1

    def end(self) -> None:
        """Take the limit off, if no other call wants it."""
        with self._lock:
            self._wanted -= 1
            if self._wanted == 0:
                _elsewhere(self._limiter.restore_original_limits)

    def _set(self) -> None:
        self._limiter = _libraries().limit(limits=1, user_api="blas")


def _elsewhere(function: Callable[[], Any]) -> None:
    """Call in a thread of its own: to threadpoolctl, a limit is its thread's as long as that lives.

    The call that takes it off is often of another thread than the one that set it.
    """
    thread = Thread(target=function)
    thread.start()
    thread.join()


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


_LIMIT = _Limit()
