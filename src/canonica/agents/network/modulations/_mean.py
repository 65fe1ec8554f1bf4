"""Gamma as the mean risk."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@dataclass(frozen=True)
class MeanModulation:
    """Gamma as the mean risk of the chunk: what went well is kept, the rest unlearned."""

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return the mean risk as Gamma of every step of the chunk."""
        mean = jnp.where(mask, risk, 0).sum() / jnp.maximum(mask.sum(), 1)
        return jnp.broadcast_to(mean.astype(risk.dtype), risk.shape)
