"""Linear algebra by one thread, where matrices are so small that several only wait for each other.

What JAX compiles for a processor leaves Cholesky factors and triangular systems to LAPACK, here to
the OpenBLAS of SciPy, which divides each among as many threads as there are cores. They meet many
times in each of them; where something else is at work on a core, each meeting waits until the
system gives that core back.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import scipy.linalg  # noqa: F401  (loads the library whose threads are limited)
from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


def by_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, during which one thread does the linear algebra of this process.

    Afterwards there are as many as before. If calls overlap, those that begin later may not have
    it to their end, and only take longer.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return run


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()
