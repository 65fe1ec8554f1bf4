"""Gamma of each step by what followed it."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from canonica._checks import checked_number, checked_size


@dataclass(frozen=True)
class FollowingModulation:
    """Gamma of each step by what followed it: the progress of the steps from it on.

    The progress is how many of the next `window` steps (fewer where the trial ends) led forward,
    less those that led back, by their number. Where it is more than `enough`, what was done is
    kept, ``1 - 2 Gamma = keeping (progress - enough)``; where it is less, it is unlearned,
    ``unlearning (progress - enough)``; at most 1 either way. Nothing is kept of the last steps of
    a chunk that goes on, as not all that follows is known: only unlearned.

    A dead end leads forward, and then back as far: a window that is longer than both tells it from
    a way.

    Parameters
    ----------
    window : int
        Steps that follow, the step itself included.
    enough : float
        Progress by step.
    keeping, unlearning : float
        How much of it counts.

    Raises
    ------
    CanonicaError
        If a number is out of range.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> risk = jnp.array([0.0, 1.0, 0.0, 0.0, 0.5])  # right, left, right, right; then it was over
    >>> gamma = FollowingModulation(window=2, enough=0.0, keeping=1.0)(risk, jnp.arange(5) < 4)
    >>> (1 - 2 * gamma).tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0]
    """

    window: int = 240
    enough: float = 0.1
    keeping: float = 2.0
    unlearning: float = 0.5

    def __post_init__(self) -> None:
        checked_size("window", self.window)
        checked_number("enough", self.enough, lowest=-1, highest=1)
        for name in ("keeping", "unlearning"):
            checked_number(name, getattr(self, name), lowest=0)

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return Gamma of each step, by the progress from it on."""
        time = jnp.arange(len(risk))
        steps = mask.sum()
        # Sums of multiples of a half, so exact.
        through = jnp.concatenate([jnp.zeros(1, risk.dtype), jnp.cumsum((1 - 2 * risk) * mask)])
        end = jnp.minimum(time + self.window, steps)
        progress = (through[end] - through[:-1]) / jnp.maximum(end - time, 1)
        above = progress - self.enough
        kept = jnp.where(above > 0, self.keeping, self.unlearning) * above
        known = (steps < len(risk)) | (time + self.window <= steps)
        kept = jnp.clip(jnp.where(known, kept, jnp.minimum(kept, 0)), -1, 1)
        return jnp.where(mask, (1 - kept) / 2, 0.5).astype(risk.dtype)
