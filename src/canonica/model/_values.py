"""Binary variables: a number per variable, and both of its values side by side.

Throughout the model floor, **an array index along a value axis is the value itself**:
``counts[1, 0]`` belongs to outcome 1 and cause 0, ``state_prior[1]`` to state 1. A line of code
then reads like a line of the mathematics.
"""

from functools import partial
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import check_probability

T = TypeVar("T")


@partial(checked_arrays, infinite=True)
def both_values(belief: Float[Array, "*batch variable"]) -> Float[Array, "2 *batch variable"]:
    """Return the expectations of both values, ``[1 - belief, belief]``, index = value."""
    return jnp.stack([1 - belief, belief])


@checked_arrays
def negative_entropy(
    belief: Float[Array, "*batch"], epsilon: Float[Array, ""] | float = 0.0
) -> Float[Array, "*batch"]:
    """Return ``sum_n q[n] ln q[n]`` per variable, with ``0 ln 0 = 0``.

    `epsilon` is added inside the logarithm, as the published simulations do.
    """
    check_probability(belief=belief)
    total = _x_log_x(1 - belief, epsilon) + _x_log_x(belief, epsilon)
    return total.astype(belief.dtype)


def expected_log_belief(
    belief: Float[Array, "*batch"], epsilon: Float[Array, ""] | float = 0.0
) -> Float[Array, "*batch"]:
    """Return ``q ln q``, one value's share of the negative entropy, with ``0 ln 0 = 0``."""
    return _x_log_x(belief, epsilon).astype(belief.dtype)


@partial(checked_arrays, infinite=True)
def negative_entropy_of_log_odds(log_odds: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Return ``sum_n q[n] ln q[n]`` for ``q[1] = sigmoid(log_odds)``, certain beliefs included.

    The value of the likelier side is never rounded away, and only one logarithm is taken.
    """
    distance = jnp.abs(log_odds)
    odds = jnp.exp(-distance)  # of the less likely value
    return -jnp.log1p(odds) - distance * odds / (1 + odds)


@jax.custom_jvp
def _x_log_x(x: Float[Array, "*batch"], epsilon: Float[Array, ""] | float) -> Array:
    return xlogy(x, x + epsilon)


@_x_log_x.defjvp
def _x_log_x_slope(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    """Steep but finite at certainty: times the zero slope of a saturated belief it is zero."""
    x, epsilon = primals
    inside = jnp.maximum(x + epsilon, jnp.finfo(x.dtype).tiny)
    slope = (jnp.log(inside) + x / inside) * tangents[0] + x / inside * tangents[1]
    return _x_log_x(x, epsilon), slope


def in_precision_of(parameters: Array, values: Array) -> Array:
    """Return `values` in the floating precision that they and `parameters` share."""
    return values.astype(jnp.result_type(values, parameters))


@checked_arrays
def previous_in_time(
    values: Float[Array, "time variable"], initial: Float[Array, " variable"]
) -> Float[Array, "time variable"]:
    """Return the values one step earlier: `initial` first, the last of `values` dropped."""
    return jnp.concatenate([initial[None], values[:-1]])


def along_batch(
    values: Float[Array, "2 variable"], like: Float[Array, "*batch other"]
) -> Float[Array, "2 *#batch variable"]:
    """Return `values` with axes of length one where `like` has its batch axes."""
    return values.reshape(2, *(1,) * (like.ndim - 1), -1)


def modulation(
    risk: Float[Array, " time"] | None, like: Float[Array, "time variable"]
) -> Float[Array, " time"]:
    """Return ``1 - 2 risk`` for every time step: sign and size of the delayed plasticity.

    Without a risk there is nothing to modulate: 1 throughout.
    """
    if risk is None:
        return jnp.ones(like.shape[0], like.dtype)
    return 1 - 2 * risk


def present(value: T | None, name: str) -> T:
    """Return `value`, or raise CanonicaError where this layer or belief is not there."""
    if value is None:
        raise CanonicaError(f"{name}: found None; expected it, which this needs, to be given.")
    return value
