"""Steps 4 to 7 as one compiled computation, over a batch of recordings of one shape."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from canonica._float64 import in_float64
from canonica.model import SynapticSums
from canonica.reverse_engineering.published_protocol._estimation import (
    session_free_energy,
    session_sums,
    sums_before_sessions,
    threshold_factor,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray, Observed
from canonica.reverse_engineering.published_protocol._published_forecast import (
    forecast,
    recorded_sums,
    response_of,
)
from canonica.reverse_engineering.published_protocol._references import reference_responses
from canonica.reverse_engineering.published_protocol._score import (
    distance_to_ideal,
    response_error,
    weight_error,
)


class Constants(NamedTuple):
    """The protocol's numbers that the computation takes as arguments, not as structure."""

    prior_strength: Float[AnyArray, ""] | float
    gain: Float[AnyArray, ""] | float
    epsilon: Float[AnyArray, ""] | float


class ProtocolSteps(NamedTuple):
    """What steps 4 to 7 find; array axes as named, a level axis being indexed by its value."""

    threshold_factor: Float[AnyArray, "*batch 2 ensemble"]
    weight: Float[AnyArray, "*batch session 2 ensemble input"]
    predicted_weight: Float[AnyArray, "*batch session 2 ensemble input"]
    predicted_response: Float[AnyArray, "*batch session ensemble slot"]
    free_energy: Float[AnyArray, "*batch session"]
    accuracy: Float[AnyArray, "*batch session"]
    complexity: Float[AnyArray, "*batch session"]
    response_error: Float[AnyArray, "*batch session"]
    weight_error: Float[AnyArray, "*batch session"]
    frozen_response_error: Float[AnyArray, "*batch session"]
    ridge_response_error: Float[AnyArray, "*batch session"]
    distance_to_ideal: Float[AnyArray, "*batch session 2 ensemble"] | None


@in_float64
@partial(jax.jit, static_argnames="initial_sessions")
def analyses(
    observed: Observed,
    sources: Num[AnyArray, "recording session source slot"] | None,
    constants: Constants,
    *,
    initial_sessions: int,
) -> ProtocolSteps:
    """Return the analysis of each recording of a batch; a leading axis recording throughout.

    One recording after the other within one compiled loop: they share no work, and memory in use
    stays that of one.
    """

    def of_recording(one: tuple[Observed, Array | None]) -> ProtocolSteps:
        return _analysis(*one, constants, initial_sessions)

    return jax.lax.map(of_recording, (observed, sources))


def _analysis(
    observed: Observed, sources: Array | None, constants: Constants, initial_sessions: int
) -> ProtocolSteps:
    observed = Observed(*(jnp.asarray(part, jnp.float64) for part in observed))
    initial = observed.between(0, initial_sessions)
    later = observed.between(initial_sessions, None)
    factor = threshold_factor(observed, initial_sessions)
    added, informed = _session_sums(observed, sources)
    before = sums_before_sessions(added, constants.prior_strength)
    F = session_free_energy(before, added, factor, observed, constants.epsilon)

    start = recorded_sums(before, added, initial_sessions) * constants.gain
    forecast_sums, later_response = forecast(
        start, factor, later, keep=lambda _, sums, predicted, __: (sums, predicted)
    )
    first = jax.tree.map(lambda part: part[:initial_sessions], before)
    predicted_sums = jax.tree.map(lambda *parts: jnp.concatenate(parts), first, forecast_sums)
    predicted = jnp.concatenate(
        [
            jax.vmap(response_of, in_axes=(0, None, 0))(first, factor, initial.stimuli),
            later_response,
        ]
    )
    last: SynapticSums = jax.tree.map(lambda part: part[-1], first)
    frozen, ridge = reference_responses(last, factor, observed, initial_sessions)
    return ProtocolSteps(
        threshold_factor=factor,
        weight=before.weight,
        predicted_weight=predicted_sums.weight,
        predicted_response=predicted,
        free_energy=F.total,
        accuracy=F.accuracy,
        complexity=F.complexity,
        response_error=response_error(observed, predicted),
        weight_error=weight_error(before.strength, predicted_sums.strength),
        frozen_response_error=response_error(observed, frozen),
        ridge_response_error=response_error(observed, ridge),
        distance_to_ideal=_distance_to_ideal(before, informed),
    )


def _session_sums(
    observed: Observed, sources: Num[Array, "session source slot"] | None
) -> tuple[SynapticSums, SynapticSums | None]:
    """Return what each session adds for the ensembles, and would for the sources in their place.

    Both at once, so that the stimuli are gone through once.
    """
    if sources is None:
        return session_sums(observed), None
    ensembles = observed.response.shape[1]
    both = jnp.concatenate([observed.response, jnp.asarray(sources, jnp.float64)], axis=1)
    sums = session_sums(observed._replace(response=both))
    return (
        jax.tree.map(lambda part: part[:, :, :ensembles], sums),
        jax.tree.map(lambda part: part[:, :, ensembles:], sums),
    )


def _distance_to_ideal(
    before: SynapticSums, informed: SynapticSums | None
) -> Float[Array, "session 2 ensemble"] | None:
    """Return the distance to how often each input is on, given each value of each source."""
    if informed is None:
        return None
    whole: SynapticSums = jax.tree.map(lambda part: part.sum(axis=0), informed)
    return distance_to_ideal(before.strength, whole.strength)
