"""Step 6: how the network will respond and change, from its initial sessions alone."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import SynapticSums, synaptic_sums
from canonica.reverse_engineering._estimation import Observed

Kept = TypeVar("Kept")


def response_of(
    sums: SynapticSums, factor: Float[Array, "2 ensemble"], stimuli: Float[Array, "slot input"]
) -> Float[Array, "ensemble slot"]:
    """Return the response to one session's stimuli of a network that has learned `sums`."""
    return sums.log_odds(factor).activity(stimuli).T


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
        From the observed session, the sums at its start and the predicted response (ensemble,
        slot) to what is worth keeping: memory grows with that alone.
    """

    def step(sums: SynapticSums, session: Observed) -> tuple[SynapticSums, Kept]:
        predicted = response_of(sums, factor, session.stimuli)
        learned = sums + synaptic_sums(predicted.T, session.stimuli, session.valid)
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
