"""What an observation says of a state, as a quotient of products: the cheap form of inference.

The log evidence for a state value is a sum over inputs of differences of logarithms (canonical
form) or of digamma functions (exact form) of counts. Its exponential is a quotient of products of
the factors given here, which take additions and multiplications only.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica.model._counts import ExpectationForm

# exp(digamma(y + 1/2)) = y (1 + u/24 - 37 u^2/5760 + ...), u = 1/y^2. The quotient below has the
# same terms up to u^2 and is off by 0.0026 u^3; the one for float32 by 0.0065 u^2.
ABOVE = 1 / 24 + 37 / 240
BELOW = 37 / 240
# Counts from which on the quotient is as good as the floating type, by type.
FEWEST_COUNTS = {np.dtype(np.float64): 128.0, np.dtype(np.float32): 16.0}
# Factors that can be multiplied in range, for counts between 1e-9 and LARGEST_COUNT.
GROUPS = {
    ("canonical", np.dtype(np.float64)): 16,
    ("canonical", np.dtype(np.float32)): 4,
    ("exact", np.dtype(np.float64)): 4,
    ("exact", np.dtype(np.float32)): 1,
}
LARGEST_COUNT = {np.dtype(np.float64): 1e15, np.dtype(np.float32): 1e9}


class Factors(NamedTuple):
    """The exponential of a log evidence, as numerators and denominators of a product.

    Attributes
    ----------
    numerators, denominators : (...)
        One each per input.
    group : int
        How many of either can be multiplied without leaving the range of their type.
    """

    numerators: Float[Array, "..."]
    denominators: Float[Array, "..."]
    group: int


def likelihood_factors(
    seen: Float[Array, "..."], total: Float[Array, "..."], form: ExpectationForm
) -> Factors:
    """Return factors of the expected likelihood of what was seen.

    Parameters
    ----------
    seen : (...)
        Counts of the input value that was seen, given a state value.
    total : (...)
        Counts of both input values, given that state value.
    form : "canonical" or "exact"
        For the exact form all counts must be at least `FEWEST_COUNTS` of their type.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from jax.scipy.special import digamma
    >>> seen, total = jnp.float32(150.0), jnp.float32(400.0)
    >>> factors = likelihood_factors(seen, total, "exact")
    >>> cheap = jnp.log(factors.numerators / factors.denominators)
    >>> bool(jnp.isclose(cheap, digamma(seen) - digamma(total)))
    True
    """
    group = GROUPS[form, np.dtype(seen.dtype)]
    if form == "canonical":
        return Factors(seen, total, group)
    above, below = _exp_digamma(seen), _exp_digamma(total)
    return Factors(above[0] * below[1], above[1] * below[0], group)


def _exp_digamma(counts: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Return numerator and denominator of exp(digamma(counts)), for many counts."""
    y = counts - 0.5
    square = y * y
    if counts.dtype == jnp.float32:  # of a lower degree, so that products stay in range
        return square + 1 / 24, y
    return y * (square + ABOVE), square + BELOW
