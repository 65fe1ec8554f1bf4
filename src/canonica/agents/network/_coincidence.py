"""How often values of two sides coincided: what Hebbian plasticity learns from."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica.agents.network._log_evidence import LogEvidence
from canonica.agents.network._pairs import Pairs


class Coincidence(NamedTuple):
    """Products of outcomes and causes that were 1, summed over time with a weight.

    Attributes
    ----------
    both, outcome, cause, time : (outcome, cause), (outcome,), (cause,), ()
        Sums of products, of either side alone, and of the weights.
    """

    both: Float[Array, "outcome cause"]
    outcome: Float[Array, " outcome"]
    cause: Float[Array, " cause"]
    time: Float[Array, ""]

    @classmethod
    def none(cls, outcomes: int, causes: int, dtype: np.dtype) -> "Coincidence":
        """Return the sums over no steps at all: zeros."""
        return cls(
            jnp.zeros((outcomes, causes), dtype),
            jnp.zeros(outcomes, dtype),
            jnp.zeros(causes, dtype),
            jnp.zeros((), dtype),
        )

    def __add__(self, other: "Coincidence") -> "Coincidence":  # pyright: ignore[reportIncompatibleMethodOverride]
        return jax.tree.map(jnp.add, self, other)

    @property
    def counts(self) -> Float[Array, "2 2 outcome cause"]:
        """The same for both values of both sides, from which three are differences.

        Exact to the rounding of the sums, which is as good as any beside the counts they go to.
        """
        outcome_only = self.outcome[:, None] - self.both
        cause_only = self.cause - self.both
        neither = self.time - outcome_only - self.cause
        return Pairs(neither, cause_only, outcome_only, self.both).counts

    def silent(self, evidence: LogEvidence) -> Float[Array, ""]:
        """Return the log evidence of value 0 of all causes, summed over time."""
        return self.outcome @ evidence.silent_slope + self.time * evidence.silent_offset

    def expected(self, evidence: LogEvidence) -> Float[Array, ""]:
        """Return the expected log parameter, summed over all that coincided."""
        log_odds = (self.both * evidence.slope).sum() + self.cause @ evidence.offset
        return log_odds + self.silent(evidence)


def coincidence_of(
    outcome: Float[Array, "time outcome"],
    cause: Float[Array, "time cause"],
    weight: Float[Array, " time"],
) -> Coincidence:
    """Return how often outcome and cause were 1 together and alone, each step by its weight."""
    weighted = outcome * weight[:, None]
    return Coincidence(weighted.T @ cause, weighted.sum(axis=0), weight @ cause, weight.sum())


def coincidence_of_decisions(
    states: Float[Array, "time state"],
    policy: Int[Array, " time"],
    policies: int,
    weight: Float[Array, " time"],
) -> Pairs:
    """Return what coincided where exactly one decision was taken at a time.

    Returns
    -------
    Pairs, each (decision, state)
        The outcome is the state, the cause the decision.
    """
    weighted = states * weight[:, None]
    both = jnp.zeros((policies, states.shape[1]), states.dtype).at[policy].add(weighted)
    times = jnp.zeros(policies, states.dtype).at[policy].add(weight)[:, None]
    state, time = weighted.sum(axis=0), weight.sum()
    cause = times - both
    return Pairs(time - state - cause, cause, state - both, both)
