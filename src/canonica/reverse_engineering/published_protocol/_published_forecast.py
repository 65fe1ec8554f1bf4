"""Step 6: how the network will respond and change, from its initial sessions alone."""

from collections.abc import Callable
from typing import TypeVar

import jax
from jaxtyping import Array, Float

from canonica.model import SynapticSums, synaptic_sums_beside_prior
from canonica.reverse_engineering.published_protocol._observed import Observed

Kept = TypeVar("Kept")
Beside = TypeVar("Beside")


def response_of(
    sums: SynapticSums, factor: Float[Array, "2 ensemble"], stimuli: Float[Array, "slot input"]
) -> Float[Array, "ensemble slot"]:
    """Return the response to one session's stimuli of a network that has learned `sums`."""
    return sums.log_odds(factor).activity(stimuli).T


def forecast(
    start: SynapticSums,
    factor: Float[Array, "2 ensemble"],
    observed: Observed,
    keep: Callable[[Observed, SynapticSums, Array, Beside], Kept],
    beside: Beside = None,
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
        From the observed session, the sums at its start, the predicted response (ensemble, slot)
        and the session's part of `beside`, to what is worth keeping: memory grows with that alone.
    beside : pytree, optional
        Whatever else `keep` needs of each session.
    """

    def step(sums: SynapticSums, session: tuple[Observed, Beside]) -> tuple[SynapticSums, Kept]:
        observed, beside = session
        predicted = response_of(sums, factor, observed.stimuli)
        added = synaptic_sums_beside_prior(predicted.T, observed.stimuli, observed.valid)
        return sums + added, keep(observed, sums, predicted, beside)

    return jax.lax.scan(step, start, (observed, beside))[1]


def recorded_sums(before: SynapticSums, added: SynapticSums, initial_sessions: int) -> SynapticSums:
    """Return the sums after the initial sessions; the forecast starts with `gain` times these."""
    last = initial_sessions - 1
    return jax.tree.map(lambda b, a: b[last] + a[last], before, added)
