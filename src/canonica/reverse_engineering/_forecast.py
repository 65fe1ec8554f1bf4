"""Step 6: how the network will respond and change, from its initial sessions alone."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import CanonicalNetwork, SynapticSums, synaptic_sums
from canonica.reverse_engineering._estimation import Observed

Kept = TypeVar("Kept")


def initial_response(
    before: SynapticSums, factor: Float[Array, "2 ensemble"], observed: Observed
) -> Float[Array, "session slot ensemble"]:
    """Return the response that each session's own weights predict for its stimuli."""

    def of_session(sums: SynapticSums, stimuli: Float[Array, "slot input"]) -> Array:
        return CanonicalNetwork(sums.weight, factor).activity(stimuli)

    return jax.vmap(of_session)(before, observed.stimuli)


def forecast(
    start: SynapticSums,
    factor: Float[Array, "2 ensemble"],
    observed: Observed,
    keep: Callable[[Observed, SynapticSums, Array], Kept],
) -> Kept:
    """Return what `keep` makes of each forecast session; leading axis session.

    The network responds to each session's stimuli with the weights it has, and then learns from
    its own response. The observed responses take no part in it; `keep` receives them to score.

    Parameters
    ----------
    start : SynapticSums
        At the start of the first session to be forecast.
    factor : (2, ensemble)
        Firing threshold factors.
    observed : Observed
        The sessions to be forecast.
    keep : callable
        From the observed session, the sums at its start and the predicted response (slot,
        ensemble) to what is worth keeping: memory grows with that alone.
    """

    def step(sums: SynapticSums, session: Observed) -> tuple[SynapticSums, Kept]:
        predicted = CanonicalNetwork(sums.weight, factor).activity(session.stimuli)
        learned = sums + synaptic_sums(predicted, session.stimuli, session.valid)
        return learned, keep(session, sums, predicted)

    return jax.lax.scan(step, start, observed)[1]


def forecast_start(
    added: SynapticSums,
    before: SynapticSums,
    initial_sessions: int,
    gain: Float[Array, ""] | float,
) -> SynapticSums:
    """Return the sums that the forecast starts with: `gain` times all that was recorded."""
    last = initial_sessions - 1
    recorded: SynapticSums = jax.tree.map(lambda b, a: b[last] + a[last], before, added)
    return recorded * jnp.asarray(gain)
