"""Gamma as the risk of each step itself."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@dataclass(frozen=True)
class StepModulation:
    """Gamma as the risk of each step itself."""

    def __call__(
        self, risk: Float[Array, " time"], lived: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return the risks."""
        return jnp.where(lived, risk, 0.5)
