"""Quotients of long products without overflow, and without a logarithm per factor.

Log odds are logarithms of products of ratios of counts. Multiplying first and taking one logarithm
of the product is many times cheaper than adding logarithms, but a long product leaves the range
of floating numbers. Here it is kept as a mantissa and a power of two, taken apart after every few
factors by shifting bits, which costs next to nothing and loses nothing.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Num

from canonica._checks import checked_size
from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import check_above_zero

# Powers of e whose exponents of two are whole numbers of their type: all that counts lead to in
# double precision. In single precision what is further off counts as this far.
FURTHEST = {np.dtype(np.float64): 1e15, np.dtype(np.float32): 1e9}
RENORMALISED = 16  # mantissas multiplied before they are taken apart anew: at most 2 ** 16


class Scaled(NamedTuple):
    """Positive numbers ``mantissa * 2 ** exponent``, however large or small.

    Attributes
    ----------
    mantissa : (...)
        Within 2 ** 17 of 1.
    exponent : (...)
        Whole numbers.
    """

    mantissa: Float[Array, "..."]
    exponent: Int[Array, "..."]

    def log(self) -> Float[Array, "..."]:
        """Return the natural logarithm of these numbers."""
        exponent = self.exponent.astype(self.mantissa.dtype)
        return jnp.log(self.mantissa) + math.log(2) * exponent

    def times_exp(self, power: Float[Array, "..."]) -> "Scaled":
        """Return these numbers times ``exp(power)``."""
        furthest = FURTHEST[np.dtype(self.mantissa.dtype)]
        power = jnp.clip(power, -furthest, furthest)
        twos = jnp.round(power / math.log(2))
        rest = power - lax.stop_gradient(twos) * math.log(2)
        return Scaled(
            self.mantissa * jnp.exp(rest), self.exponent + twos.astype(self.exponent.dtype)
        )

    def to_the(self, power: Float[Array, "..."]) -> "Scaled":
        """Return these numbers to a power; untouched, to the bit, where that is 1."""
        one = Scaled(jnp.ones_like(self.mantissa), jnp.zeros_like(self.exponent))
        raised = one.times_exp(power * self.log())
        return jax.tree.map(partial(jnp.where, power == 1), self, raised)


class _Bits(NamedTuple):
    """How a floating type is laid out: its integer, bits of mantissa, bias of exponent."""

    integer: type[np.signedinteger]
    mantissa: int  # bits
    bias: int


def _bits(dtype: np.dtype) -> _Bits:
    if dtype == np.float64:
        return _Bits(np.int64, 52, 1023)
    if dtype == np.float32:
        return _Bits(np.int32, 23, 127)
    raise CanonicaError(f"numbers: found those of type {dtype}; expected float32 or float64.")


@checked_arrays
def quotient_of_products(
    numerators: Float[Array, "factor lane"], denominators: Float[Array, "factor lane"], group: int
) -> Scaled:
    """Return the product of `numerators` over that of `denominators`, lane by lane.

    Parameters
    ----------
    numerators, denominators : (factor, lane)
        Positive, normal numbers.
    group : int
        How many of the numerators, or of the denominators, can be multiplied, and then divided by
        as many of the others, without leaving the range of their floating type.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> huge, small = jnp.full((500, 1), 1e9), jnp.full((500, 1), 1e-3)
    >>> round(float(quotient_of_products(huge, small, 2).log()[0]) / 500, 3)  # ln 1e12
    27.631
    """
    checked_size("group", group)
    check_above_zero(numerators=numerators, denominators=denominators)
    products = [_folded(factors, group, jnp.multiply, 1) for factors in (numerators, denominators)]
    mantissa, exponent = _taken_apart(products[0] / products[1])
    exponent = total(exponent)
    while len(mantissa) > 1:
        mantissa, further = _taken_apart(_folded(mantissa, RENORMALISED, jnp.multiply, 1))
        exponent = exponent + total(further)
    return Scaled(mantissa[0], exponent)


@checked_arrays
def total(terms: Num[Array, "term lane"]) -> Num[Array, " lane"]:
    """Return the sum of `terms`, lane by lane."""
    while len(terms) > 1:
        terms = _folded(terms, RENORMALISED, jnp.add, 0)
    return terms[0]


def _folded(
    rows: Num[Array, "row lane"],
    group: int,
    combine: Callable[[Array, Array], Array],
    neutral: int,
) -> Num[Array, "combined lane"]:
    """Return combinations of at most `group` rows each.

    Written out row by row: compiled, that is one loop along the lanes, where a reduction would go
    through memory in strides.
    """
    combined = -(-len(rows) // group)
    parts = [rows[start : start + combined] for start in range(0, len(rows), combined)]
    missing = combined - len(parts[-1])
    if missing:
        parts[-1] = jnp.pad(parts[-1], ((0, missing), (0, 0)), constant_values=neutral)
    while len(parts) > 1:
        pairs = [combine(*pair) for pair in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0]


def _taken_apart(numbers: Float[Array, "..."]) -> tuple[Float[Array, "..."], Int[Array, "..."]]:
    """Return mantissas in [1, 2) and exponents of positive, normal numbers.

    The mantissa is the number times a power of two, which is exact, and has the right derivatives
    of any order: the power counts as a constant.
    """
    integer, mantissa, bias = _bits(numbers.dtype)
    exponent = (lax.bitcast_convert_type(numbers, integer) >> mantissa) - integer(bias)
    power = lax.bitcast_convert_type((integer(bias) - exponent) << mantissa, numbers.dtype)
    return numbers * power, exponent


@jax.custom_jvp
def shares(one: Scaled, other: Scaled) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Return what share each of two numbers has of their sum: no logarithm, no exponential.

    Shares too small to matter beside 1 end at about 1e-297 in double, 1e-27 in single precision.
    """
    integer, mantissa, bias = _bits(one.mantissa.dtype)
    # Room for the mantissas on either side, so that nothing overflows.
    furthest = integer(bias - 2 * RENORMALISED - 4)
    difference = jnp.clip(one.exponent - other.exponent, -furthest, furthest)
    scale = lax.bitcast_convert_type((difference + integer(bias)) << mantissa, one.mantissa.dtype)
    first = one.mantissa * scale
    inverse = 1 / (first + other.mantissa)
    return first * inverse, other.mantissa * inverse


@shares.defjvp
def _shares_slope(
    primals: tuple[Scaled, Scaled], tangents: tuple[Scaled, Scaled]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return the slope of a sigmoid: it vanishes where one of them has it all."""
    first, second = shares(*primals)
    relative = [
        change.mantissa / number.mantissa for number, change in zip(primals, tangents, strict=True)
    ]
    slope = first * second * (relative[0] - relative[1])
    return (first, second), (slope, -slope)
