"""Beliefs summed by view: coincidences with observations at the cost of a sum."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from canonica.agents.network._coincidence import Coincidence
from canonica.agents.network._rollout import Stretch


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
        return cls(jnp.zeros((views, states), dtype), jnp.zeros(views, dtype))

    def with_stretch(self, seen: Int[Array, " time"], stretch: Stretch) -> "BeliefsByView":
        lived = stretch.lived.astype(self.times.dtype)
        belief = stretch.response.belief * lived[:, None]
        return BeliefsByView(self.belief.at[seen].add(belief), self.times.at[seen].add(lived))

    def coincidence(self, views: Float[Array, "view observation"]) -> Coincidence:
        return Coincidence(
            views.T @ self.belief, self.times @ views, self.belief.sum(axis=0), self.times.sum()
        )
