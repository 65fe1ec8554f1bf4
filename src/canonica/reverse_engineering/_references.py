"""What a forecast has to beat: the network frozen, and a plain regression."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import LogOdds, SynapticSums
from canonica.reverse_engineering._estimation import Observed

RIDGE_PENALTY = 1.0


def reference_responses(
    sums: SynapticSums, factor: Float[Array, "2 ensemble"], observed: Observed, initial: int
) -> tuple[Float[Array, "session ensemble slot"], Float[Array, "session ensemble slot"]]:
    """Return what the frozen network and the ridge regression predict for every session.

    Parameters
    ----------
    sums : SynapticSums
        Of the network that never learns beyond them.
    factor : (2, ensemble)
        Firing threshold factors.
    observed : Observed
        All sessions; the regression sees the responses of the initial ones.
    initial : int
        Number of initial sessions.
    """
    frozen, ridge = sums.log_odds(factor), ridge_regression(observed.between(0, initial))
    both = LogOdds(*(jnp.concatenate(parts) for parts in zip(frozen, ridge, strict=True)))
    linear = both(observed.stimuli).swapaxes(1, 2)  # one pass over the stimuli
    ensembles = len(frozen.offset)
    return jax.nn.sigmoid(linear[:, :ensembles]), linear[:, ensembles:]


def ridge_regression(observed: Observed) -> LogOdds:
    """Return slope and offset of the ridge regression of responses on stimuli.

    Penalty 1 on the slope, none on the offset.
    """
    response, stimuli, valid = observed
    trials = valid.sum()
    o_mean = jnp.einsum("sti,st->i", stimuli, valid) / trials
    x_mean = jnp.einsum("sjt,st->j", response, valid) / trials
    o = (stimuli - o_mean) * valid[..., None]
    x = (response - x_mean[:, None]) * valid[:, None]
    gram = jnp.einsum("sti,stk->ik", o, o) + RIDGE_PENALTY * jnp.eye(o_mean.size, dtype=o.dtype)
    slope = jnp.linalg.solve(gram, jnp.einsum("sti,sjt->ij", o, x)).T
    return LogOdds(slope, x_mean - slope @ o_mean)
