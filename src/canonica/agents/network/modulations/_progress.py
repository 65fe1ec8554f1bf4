"""Gamma in three levels, by progress, as published."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from canonica._checks import checked_number, checked_probability, checked_size


@dataclass(frozen=True)
class ProgressModulation:
    """Gamma in three levels, by the progress of a whole chunk [CB22].

    The progress is ``per_steps (1 - 2 mean risk)``: how many steps led forward, less those that
    led back, in so many steps.

    Parameters
    ----------
    backward, slow, fast : float
        Gamma where there was no progress, where it was at most `slow_progress`, and beyond.
    slow_progress : float
        In `per_steps` steps.
    per_steps : int
        What progress is counted in.

    Raises
    ------
    CanonicaError
        If a Gamma is not within [0, 1], or another number out of range.

    References
    ----------
    [CB22] Methods; section 5 of the theory.
    """

    backward: float = 0.55
    slow: float = 0.45
    fast: float = 0.0
    slow_progress: float = 10.0
    per_steps: int = 200

    def __post_init__(self) -> None:
        for name in ("backward", "slow", "fast"):
            checked_probability(name, getattr(self, name))
        checked_number("slow_progress", self.slow_progress, lowest=0)
        checked_size("per_steps", self.per_steps)

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return Gamma by the progress made, the same for every step of the chunk."""
        # Risks are multiples of a half: summed first and divided last, progress is exact, and a
        # chunk that is just at a limit falls on the side that the rule says.
        steps = jnp.maximum(mask.sum(), 1)
        advance = jnp.where(mask, 1 - 2 * risk, 0).sum()
        progress = self.per_steps * advance / steps
        beyond = jnp.where(progress <= self.slow_progress, self.slow, self.fast)
        gamma = jnp.where(progress <= 0, self.backward, beyond)
        return jnp.broadcast_to(gamma.astype(risk.dtype), risk.shape)
