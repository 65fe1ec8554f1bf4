"""Hidden states as values of factors: units of which one is on, and that compete for it."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._values import expected_log_belief, negative_entropy


def check_factors(factors: tuple[int, ...] | None, states: int) -> None:
    """Refuse sizes of factors that do not add up to the number of states."""
    if factors is None:
        return
    sound = isinstance(factors, tuple) and all(isinstance(size, int) for size in factors)
    if not sound or min(factors, default=0) < 1 or sum(factors) != states:
        raise CanonicaError(
            f"factors: found {factors!r}; expected a tuple of whole numbers, at least 1 each, "
            f"that add up to {states}, the states there are."
        )


def posterior(
    log_odds: Float[Array, "*batch state"], factors: tuple[int, ...] | None
) -> Float[Array, "*batch state"]:
    """Return beliefs by their log odds: each state's own, or the softmax over each factor."""
    if factors is None:
        return jax.nn.sigmoid(log_odds)
    each = jnp.split(log_odds, np.cumsum(factors)[:-1], axis=-1)
    return jnp.concatenate([jax.nn.softmax(one, axis=-1) for one in each], axis=-1)


def entropy_share(
    belief: Float[Array, "*batch state"],
    factors: tuple[int, ...] | None,
    epsilon: Float[Array, ""] | float,
) -> Float[Array, "*batch state"]:
    """Return each state's share of the negative entropy: of both values, or of a factor's one."""
    if factors is None:
        return negative_entropy(belief, epsilon)
    return expected_log_belief(belief, epsilon)
