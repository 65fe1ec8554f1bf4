"""What an agent acts by while its counts stand still: log odds, linear in what it is given."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.agents.network._log_evidence import LogEvidence, log_evidence
from canonica.model import GenerativeModel, present
from canonica.model._gains import gain_of, weighed


class ResponseLaw(NamedTuple):
    """Log odds of both layers.

    Attributes
    ----------
    likelihood, transition, policy : LogEvidence
        Of observations and previous states on states, of states on policies; no transition where
        the network has no recurrent synapses.
    state_log_prior, policy_log_prior : (2, state), (2, policy)
        ln D and ln E.
    """

    likelihood: LogEvidence
    transition: LogEvidence | None
    policy: LogEvidence
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
    gain = partial(gain_of, model.gains)

    def evidence(counts: Array, term: str) -> LogEvidence:
        return log_evidence(counts, model.form, floor, gain(term))

    return ResponseLaw(
        likelihood=evidence(model.likelihood_counts, "likelihood"),
        transition=None if b is None else evidence(b, "transition"),
        policy=evidence(c, "decision"),
        state_log_prior=jnp.log(jnp.maximum(model.state_prior, floor)),
        policy_log_prior=weighed(jnp.log(jnp.maximum(E, floor)), gain("decision")),
    )
