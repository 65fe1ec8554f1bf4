"""What the agent saw, believed and did at each step of a trial."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int


class Record(NamedTuple):
    """Every step of a trial; rows from `Trial.steps` on are 0, and their risk 0.5.

    Attributes
    ----------
    place : pytree, each (time, ...)
        State of the environment before the move.
    policy, move : (time,)
        The policy under way, and its move made now.
    risk : (time,)
        What became of it.
    """

    place: Any
    policy: Int[Array, " time"]
    move: Int[Array, " time"]
    risk: Float[Array, " time"]

    @classmethod
    def empty(cls, place: Any, time: int, dtype: Any) -> "Record":
        """Return room for so many steps, in places like `place`."""
        return cls(
            jax.tree.map(lambda part: jnp.zeros((time, *part.shape), part.dtype), place),
            jnp.zeros(time, jnp.int32),
            jnp.zeros(time, jnp.int32),
            jnp.zeros(time, dtype),
        )

    def with_rows(self, rows: "Record", first: Int[Array, ""]) -> "Record":
        """Return the record with `rows` from row `first` on."""
        return jax.tree.map(
            lambda whole, new: lax.dynamic_update_slice_in_dim(
                whole, new.astype(whole.dtype), first, 0
            ),
            self,
            rows,
        )

    def until(self, steps: Int[Array, ""], max_steps: int) -> "Record":
        """Return the first `max_steps` rows, those from `steps` on saying that nothing happened."""
        mask = jnp.arange(max_steps) < steps

        def kept(rows: Array) -> Array:
            return jnp.where(mask.reshape(-1, *(1,) * (rows.ndim - 1)), rows[:max_steps], 0)

        record = jax.tree.map(kept, self)
        return record._replace(risk=jnp.where(mask, record.risk, 0.5))
