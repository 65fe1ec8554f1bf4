"""What a forecast has to beat: the network frozen, and a plain regression."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import SynapticSums
from canonica.reverse_engineering._estimation import Observed
from canonica.reverse_engineering._forecast import response_of

RIDGE_PENALTY = 1.0


def frozen_response(
    sums: SynapticSums, factor: Float[Array, "2 ensemble"], observed: Observed
) -> Float[Array, "session ensemble slot"]:
    """Return the response of a network that never learns beyond `sums`."""
    return jax.vmap(lambda stimuli: response_of(sums, factor, stimuli))(observed.stimuli)


def ridge_response(
    observed: Observed, initial_sessions: int
) -> Float[Array, "session ensemble slot"]:
    """Return the response that a ridge regression on the stimuli of the initial sessions predicts.

    Penalty 1 on the coefficients, none on the intercept.
    """
    response, stimuli, valid = observed.between(0, initial_sessions)
    trials = valid.sum()
    o_mean = jnp.einsum("sti,st->i", stimuli, valid) / trials
    x_mean = jnp.einsum("sjt,st->j", response, valid) / trials
    o = (stimuli - o_mean) * valid[..., None]
    x = (response - x_mean[:, None]) * valid[:, None]
    gram = jnp.einsum("sti,stk->ik", o, o) + RIDGE_PENALTY * jnp.eye(o_mean.size, dtype=o.dtype)
    coefficient = jnp.linalg.solve(gram, jnp.einsum("sti,sjt->ij", o, x))
    offset = x_mean - o_mean @ coefficient
    return jnp.einsum("ij,sti->sjt", coefficient, observed.stimuli) + offset[:, None]
