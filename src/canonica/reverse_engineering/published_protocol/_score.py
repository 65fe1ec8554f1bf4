"""Step 7: how far predictions lie from what was observed."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.reverse_engineering.published_protocol._observed import Observed


def response_error(
    observed: Observed, predicted: Float[Array, "*session ensemble slot"]
) -> Float[Array, "*session"]:
    """Return the mean squared difference over the trials and ensembles of each session."""
    square = (observed.response - predicted) ** 2 * observed.valid[..., None, :]
    return square.sum(axis=(-2, -1)) / (observed.valid.sum(axis=-1) * square.shape[-2])


def weight_error(
    strength: Float[Array, "*session 2 ensemble input"],
    predicted: Float[Array, "*session 2 ensemble input"],
) -> Float[Array, "*session"]:
    """Return the squared difference of the strengths ``sigmoid(W)``, relative to their squares.

    Both levels together.
    """
    axes = (-3, -2, -1)
    return ((strength - predicted) ** 2).sum(axis=axes) / (strength**2).sum(axis=axes)


def distance_to_ideal(
    strength: Float[Array, "session 2 ensemble input"],
    ideal: Float[Array, "2 ensemble input"],
) -> Float[Array, "session 2 ensemble"]:
    """Return the mean squared distance to the ideal strengths, relative to their mean square.

    Each source value and ensemble has its own distance; NaN where no input is ever on with it.
    """
    scale = (ideal**2).mean(axis=-1)
    distance = ((strength - ideal) ** 2).mean(axis=-1)
    return jnp.where(scale > 0, distance / jnp.where(scale > 0, scale, 1), jnp.nan)
