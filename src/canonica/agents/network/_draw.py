"""Drawing a policy in proportion to its odds."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

# Log odds beyond which odds are as good as none or all, within the range of the floating type.
FURTHEST = {np.dtype(np.float64): 300.0, np.dtype(np.float32): 40.0}


def odds(log_odds: Float[Array, " policy"], epsilon: float) -> Float[Array, " policy"]:
    """Return ``d / (1 - d + epsilon)`` for ``d = sigmoid(log_odds)``, up to a common factor."""
    if epsilon == 0:
        return jnp.exp(log_odds - log_odds.max())
    furthest = FURTHEST[np.dtype(log_odds.dtype)]
    plain = jnp.exp(jnp.clip(log_odds, -furthest, furthest))
    return plain / (1 + epsilon + epsilon * plain)


def drawn(weight: Float[Array, " policy"], uniform: Float[Array, ""]) -> Int[Array, ""]:
    """Return an index drawn in proportion to `weight`, by the inverse of its cumulative sum.

    In two rounds, rows of a square first: sums of a few numbers each, instead of one long chain.
    Whatever rounding does at an edge, nothing without weight is ever drawn.
    """
    side = int(np.ceil(np.sqrt(len(weight))))
    square = jnp.pad(weight, (0, side * side - len(weight))).reshape(side, side)
    below = jnp.tril(jnp.ones((side, side), weight.dtype))
    order = jnp.arange(side)

    def placed(amount: Array, through: Array, target: Array) -> Array:
        # The first that reaches beyond the target; or, past all of them, the last with weight.
        rank = jnp.where(through > target, 2 * side - order, order)
        return jnp.argmax(jnp.where(amount > 0, rank, -1))

    rows = square.sum(axis=1)
    through = below @ rows
    target = uniform * through[-1]
    row = placed(rows, through, target)
    column = placed(square[row], below @ square[row], target - (through[row] - rows[row]))
    return (row * side + column).astype(jnp.int32)


def drawn_policy(
    log_odds: Float[Array, " policy"], uniform: Float[Array, ""], epsilon: float
) -> Int[Array, ""]:
    """Return a policy drawn with probability proportional to its odds."""
    return drawn(odds(log_odds, epsilon), uniform)


def uniform_of(key: Array, dtype: np.dtype) -> Float[Array, ""]:
    """Return the number between 0 and 1 by which the agent's key of a step decides."""
    return jax.random.uniform(key, (), dtype)
