"""Sums over a trial."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica.model import FreeEnergy


class Tally(NamedTuple):
    """Sums over a trial.

    Attributes
    ----------
    steps : ()
        How many.
    risk : ()
        Sum of their risks.
    free_energy : FreeEnergy
        By the counts that the agent acted by, Gamma of each rollout included.
    decisions : (policy,)
        How often each policy was drawn.
    """

    steps: Int[Array, ""]
    risk: Float[Array, ""]
    free_energy: FreeEnergy
    decisions: Int[Array, " policy"]


def no_tally(policies: int, dtype: np.dtype) -> Tally:
    """Return the sums over no steps at all: zeros."""
    zero, none = jnp.zeros((), dtype), jnp.zeros((), jnp.int32)
    return Tally(none, zero, FreeEnergy(zero, zero, zero), jnp.zeros(policies, jnp.int32))
