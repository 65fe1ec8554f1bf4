"""What is good to do in a problem: a value for every belief, as the greatest of linear ones."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class Solution:
    """Policies of a problem, each with its value in every joint state.

    In a belief b that policy is best whose ``b . values`` is greatest; its action is taken, and
    the next belief looked at.

    Attributes
    ----------
    values : (policy, state)
        Of a policy, if the state is the one that one is in.
    actions : (policy,)
        What each policy begins with.
    start : (outcome, state)
        Probability of each first state together with what is seen first, whatever that may be.
    method : str
        "point-based", or "expected free energy".
    upper : float
        No policy is worth more than this at the start; NaN where it was not computed.
    """

    values: Float[np.ndarray, "policy state"]
    actions: Int[np.ndarray, " policy"]
    start: Float[np.ndarray, "outcome state"]
    method: str
    upper: float = np.nan

    @property
    def value(self) -> float:
        """What acting so is worth, from the start: by a point-based solution, at least."""
        return float((self.start @ self.values.T).max(axis=1).sum())

    @property
    def gap(self) -> float:
        """By how much the best policy there is may be better, at the start."""
        return self.upper - self.value

    def action(self, belief: Float[np.ndarray, "*batch state"]) -> Int[np.ndarray, "*batch"]:
        """Return the best action in each belief."""
        return self.actions[(belief @ self.values.T).argmax(axis=-1)]
