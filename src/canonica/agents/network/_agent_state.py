"""All that changes in an agent."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica.agents.network._coincidence import Coincidence, Pairs
from canonica.agents.network._response_law import ResponseLaw
from canonica.agents.network._stretch import Stretch
from canonica.model import FreeEnergy, GenerativeModel, present


class Counts(NamedTuple):
    """Concentration counts of a model.

    Attributes
    ----------
    likelihood : (2, 2, observation, state)
        a.
    transition : (2, 2, state, state) or None
        b.
    policy : Pairs, each (decision, state)
        c, decisions before states: what is learned of one decision then lies together.
    """

    likelihood: Float[Array, "2 2 observation state"]
    transition: Float[Array, "2 2 state state"] | None
    policy: Pairs

    @classmethod
    def of(cls, model: GenerativeModel) -> "Counts":
        """Return the counts of a model that decides."""
        c = present(model.policy_counts, "policy_counts")
        return cls(model.likelihood_counts, model.transition_counts, Pairs.of(c.swapaxes(-1, -2)))

    def model(self, like: GenerativeModel) -> GenerativeModel:
        """Return the model with these counts, and all else as `like` has it."""
        counts = (self.likelihood, self.transition, self.policy.counts.swapaxes(-1, -2))

        def parts(model: GenerativeModel) -> tuple:
            return model.likelihood_counts, model.transition_counts, model.policy_counts

        return eqx.tree_at(parts, like, counts, is_leaf=lambda part: part is None)


class Pending(NamedTuple):
    """What observations and transitions will add to the counts, once the agent acts by them.

    Attributes
    ----------
    likelihood, transition : Coincidence
        Of observations and states, of previous states and states; no transition where the network
        has no recurrent synapses.
    """

    likelihood: Coincidence
    transition: Coincidence | None


class Tally(NamedTuple):
    """Sums over a trial.

    Attributes
    ----------
    steps : ()
        How many.
    risk : ()
        Sum of their risks.
    free_energy : FreeEnergy
        By the counts that the agent acted by, Gamma of each stretch included.
    decisions : (policy,)
        How often each policy was drawn.
    """

    steps: Int[Array, ""]
    risk: Float[Array, ""]
    free_energy: FreeEnergy
    decisions: Int[Array, " policy"]


def no_tally(policies: int, dtype: np.dtype) -> Tally:
    """Return the sums over nothing."""
    zero, none = jnp.zeros((), dtype), jnp.zeros((), jnp.int32)
    return Tally(none, zero, FreeEnergy(zero, zero, zero), jnp.zeros(policies, jnp.int32))


def nothing_pending(model: GenerativeModel, dtype: np.dtype) -> Pending:
    """Return what a model that has seen nothing has to learn."""
    observations, states = model.likelihood_counts.shape[2:]
    recurrent = model.transition_counts is not None
    return Pending(
        Coincidence.none(observations, states, dtype),
        Coincidence.none(states, states, dtype) if recurrent else None,
    )


class AgentState(NamedTuple):
    """All that changes in an agent.

    Attributes
    ----------
    counts : Counts
        What it has learned.
    law : ResponseLaw
        What it acts by: made from the counts at the start of a trial, or after each learning.
    belief : (state,)
        Posterior expectation of each hidden state, after the last observation.
    policy, made : ()
        The policy under way, and how many of its moves have been made; 0 to draw anew.
    stretch : Stretch
        What happened since the last learning.
    pending : Pending
        What it will learn of observations and transitions when next the law is made.
    tally : Tally
        Of the trial: steps, free energy, decisions.
    """

    counts: Counts
    law: ResponseLaw
    belief: Float[Array, " state"]
    policy: Int[Array, ""]
    made: Int[Array, ""]
    stretch: Stretch
    pending: Pending
    tally: Tally
