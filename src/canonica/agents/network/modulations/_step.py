"""Gamma as the risk of each step itself."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@dataclass(frozen=True)
class StepModulation:
    """Gamma as the risk of each step itself."""

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return the risk of each step made, and 1/2, which teaches nothing, for the rest."""
        return jnp.where(mask, risk, 0.5)
