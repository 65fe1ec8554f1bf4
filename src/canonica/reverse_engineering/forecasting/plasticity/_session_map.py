"""What the parameters of an ensemble make of each session: a linear map, mostly of zeros.

Features of a session are the initial weights of all inputs, what deviates (offset, gain, the
response to each source state), and the shares of `_uniform_stimuli`. A weight of session n is its
initial value plus t_n times its trend, and nothing else; so products with the map are sums over
sessions, and cost no more for the zeros.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    EffectSizes,
    session_times,
)
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import KINDS


class SessionMap(NamedTuple):
    """The map from the vector of parameters to the features of each session.

    Parameters
    ----------
    sizes : EffectSizes
        Of the ensemble.
    """

    sizes: EffectSizes

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.sizes.all

    @property
    def times(self) -> Float[Array, " session"]:
        """By which trends are multiplied."""
        return jnp.asarray(session_times(self.sizes.sessions))

    @property
    def others(self) -> Float[Array, "session few other"]:
        """The map from all parameters but weights and trends to all features but weights."""
        levels, sessions = self.sizes.deviation
        found = np.zeros((sessions, levels + KINDS, sum(self.sizes.parts[2:])))
        found[:, 0, 0] = 1
        found[:, levels:, 1 : 1 + KINDS] = np.eye(KINDS)
        deviating = np.einsum("lk,nm->nlkm", np.eye(levels), np.eye(sessions))
        found[:, :levels, -levels * sessions :] = deviating.reshape(sessions, levels, -1)
        return jnp.asarray(found)

    def features(self, vector: Float[Array, " parameter"]) -> Float[Array, "session feature"]:
        """Return the features of each session."""
        inputs = self.sizes.inputs
        weight = vector[:inputs] + self.times[:, None] * vector[inputs : 2 * inputs]
        return jnp.concatenate([weight, self.others @ vector[2 * inputs :]], axis=1)

    def gathered(
        self, values: Float[Array, "session *more feature"]
    ) -> Float[Array, "*more parameter"]:
        """Return the product with the map transposed, summed over sessions."""
        weight, few = values[..., : self.sizes.inputs], values[..., self.sizes.inputs :]
        others = jnp.einsum("n...s,nsq->...q", few, self.others)
        trend = jnp.tensordot(self.times, weight, 1)
        return jnp.concatenate([weight.sum(axis=0), trend, others], axis=-1)

    def gathered_both(
        self, inner: Float[Array, "session feature feature"]
    ) -> Float[Array, "parameter parameter"]:
        """Return the product with the map on the right, and transposed on the left; of symmetric.

        Where `inner` is the curvature in the features, this is that in the parameters.
        """
        of_weights, few = slice(self.sizes.inputs), slice(self.sizes.inputs, None)
        others, times = self.others, self.times
        weight, both, trend = jnp.tensordot(
            jnp.stack([jnp.ones_like(times), times, times**2]), inner[:, of_weights, of_weights], 1
        )
        each = inner[:, of_weights, few] @ others
        of_weight, of_trend = each.sum(axis=0), jnp.tensordot(times, each, 1)
        of_others = (others.swapaxes(1, 2) @ inner[:, few, few] @ others).sum(axis=0)
        return jnp.block(
            [
                [weight, both, of_weight],
                [both, trend, of_trend],
                [of_weight.T, of_trend.T, of_others],
            ]
        )
