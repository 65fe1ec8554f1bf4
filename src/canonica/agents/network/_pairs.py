"""Counts of the four pairs of values of outcome and cause."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Pairs(NamedTuple):
    """Counts of the four pairs of values of outcome and cause, each an array of its own.

    Attributes
    ----------
    neither, cause, outcome, both : (...)
        Both 0; only the cause 1; only the outcome 1; both 1.
    """

    neither: Float[Array, "*shape"]
    cause: Float[Array, "*shape"]
    outcome: Float[Array, "*shape"]
    both: Float[Array, "*shape"]

    @classmethod
    def of(cls, counts: Float[Array, "2 2 *shape"]) -> "Pairs":
        """Return the pairs of counts that are indexed by both values."""
        return cls(counts[0, 0], counts[0, 1], counts[1, 0], counts[1, 1])

    @property
    def counts(self) -> Float[Array, "2 2 *shape"]:
        """The same, indexed by the values of outcome and cause."""
        neither, cause, outcome, both = self
        return jnp.stack([jnp.stack([neither, cause]), jnp.stack([outcome, both])])
