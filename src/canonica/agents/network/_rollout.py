"""Steps that follow each other, as an agent remembers them until their risk arrives."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from canonica.agents.network._response import Acting, Response
from canonica.model import present


class Rollout(NamedTuple):
    """Steps since the last learning, and what the network made of them.

    Attributes
    ----------
    steps : ()
        How many of the rows below are filled.
    before : Acting
        Before the first of them.
    observation : (time, observation) or None
        What was seen; None where what it says of the states is counted elsewhere.
    response : Response
        What the network made of it, along time.
    """

    steps: Int[Array, ""]
    before: Acting
    observation: Float[Array, "time observation"] | None
    response: Response

    @property
    def mask(self) -> Bool[Array, " time"]:
        """True for rows that hold a step, False for those after the last."""
        return jnp.arange(len(self.response.policy)) < self.steps

    def decided(self, moves_made: int) -> Bool[Array, " time"]:
        """Return at which of them a policy was drawn, after so many moves of the one before."""
        rows = jnp.arange(len(self.response.policy))
        return self.mask & ((self.before.made + rows) % moves_made == 0)

    def with_step(
        self,
        observation: Float[Array, " observation"],
        before: Acting,
        response: Response,
    ) -> "Rollout":
        """Return this rollout with one step more; the last one is replaced where it is full."""
        rows = present(self.observation, "observation")
        row = jnp.minimum(self.steps, len(rows) - 1)
        first = self.steps == 0
        return Rollout(
            row + 1,
            jax.tree.map(lambda old, now: jnp.where(first, now, old), self.before, before),
            rows.at[row].set(observation),
            jax.tree.map(lambda rows, now: rows.at[row].set(now), self.response, response),
        )


def empty_rollout(time: int, observations: int, states: int, dtype: np.dtype) -> Rollout:
    """Return a rollout of which nothing has happened yet."""
    zeros = jnp.zeros((time, states), dtype)
    none = Response(zeros, jnp.zeros(time, jnp.int32), jnp.zeros(time, dtype))
    zero = jnp.zeros((), jnp.int32)
    return Rollout(zero, Acting(zeros[0], zero, zero), jnp.zeros((time, observations), dtype), none)
