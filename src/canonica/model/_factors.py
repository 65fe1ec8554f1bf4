"""What an observation says of a state, as a quotient of products: the cheap form of inference.

The log evidence for a state value is a sum over inputs of differences of logarithms (canonical
form) or of digamma functions (exact form) of counts. Its exponential is a quotient of products of
the factors given here, which take additions and multiplications only.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import check_above_zero

# digamma(x) = digamma(x + 8) - (1/x + ... + 1/(x + 7)), and in pairs, with w = x (x + 7), that sum
# is (2x + 7) (1/w + 1/(w + 6) + 1/(w + 10) + 1/(w + 12)).
SHIFT = 8
# exp(digamma(y + 1/2)) = y (1 + u/24 - 37 u^2/5760 + ...), with u = 1/y^2: Pade approximants of
# that series, the lowest power first. The long one is off by a relative 6e-15 at most from y = 7.5
# on, where the shift leads; the short one by 4e-14 from y = 63.5 on.
ABOVE = (1.0, 4.546094040584785, 3.5323286445895383, 0.34170831504818006)
BELOW = (1.0, 4.504427373918119, 3.3510677817873944, 0.22746269762087)
SHORT_ABOVE, SHORT_BELOW = 47 / 240, 37 / 240
# From how many counts on the short one is as good as the floating type.
MANY_COUNTS = {np.dtype(np.float64): 64.0, np.dtype(np.float32): 16.0}
# The largest count for which products of as many factors as said below, and their quotients, stay
# in the range of their type; the smallest is 1e-9.
LARGEST_COUNT = {np.dtype(np.float64): 1e15, np.dtype(np.float32): 1e9}
GROUPS = {np.dtype(np.float64): 8, np.dtype(np.float32): 2}
GROUPS_SHIFTED = {np.dtype(np.float64): 16, np.dtype(np.float32): 4}
GROUPS_OF_MANY = {np.dtype(np.float64): 4, np.dtype(np.float32): 1}


class Factors(NamedTuple):
    """The exponential of a log evidence: ``product(numerators / denominators) * exp(exponent)``.

    Attributes
    ----------
    numerators, denominators : (factor, lane)
        One each per input.
    exponent : (factor, lane) or None
        What is left to add to the logarithm; None for nothing.
    group : int
        How many of the numerators, or denominators, can be multiplied, and divided by as many of
        the others, without leaving the range of their type.
    """

    numerators: Float[Array, "factor lane"]
    denominators: Float[Array, "factor lane"]
    exponent: Float[Array, "factor lane"] | None
    group: int


@checked_arrays
def canonical_factors(
    seen: Float[Array, "factor lane"], total: Float[Array, "factor lane"]
) -> Factors:
    """Return factors of ``seen / total``, the canonical form of the expected likelihood.

    Parameters
    ----------
    seen : (factor, lane)
        Counts of the input value that was seen, given a state value.
    total : (factor, lane)
        Counts of both input values, given that state value.
    """
    return Factors(seen, total, None, _group(GROUPS, seen, total))


@checked_arrays
def exact_factors(seen: Float[Array, "factor lane"], total: Float[Array, "factor lane"]) -> Factors:
    """Return factors of ``exp(digamma(seen) - digamma(total))``, for any counts.

    Parameters
    ----------
    seen, total : (factor, lane)
        As in `canonical_factors`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from jax.scipy.special import digamma
    >>> seen, total = jnp.array([[0.01], [40.0]]), jnp.array([[1.0], [90.0]])
    >>> above, below, exponent, _ = exact_factors(seen, total)
    >>> bool(jnp.allclose(jnp.log(above / below) + exponent, digamma(seen) - digamma(total)))
    True
    """
    one, other = _shifted(seen), _shifted(total)
    group = _group(GROUPS_SHIFTED, seen, total)
    return Factors(one[0] * other[1], one[1] * other[0], other[2] - one[2], group)


def _group(groups: dict[np.dtype, int], seen: Array, total: Array) -> int:
    """Return how many factors can be multiplied; refuse counts that are known, and not above 0."""
    check_above_zero(seen=seen, total=total)
    if np.dtype(seen.dtype) not in groups:
        raise CanonicaError(f"seen: found type {seen.dtype}; expected float32 or float64.")
    return groups[np.dtype(seen.dtype)]


def _shifted(x: Float[Array, "..."]) -> tuple[Array, Array, Array]:
    """Return numerator and denominator of exp(digamma(x + 8)), and by what digamma(x) is less."""
    y = x + (SHIFT - 0.5)
    u = 1 / (y * y)
    above, below = (c[0] + u * (c[1] + u * (c[2] + u * c[3])) for c in (ABOVE, BELOW))
    w = x * (x + 7)
    # Two fractions rather than one: its denominator would leave the range of single precision.
    less = (2 * w + 6) / (w * (w + 6)) + (2 * w + 22) / ((w + 10) * (w + 12))
    return y * above, below, (2 * x + 7) * less


@checked_arrays
def exact_factors_of_many(
    seen: Float[Array, "factor lane"], total: Float[Array, "factor lane"]
) -> Factors:
    """Return factors as `exact_factors` does, for less, from `MANY_COUNTS` of their type on."""
    one, other = _unshifted(seen), _unshifted(total)
    group = _group(GROUPS_OF_MANY, seen, total)
    return Factors(one[0] * other[1], one[1] * other[0], None, group)


def _unshifted(x: Float[Array, "..."]) -> tuple[Array, Array]:
    """Return numerator and denominator of exp(digamma(x)), polynomials both."""
    y = x - 0.5
    square = y * y
    if x.dtype == jnp.float32:  # of a lower degree, so that it stays in range
        return square + 1 / 24, y
    return y * (square + SHORT_ABOVE), square + SHORT_BELOW
