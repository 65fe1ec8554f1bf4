"""What a forecast has to beat: the network frozen, and a plain regression."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import CanonicalNetwork
from canonica.reverse_engineering._estimation import Observed

RIDGE_PENALTY = 1.0


def frozen_response(
    weight: Float[Array, "2 ensemble input"],
    factor: Float[Array, "2 ensemble"],
    observed: Observed,
) -> Float[Array, "session slot ensemble"]:
    """Return the response of a network whose weights never change."""
    return CanonicalNetwork(weight, factor).activity(observed.stimuli)


def ridge_response(observed: Observed, initial_sessions: int) -> Float[Array, "session slot ensemble"]:
    """Return the response that a ridge regression on the stimuli of the initial sessions predicts.

    Penalty 1 on the coefficients, none on the intercept.
    """
    initial = Observed(*(part[:initial_sessions] for part in observed))
    valid = initial.valid[..., None]
    x_mean = (initial.stimuli * valid).sum(axis=(0, 1)) / valid.sum()
    y_mean = (initial.response * valid).sum(axis=(0, 1)) / valid.sum()
    x = ((initial.stimuli - x_mean) * valid).reshape(-1, x_mean.size)
    y = ((initial.response - y_mean) * valid).reshape(-1, y_mean.size)
    gram = x.T @ x + RIDGE_PENALTY * jnp.eye(x_mean.size, dtype=x.dtype)
    coefficient = jnp.linalg.solve(gram, x.T @ y)
    return (observed.stimuli - x_mean) @ coefficient + y_mean
