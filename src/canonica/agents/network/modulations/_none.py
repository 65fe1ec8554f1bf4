"""Gamma 1/2: nothing is learned of policies."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@dataclass(frozen=True)
class NoModulation:
    """Gamma 1/2 whatever happens: nothing is learned of policies."""

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return 1/2, which teaches nothing, for each step."""
        del mask
        return jnp.full_like(risk, 0.5)
