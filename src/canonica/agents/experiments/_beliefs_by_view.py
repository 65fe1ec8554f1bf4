"""Beliefs summed by view: coincidences with observations at the cost of a sum."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from canonica.agents.network._coincidence import Coincidence
from canonica.agents.network._rollout import Rollout


class BeliefsByView(NamedTuple):
    """Beliefs summed by view: what observations and states have in common, at the cost of a sum.

    Attributes
    ----------
    belief, times : (view, state), (view,)
        Sum of beliefs, and how often the view was seen.
    """

    belief: Float[Array, "view state"]
    times: Float[Array, " view"]

    @classmethod
    def none(cls, views: int, states: int, dtype: Any) -> "BeliefsByView":
        """Return the sums before any step: zeros."""
        return cls(jnp.zeros((views, states), dtype), jnp.zeros(views, dtype))

    def with_rollout(self, seen: Int[Array, " time"], rollout: Rollout) -> "BeliefsByView":
        """Return the sums with a rollout more, of which view `seen` was seen at each step."""
        mask = rollout.mask.astype(self.times.dtype)
        belief = rollout.response.belief * mask[:, None]
        return BeliefsByView(self.belief.at[seen].add(belief), self.times.at[seen].add(mask))

    def coincidence(self, views: Float[Array, "view observation"]) -> Coincidence:
        """Return in how many steps observations and states coincided, given what views show."""
        return Coincidence(
            views.T @ self.belief, self.times @ views, self.belief.sum(axis=0), self.times.sum()
        )
