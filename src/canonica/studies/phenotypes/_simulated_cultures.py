"""Recordings of networks whose state prior, sensory precision and plasticity are known."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica._float64 import in_float64
from canonica.model import SynapticSums, synaptic_sums_beside_prior
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import location_of
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import drive
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.phenotype.cultures._responding import (
    DIRECT_SD,
    GAIN_SD,
    SESSION_SD,
)

ENSEMBLES = 2
NOISE_SCALE = 0.12  # of a response, as recorded cultures have it


class CultureTruths(NamedTuple):
    """What each simulated culture is.

    Attributes
    ----------
    state_prior : (culture,)
        Log odds.
    sensory_precision, rate : (culture,)
        zeta, and the inverse of the prior strength.
    """

    state_prior: Float[Any, " culture"]
    sensory_precision: Float[Any, " culture"]
    rate: Float[Any, " culture"]


class ShownStimuli(NamedTuple):
    """What is shown to a culture, session by session.

    Attributes
    ----------
    stimuli : (culture, session, slot, input)
        0/1.
    state : (culture, session, slot)
        Joint source state.
    """

    stimuli: Float[Any, "*culture session slot input"]
    state: Int[Any, "*culture session slot"]


def shown(
    generator: np.random.Generator,
    cultures: int,
    *,
    sessions: int,
    trials: int,
    inputs: int,
    mixing: float,
) -> ShownStimuli:
    """Return stimuli mixed from two sources, fresh in every trial, as in section 3."""
    sources = generator.integers(2, size=(cultures, sessions, trials, ENSEMBLES))
    own = np.arange(inputs) * ENSEMBLES // inputs
    swapped = generator.random((cultures, sessions, trials, inputs)) >= mixing
    copied = np.where(swapped, 1 - own, own)
    stimuli = np.take_along_axis(sources, copied, axis=-1).astype(float)
    return ShownStimuli(stimuli, sources[..., 0] * 2 + sources[..., 1])


@in_float64
@partial(jax.jit, static_argnames="direct")
def responses(
    key: Any, truths: CultureTruths, shown: ShownStimuli, direct: float = DIRECT_SD
) -> Any:
    """Return responses of cultures, (culture, session, ensemble, slot), as the model has them."""
    keys = jax.random.split(key, len(truths.rate))
    return jax.vmap(partial(_of_culture, direct=direct))(keys, truths, shown)


def _of_culture(
    key: Array, truth: CultureTruths, shown: ShownStimuli, direct: float
) -> Float[Array, "session ensemble slot"]:
    sessions, slots, inputs = shown.stimuli.shape
    keys = jax.random.split(key, 4)
    f = direct * jax.random.normal(keys[0], (ENSEMBLES, inputs))
    u = SESSION_SD * jax.random.normal(keys[1], (sessions, ENSEMBLES))
    g = GAIN_SD * jax.random.normal(keys[2], (sessions, ENSEMBLES))
    noise = NOISE_SCALE * jax.random.logistic(keys[3], (sessions, ENSEMBLES, slots))

    def session(learned: SynapticSums, here: Any) -> tuple[SynapticSums, Array]:
        stimuli, u, g, noise = here
        driven = drive(jnp.zeros((ENSEMBLES, inputs)), learned, truth.rate, adaptive=True)
        evidence = driven.present @ stimuli.T + driven.always.sum(axis=-1)[:, None]
        log_odds = (
            truth.state_prior
            + truth.sensory_precision * evidence
            + f @ (stimuli.T - 0.5)
            + u[:, None]
            + g[:, None] * (stimuli.mean(axis=-1) - 0.5)
        )
        response = jnp.clip(location_of(log_odds, NOISE_SCALE) + noise, 0, 1)
        return learned + synaptic_sums_beside_prior(response.T, stimuli), response

    nothing = jnp.zeros((2, ENSEMBLES, inputs))
    return jax.lax.scan(session, SynapticSums(nothing, nothing), (shown.stimuli, u, g, noise))[1]


def as_initial(
    shown: ShownStimuli, response: Float[np.ndarray, "culture session ensemble slot"]
) -> Initial:
    """Return cultures as the estimation takes them, no stimulus numbered."""
    cultures = len(response)
    state = np.asarray(shown.state)
    return Initial(
        response,
        np.asarray(shown.stimuli),
        np.ones(state.shape, bool),
        state,
        np.full(state.shape, 1),
        np.zeros((cultures, 1), bool),
    )
