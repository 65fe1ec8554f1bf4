"""What an agent remembers of a stretch of steps until its risk arrives."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from canonica.agents.network._response import Acting, Response
from canonica.model import present


class Stretch(NamedTuple):
    """What happened since the last learning.

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
    def lived(self) -> Bool[Array, " time"]:
        """Which rows are filled."""
        return jnp.arange(len(self.response.policy)) < self.steps

    def decided(self, moves_made: int) -> Bool[Array, " time"]:
        """Return at which of them a policy was drawn, after so many moves of the one before."""
        rows = jnp.arange(len(self.response.policy))
        return self.lived & ((self.before.made + rows) % moves_made == 0)

    def with_step(
        self,
        observation: Float[Array, " observation"],
        before: Acting,
        response: Response,
    ) -> "Stretch":
        """Return this stretch with one step more; the last one is replaced where it is full."""
        rows = present(self.observation, "observation")
        row = jnp.minimum(self.steps, len(rows) - 1)
        first = self.steps == 0
        return Stretch(
            row + 1,
            jax.tree.map(lambda old, now: jnp.where(first, now, old), self.before, before),
            rows.at[row].set(observation),
            jax.tree.map(lambda rows, now: rows.at[row].set(now), self.response, response),
        )


def empty_stretch(time: int, observations: int, states: int, dtype: np.dtype) -> Stretch:
    """Return a stretch of which nothing has happened yet."""
    zeros = jnp.zeros((time, states), dtype)
    none = Response(zeros, jnp.zeros(time, jnp.int32), jnp.zeros(time, dtype))
    zero = jnp.zeros((), jnp.int32)
    return Stretch(zero, Acting(zeros[0], zero, zero), jnp.zeros((time, observations), dtype), none)
