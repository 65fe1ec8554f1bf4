"""What the parameters of an ensemble make of each session: a linear map, mostly of zeros.

Features of a session are the initial weights of all inputs, the offset, the gain and the shares of
`_uniform_stimuli`. A weight of session n is its initial value plus t_n times its trend, and nothing
else; so products with the map are sums over sessions, and cost no more for the zeros.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    part_sizes,
    parts,
    session_times,
)
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import KINDS


class SessionMap(NamedTuple):
    """The map from the vector of parameters to the features of each session.

    Parameters
    ----------
    inputs, sessions : int
        Sizes.
    """

    inputs: int
    sessions: int

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(part_sizes(self.inputs, self.sessions))

    @property
    def times(self) -> Float[Array, " session"]:
        """By which trends are multiplied."""
        return jnp.asarray(session_times(self.sessions))

    @property
    def drifts(self) -> Float[Array, "session few other"]:
        """The map from all parameters but weights and trends to all features but weights."""
        _, offset, _, *steps, _ = part_sizes(self.inputs, self.sessions)
        walked, here = np.tri(self.sessions, self.sessions - 1, -1), np.eye(self.sessions)
        starts = np.cumsum((0, offset, *steps, KINDS))
        drifts = np.zeros((self.sessions, 2 + KINDS, starts[-1]))
        drifts[:, 0, 0] = 1
        for number, (row, effect) in enumerate(((0, walked), (0, here), (1, walked), (1, here))):
            drifts[:, row, starts[number + 1] : starts[number + 2]] = effect
        drifts[:, 2:, starts[-2] :] = np.eye(KINDS)
        return jnp.asarray(drifts)

    def features(self, vector: Float[Array, " parameter"]) -> Float[Array, "session feature"]:
        """Return the features of each session."""
        taken = parts(vector, self.inputs, self.sessions)
        weight = taken.weight + self.times[:, None] * taken.trend
        others = jnp.concatenate([taken.offset, *taken[3:]])
        return jnp.concatenate([weight, self.drifts @ others], axis=1)

    def gathered(
        self, values: Float[Array, "session *more feature"]
    ) -> Float[Array, "*more parameter"]:
        """Return the product with the map transposed, summed over sessions."""
        weight, few = values[..., : self.inputs], values[..., self.inputs :]
        others = jnp.einsum("n...s,nsq->...q", few, self.drifts)
        trend = jnp.tensordot(self.times, weight, 1)
        return jnp.concatenate(
            [weight.sum(axis=0), others[..., :1], trend, others[..., 1:]], axis=-1
        )

    def gathered_both(
        self, inner: Float[Array, "session feature feature"]
    ) -> Float[Array, "parameter parameter"]:
        """Return the product with the map on the right, and transposed on the left; of symmetric.

        Where `inner` is the curvature in the features, this is that in the parameters.
        """
        of_weights, others = slice(self.inputs), slice(self.inputs, None)
        drifts, times = self.drifts, self.times
        weight, both, trend = jnp.tensordot(
            jnp.stack([jnp.ones_like(times), times, times**2]), inner[:, of_weights, of_weights], 1
        )
        each = inner[:, of_weights, others] @ drifts
        of_weight, of_trend = each.sum(axis=0), jnp.tensordot(times, each, 1)
        of_others = (drifts.swapaxes(1, 2) @ inner[:, others, others] @ drifts).sum(axis=0)
        rows = [
            (weight, of_weight, both),
            (of_weight.T, of_others, of_trend.T),
            (both, of_trend, trend),
        ]
        first, middle, last = (
            jnp.concatenate([left, few[:, :1], right, few[:, 1:]], axis=1)
            for left, few, right in rows
        )
        return jnp.concatenate([first, middle[:1], last, middle[1:]])
