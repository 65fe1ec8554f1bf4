"""Double precision and JAX's own rules of promotion inside, whatever is set outside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from canonica._errors import CanonicaError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@contextmanager
def standard_promotion() -> Iterator[None]:
    """Let types and ranks be promoted as JAX does by default; the user's settings come back."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


@contextmanager
def double_precision() -> Iterator[None]:
    """Compute in float64, in this thread, by JAX's own rules of promotion.

    Raises
    ------
    CanonicaError
        If JAX was told to use a device that is not there.
    """
    _check_device()
    with jax.enable_x64(True), standard_promotion():
        yield


def in_float64(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` run in float64, its JAX arrays returned as NumPy arrays.

    The user's own settings are untouched, during the call in other threads and after it.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with double_precision():
            return jax.tree.map(np.asarray, function(*args, **kwargs))

    return run


def of_float64(tree: T) -> T:
    """Return a tree of arrays with those of floating numbers in float64; inside, that is."""

    def cast(leaf: Any) -> Any:
        floating = hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
        return jnp.asarray(leaf, jnp.float64) if floating else leaf

    return jax.tree.map(cast, tree)


def _check_device() -> None:
    """Refuse to start where JAX finds no device of the kind it was told to use."""
    try:
        jax.devices()
    except Exception as error:  # whatever the platform raises: an assertion, a RuntimeError
        named = jax.config.jax_platforms  # pyright: ignore[reportAttributeAccessIssue]
        raise CanonicaError(
            f"JAX_PLATFORMS: found {named}, of which JAX finds no "
            "device here; expected cpu, or a device that is there. Unset it, or set it to cpu."
        ) from error
