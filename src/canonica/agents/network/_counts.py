"""Concentration counts of a model, laid out for learning."""

from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float

from canonica.agents.network._pairs import Pairs
from canonica.model import GenerativeModel, present


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
        """Return the counts of a model, which must have policies."""
        c = present(model.policy_counts, "policy_counts")
        return cls(model.likelihood_counts, model.transition_counts, Pairs.of(c.swapaxes(-1, -2)))

    def model(self, like: GenerativeModel) -> GenerativeModel:
        """Return the model with these counts, and all else as `like` has it."""
        counts = (self.likelihood, self.transition, self.policy.counts.swapaxes(-1, -2))

        def parts(model: GenerativeModel) -> tuple:
            return model.likelihood_counts, model.transition_counts, model.policy_counts

        return eqx.tree_at(parts, like, counts, is_leaf=lambda part: part is None)
