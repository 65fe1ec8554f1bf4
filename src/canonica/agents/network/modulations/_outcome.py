"""Gamma by what came out of a trial, and how soon."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from canonica._checks import checked_number, checked_probability, checked_size


@dataclass(frozen=True)
class OutcomeModulation:
    """One Gamma for a whole rollout: what led to something good, soon, is kept.

    Like the published rule it looks at the sum of ``1 - 2 risk``, here clipped to [-1, 1]. Where
    that is above zero, Gamma is 0 if there were no more than `prompt` steps, and approaches 0.5
    the longer it took; habits that only waste time are so not strengthened along with the rest.
    Where it is below zero, what was done is unlearned, `failure` times as much; where it is zero
    (nothing happened), a little. Meant for rollouts that hold a whole trial.

    Parameters
    ----------
    prompt : int
        Steps within which an outcome counts in full.
    steepness : float
        In more steps it counts ``(prompt / steps) ** steepness``.
    failure, idleness : float
        How much a bad outcome, and none at all, unlearn what was done, in [0, 1].

    Raises
    ------
    CanonicaError
        If a number is out of range.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> risk, mask = jnp.array([0.5, 0.5, 0.0, 0.5]), jnp.array([True, True, True, False])
    >>> float(OutcomeModulation(prompt=3)(risk, mask)[0])  # one step more than three: above 0
    0.0
    """

    prompt: int
    steepness: float = 4.0
    failure: float = 0.3
    idleness: float = 0.05

    def __post_init__(self) -> None:
        checked_size("prompt", self.prompt)
        checked_number("steepness", self.steepness, lowest=0)
        for name in ("failure", "idleness"):
            checked_probability(name, getattr(self, name))

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return Gamma by the outcome, the same for every step of the rollout."""
        outcome = jnp.clip(jnp.where(mask, 1 - 2 * risk, 0).sum(), -1, 1)
        steps = jnp.maximum(mask.sum(), 1)
        weight = jnp.minimum(1, self.prompt / steps) ** self.steepness
        ended = weight * outcome * jnp.where(outcome < 0, self.failure, 1)
        strength = jnp.where(outcome == 0, -self.idleness, ended)
        return jnp.broadcast_to((1 - strength) / 2, risk.shape).astype(risk.dtype)
