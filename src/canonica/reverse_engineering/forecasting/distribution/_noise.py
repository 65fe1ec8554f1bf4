"""How far responses scatter about what is expected of them."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica._arguments import checked_arguments
from canonica._float64 import in_float64
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Predicted, StateMeans
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    gradients,
    location_of,
    location_slopes,
)

SMALLEST_SCALE = 0.01  # trials without any stimulus hardly vary
LARGEST_SCALE = 2.0
USUAL_SCALE = 0.1
SPREAD_OF_SCALES = 1.0  # standard deviation of their logarithm, before anything is seen
NEAREST_END = 1e-3  # no response is expected nearer to 0 or 1 than this
STEPS = 20
LARGEST_STEP = 0.5  # of the logarithm of a scale


def scale_ascent(
    log_scale: Float[Array, " state"],
    slope: Float[Array, " state"],
    trials: Float[Array, " state"],
) -> Float[Array, " state"]:
    """Return the logarithms of the scales one step up their posterior density.

    Parameters
    ----------
    log_scale : (state,)
        Where they are.
    slope : (state,)
        Derivative of the log likelihood.
    trials : (state,)
        How many trials bear on each.
    """
    prior = SPREAD_OF_SCALES**-2
    slope = slope - prior * (log_scale - jnp.log(USUAL_SCALE))
    # A logistic variable tells 4/3 about the logarithm of its scale; censored, somewhat less.
    step = slope / (1.4 * trials + prior)
    return jnp.clip(
        log_scale + jnp.clip(step, -LARGEST_STEP, LARGEST_STEP),
        np.log(SMALLEST_SCALE),
        np.log(LARGEST_SCALE),
    )


def log_scale_prior(log_scale: Float[Array, " state"]) -> Float[Array, ""]:
    """Return the log prior density of the scales, up to a constant."""
    return -0.5 * (((log_scale - jnp.log(USUAL_SCALE)) / SPREAD_OF_SCALES) ** 2).sum()


@in_float64
@partial(jax.jit, static_argnames="states")
def noise_scale(response: Any, mean: Any, valid: Any, state: Any, *, states: int) -> Any:
    """Return the likeliest scale of each ensemble's noise under each source state.

    Parameters
    ----------
    response, mean : (session, ensemble, slot)
        Observed, and expected: above 0 and below 1.
    valid, state : (session, slot)
        Whether a slot holds a trial, and which source state it shows.
    states : int
        How many there are.

    Returns
    -------
    (ensemble, state)
    """
    shows = (state[..., None] == jnp.arange(states)) & valid[..., None]
    log_odds = jnp.log(mean) - jnp.log1p(-mean)

    def of_ensemble(response: Array, log_odds: Array) -> Array:
        def step(_: Any, log_scale: Array) -> Array:
            scale = jnp.exp(log_scale)[state]
            location = location_of(log_odds, scale)
            slopes = gradients(response, location, scale)
            moved = location_slopes(log_odds, location, scale)[1]
            slope = (slopes.log_scale + slopes.location * moved)[..., None] * shows
            number = shows.sum(axis=(0, 1)).astype(slope.dtype)
            return scale_ascent(log_scale, slope.sum(axis=(0, 1)), number)

        start = jnp.full(states, np.log(USUAL_SCALE))
        return jnp.exp(jax.lax.fori_loop(0, STEPS, step, start))

    return jax.vmap(of_ensemble, in_axes=1)(response, log_odds)


@checked_arguments
def with_noise(known: Known, mean: Float[np.ndarray, "session ensemble slot"]) -> Predicted:
    """Return a prediction that is certain but for noise, as large as in the initial sessions.

    Parameters
    ----------
    known : Known
        Whose responses the noise is estimated from.
    mean : (session, ensemble, slot)
        Expected responses.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    mean = np.clip(mean, NEAREST_END, 1 - NEAREST_END)
    seen = slice(known.initial)
    scale = noise_scale(
        known.response, mean[seen], known.valid[seen], known.state[seen], states=known.states
    )
    return Predicted(
        mean,
        scale[:, known.state].swapaxes(0, 1),
        StateMeans.of(known)(mean)[None],
    )
