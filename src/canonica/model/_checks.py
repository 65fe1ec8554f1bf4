"""What models and networks are made of, checked: shapes always, values where they are known.

Inside `jax.jit`, `jax.vmap` and `jax.grad` values are not known, and nothing is looked at; what
would be refused outside then gives infinite or undefined numbers. `checked` asks for the same
checks at run time, at the price that `equinox.error_if` has.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool

from canonica._errors import CanonicaError

# Counts and priors below, or above, leave the range of single precision, or their digamma does.
SMALLEST, LARGEST = 1e-30, 1e30
T = TypeVar("T")

Shape = tuple[int | str, ...]


def check_shapes(parts: Mapping[str, tuple[Any, Shape]], whole: Collection[str] = ()) -> None:
    """Refuse arrays that do not fit together.

    Parameters
    ----------
    parts : mapping
        For each parameter its array, or None, and the axes that its shape ends in: numbers, and
        names that stand for the same number throughout. Axes before these are batch axes, as are
        those that ``*`` and ``...`` stand for, before which nothing is looked at.
    whole : collection of str
        Parameters that have no batch axes but those.

    Raises
    ------
    CanonicaError
        If one is no array, has another shape, or is empty.
    """
    sizes: dict[str, int] = {}
    for name, (array, expected) in parts.items():
        if array is None:
            continue
        shape = getattr(array, "shape", None)
        if shape is None:
            raise CanonicaError(
                f"{name}: found a value of type {type(array).__name__}; expected an array "
                f"{_named(expected, sizes)}."
            )
        batch = [k for k, axis in enumerate(expected) if str(axis).startswith(("*", "..."))]
        tail = expected[batch[-1] + 1 :] if batch else expected
        fitting = _fitting(tuple(shape), tail, sizes)
        extra = name in whole and not batch and len(shape) != len(expected)
        if fitting is None or extra:
            raise CanonicaError(
                f"{name}: found shape {tuple(shape)}; expected one that "
                f"{'is' if name in whole and not batch else 'ends in'} {_named(tail, sizes)}, and "
                "nothing empty."
            )
        sizes = fitting


def _fitting(
    shape: tuple[int, ...], expected: Shape, sizes: Mapping[str, int]
) -> dict[str, int] | None:
    """Return all sizes by name, those of this shape too; None where it does not fit."""
    own = shape[len(shape) - len(expected) :] if len(shape) >= len(expected) else ()
    if len(own) != len(expected) or 0 in shape:
        return None
    found = dict(sizes)
    for size, axis in zip(own, expected, strict=True):
        known = found.setdefault(axis, size) if isinstance(axis, str) else axis
        if size != known:
            return None
    return found


def _named(shape: Shape, sizes: Mapping[str, int]) -> str:
    axes = map(str, shape)
    words = [f"{axis} = {sizes[axis]}" if axis in sizes else axis for axis in axes]
    return f"({', '.join(words)})"


def check_positive(**parts: Any) -> None:
    """Refuse counts and priors that are known, and not positive or far out of range."""
    _refuse(parts, _out_of_range, f"positive numbers, from {SMALLEST:g} to {LARGEST:g}")


def check_finite(**parts: Any) -> None:
    """Refuse NaN and infinity; values under compilation, which nobody knows, pass."""
    _refuse(parts, lambda values: ~np.isfinite(values), "finite numbers")


def check_no_nan(**parts: Any) -> None:
    """Refuse numbers that are known, and none."""
    _refuse(parts, np.isnan, "numbers")


def check_probability(**parts: Any) -> None:
    """Refuse expectations of 0/1 that are known, and out of range."""
    _refuse(parts, lambda values: ~((values >= 0) & (values <= 1)), "numbers from 0 to 1")


def check_above_zero(**parts: Any) -> None:
    """Refuse numbers that are known, and not above 0."""
    _refuse(parts, lambda values: ~(values > 0), "numbers above 0")


def _refuse(parts: Mapping[str, Any], bad_of: Any, expected: str) -> None:
    for name, array in parts.items():
        if array is None or isinstance(array, Tracer):
            continue
        values = np.asarray(array)
        bad = bad_of(values)
        if bad.any():
            raise CanonicaError(
                f"{name}: found {values[bad][0]:g}; expected {expected} ({np.count_nonzero(bad)} "
                f"of {values.size} are not)."
            )


def _out_of_range(values: Any) -> Any:
    return ~((values >= SMALLEST) & (values <= LARGEST))  # NaN is in no range


def positive_at_run_time(owner: T, **parts: Array | None) -> T:
    """Return `owner`, whose use fails wherever a part is not positive, compiled code included."""
    return _at_run_time(owner, parts, _out_of_range, f"from {SMALLEST:g} to {LARGEST:g}")


def finite_at_run_time(owner: T, **parts: Array | None) -> T:
    """Return `owner`, whose use fails wherever a part is not finite, compiled code included."""
    return _at_run_time(owner, parts, lambda values: ~jnp.isfinite(values), "finite")


def _at_run_time(owner: T, parts: Mapping[str, Array | None], bad_of: Any, expected: str) -> T:
    for name, array in parts.items():
        if array is not None:
            bad: Bool[Array, ""] = bad_of(array).any()
            owner = eqx.error_if(owner, bad, f"{name}: expected numbers, all of them {expected}.")
    return owner
