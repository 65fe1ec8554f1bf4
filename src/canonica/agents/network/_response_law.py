"""What an agent acts by while its counts stand still: log odds, linear in what it is given."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica.model import ExpectationForm, GenerativeModel, expected_log_parameter, present

# Log odds beyond which odds are as good as none or all, within the range of the floating type.
FURTHEST = {np.dtype(np.float64): 300.0, np.dtype(np.float32): 40.0}


class Evidence(NamedTuple):
    """What outcomes say of causes under one mapping.

    Attributes
    ----------
    slope, offset : (outcome, cause), (cause,)
        Log odds of each cause: ``outcome @ slope + offset``.
    silent_slope, silent_offset : (outcome,), ()
        Log evidence of value 0, all causes together; only the free energy needs it.
    """

    slope: Float[Array, "outcome cause"]
    offset: Float[Array, " cause"]
    silent_slope: Float[Array, " outcome"]
    silent_offset: Float[Array, ""]

    def log_odds(self, outcome: Float[Array, "*batch outcome"]) -> Float[Array, "*batch cause"]:
        """Return what `outcome` adds to the log odds of each cause."""
        return outcome @ self.slope + self.offset

    def silent(self, outcome: Float[Array, "*batch outcome"]) -> Float[Array, "*batch"]:
        """Return the log evidence of value 0, summed over causes."""
        return outcome @ self.silent_slope + self.silent_offset


def evidence(
    counts: Float[Array, "2 2 outcome cause"], form: ExpectationForm, floor: float
) -> Evidence:
    """Return what outcomes say under a mapping; no probability counts as less than `floor`."""
    log_parameter = expected_log_parameter(counts, form)
    if floor > 0:
        log_parameter = jnp.maximum(log_parameter, np.log(floor))
    present, absent = log_parameter[1], log_parameter[0]
    difference = present - absent
    silence = absent.sum(axis=1)
    return Evidence(
        slope=difference[1] - difference[0],
        offset=silence[1] - silence[0],
        silent_slope=difference[0].sum(axis=1),
        silent_offset=silence[0].sum(),
    )


class ResponseLaw(NamedTuple):
    """Log odds of both layers.

    Attributes
    ----------
    likelihood, transition, policy : Evidence
        Of observations and previous states on states, of states on policies; no transition where
        the network has no recurrent synapses.
    state_log_prior, policy_log_prior : (2, state), (2, policy)
        ln D and ln E.
    """

    likelihood: Evidence
    transition: Evidence | None
    policy: Evidence
    state_log_prior: Float[Array, "2 state"]
    policy_log_prior: Float[Array, "2 policy"]

    @property
    def policy_offset(self) -> Float[Array, " policy"]:
        """What the log odds of each policy are when no state is 1."""
        prior = self.policy_log_prior
        return self.policy.offset + prior[1] - prior[0]

    def state_drive(
        self, observation: Float[Array, "*batch observation"]
    ) -> Float[Array, "*batch state"]:
        """Return the log odds of states as far as they do not depend on the previous ones."""
        prior = self.state_log_prior
        drive = self.likelihood.log_odds(observation) + prior[1] - prior[0]
        return drive if self.transition is None else drive + self.transition.offset


def response_law(model: GenerativeModel, floor: float) -> ResponseLaw:
    """Return the law by which an agent that holds `model` responds."""
    b = model.transition_counts
    c = present(model.policy_counts, "policy_counts")
    E = present(model.decision_prior, "decision_prior")
    return ResponseLaw(
        likelihood=evidence(model.likelihood_counts, model.form, floor),
        transition=None if b is None else evidence(b, model.form, floor),
        policy=evidence(c, model.form, floor),
        state_log_prior=jnp.log(jnp.maximum(model.state_prior, floor)),
        policy_log_prior=jnp.log(jnp.maximum(E, floor)),
    )


def odds(log_odds: Float[Array, " policy"], epsilon: float) -> Float[Array, " policy"]:
    """Return ``d / (1 - d + epsilon)`` for ``d = sigmoid(log_odds)``, up to a common factor."""
    if epsilon == 0:
        return jnp.exp(log_odds - log_odds.max())
    furthest = FURTHEST[np.dtype(log_odds.dtype)]
    plain = jnp.exp(jnp.clip(log_odds, -furthest, furthest))
    return plain / (1 + epsilon + epsilon * plain)


def drawn(weight: Float[Array, " policy"], uniform: Float[Array, ""]) -> Int[Array, ""]:
    """Return an index drawn in proportion to `weight`, by the inverse of its cumulative sum.

    In two rounds, rows of a square first: sums of a few numbers each, instead of one long chain.
    Whatever rounding does at an edge, nothing without weight is ever drawn.
    """
    side = int(np.ceil(np.sqrt(len(weight))))
    square = jnp.pad(weight, (0, side * side - len(weight))).reshape(side, side)
    below = jnp.tril(jnp.ones((side, side), weight.dtype))
    order = jnp.arange(side)

    def placed(amount: Array, through: Array, target: Array) -> Array:
        # The first that reaches beyond the target; or, past all of them, the last with weight.
        rank = jnp.where(through > target, 2 * side - order, order)
        return jnp.argmax(jnp.where(amount > 0, rank, -1))

    rows = square.sum(axis=1)
    through = below @ rows
    target = uniform * through[-1]
    row = placed(rows, through, target)
    column = placed(square[row], below @ square[row], target - (through[row] - rows[row]))
    return (row * side + column).astype(jnp.int32)


def drawn_policy(
    log_odds: Float[Array, " policy"], uniform: Float[Array, ""], epsilon: float
) -> Int[Array, ""]:
    """Return a policy drawn with probability proportional to its odds."""
    return drawn(odds(log_odds, epsilon), uniform)


def uniform_of(key: Array, dtype: np.dtype) -> Float[Array, ""]:
    """Return the number between 0 and 1 by which the agent's key of a step decides."""
    return jax.random.uniform(key, (), dtype)
