r"""The censored logistic: the distribution of a response that lies in [0, 1], ends included.

A logistic variable is cut off at the ends, so that each end has a mass of its own::

    x = clip(m + s u, 0, 1),    u standard logistic,  P(u < t) = sg(t) = 1 / (1 + exp(-t))

with location m and scale s > 0. All is in closed form. With sp(t) = log(1 + exp(t)), a = m / s and
b = (m - 1) / s::

    P(x = 0) = sg(-a),   P(x = 1) = sg(b),   density between  sg(z) sg(-z) / s,  z = (x - m) / s
    E[x] = integral over [0, 1] of P(x > y) = s (sp(a) - sp(b))

Solved for m, with E[x] = p, 1 - p = q and L(t) = log(1 - exp(-t))::

    m = p + s (L(p / s) - L(q / s)) = p + s (v + h(p / s) - h(q / s)),   h(t) = L(t) - log t

where v = log(p / q) are the log odds of the mean. h is bounded near 0, so the last form loses no
digits for means near an end, nor for wide distributions. Both terms of its derivatives in v have
one sign, and they need no quotient of two small numbers::

    dm / dv     = s + p q (1 + h'(p / s) + h'(q / s)),     h'(t) = 1 / (exp(t) - 1) - 1 / t
    dm / dlog s = m - p - p h'(p / s) + q h'(q / s)

The functions broadcast their arguments, take any floating dtype, and can be differentiated; x is
taken for 0 below it, and for 1 above it.

Sources: the continuous ranked probability score is that of Gneiting and Raftery, Journal of the
American Statistical Association 102 (2007) 359; the randomised probability integral transform that
of Dunn and Smyth, Journal of Computational and Graphical Statistics 5 (1996) 236.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.reverse_engineering.published_protocol._observed import AnyArray

Values: TypeAlias = Float[AnyArray, "..."] | float | int

SERIES_BELOW = 0.1  # of h and h': the first term left out is then below a rounding of float64


class Gradients(NamedTuple):
    """Derivatives of a log density; each of the broadcast shape.

    Parameters
    ----------
    location : (...)
        Derivative in the location.
    log_scale : (...)
        Derivative in the log of the scale, the location kept.
    """

    location: Float[Array, "..."]
    log_scale: Float[Array, "..."]


class LocationSlopes(NamedTuple):
    """Derivatives of the location that has a given mean; each of the broadcast shape.

    Parameters
    ----------
    log_odds : (...)
        Derivative in the log odds of the mean; at least the scale, and above it by at most 1/4.
    log_scale : (...)
        Derivative in the log of the scale, the mean kept.
    """

    log_odds: Float[Array, "..."]
    log_scale: Float[Array, "..."]


def expected(location: Values, scale: Values) -> Float[Array, "..."]:
    """Return the mean response, ``s (sp(m / s) - sp((m - 1) / s))``.

    Accurate to a few roundings of itself for locations up to 1/2, of its distance to 1 above.

    Parameters
    ----------
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.

    Examples
    --------
    >>> round(float(expected(0.0, 0.1)), 4)
    0.0693
    """
    above = jnp.asarray(location) > 0.5  # noqa: PLR2004 - mirrored there: 1 - E is the small one
    m = jnp.where(above, 1 - location, location)
    a, b, d = m / scale, (m - 1) / scale, 1 / scale
    apart = jax.nn.softplus(a) - jax.nn.softplus(b)
    # The same of two values that are close to each other, without their difference:
    close = jnp.log1p(jax.nn.sigmoid(b) * jnp.expm1(jnp.minimum(d, 2)))
    mean = scale * jnp.where(d > 1, apart, close)
    return jnp.where(above, 1 - mean, mean)


def location_of(log_odds: Values, scale: Values) -> Float[Array, "..."]:
    """Return the location of the distribution whose mean is ``sigmoid(log_odds)``.

    Log odds are not cut off: beyond about 30, where the mean itself is lost in rounding, the
    location goes on as ``s`` times the log odds.

    Parameters
    ----------
    log_odds : (...)
        Log odds of the mean response; finite.
    scale : (...)
        Scale of the distribution; positive.

    Examples
    --------
    >>> location_of(0.0, 0.3).item()
    0.5
    """
    p, q = jax.nn.sigmoid(log_odds), jax.nn.sigmoid(-log_odds)
    return p + scale * (log_odds + _h(p / scale) - _h(q / scale))


def location_slopes(log_odds: Values, location: Values, scale: Values) -> LocationSlopes:
    """Return how the location moves with the log odds of the mean, and with the scale.

    Parameters
    ----------
    log_odds : (...)
        Log odds of the mean response; finite.
    location : (...)
        ``location_of(log_odds, scale)``.
    scale : (...)
        Scale of the distribution; positive.

    Examples
    --------
    >>> slopes = location_slopes(0.0, 0.5, 10.0)
    >>> round(float(slopes.log_odds), 1), slopes.log_scale.item()
    (10.0, 0.0)
    """
    p, q = jax.nn.sigmoid(log_odds), jax.nn.sigmoid(-log_odds)
    low, high = _h_slope(p / scale), _h_slope(q / scale)
    return LocationSlopes(
        log_odds=scale + p * q * (1 + low + high),
        log_scale=location - p - p * low + q * high,
    )


def log_density(x: Values, location: Values, scale: Values) -> Float[Array, "..."]:
    """Return the log density of a response between the ends, the log mass of one at an end.

    Parameters
    ----------
    x : (...)
        Responses.
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.

    Examples
    --------
    >>> round(float(log_density(0.0, 0.0, 0.2)), 4), log_density(0.5, 0.5, 0.25).item()
    (-0.6931, 0.0)
    """
    x = jnp.asarray(x)
    z, a, b = _standardised(x, location, scale)
    log_sg = jax.nn.log_sigmoid
    between = log_sg(z) + log_sg(-z) - jnp.log(scale)
    return jnp.where(x <= 0, log_sg(-a), jnp.where(x >= 1, log_sg(b), between))


def gradients(x: Values, location: Values, scale: Values) -> Gradients:
    """Return the derivatives of `log_density` in location and scale.

    Parameters
    ----------
    x : (...)
        Responses.
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.

    Examples
    --------
    >>> gradients(0.5, 0.5, 0.2).log_scale.item()
    -1.0
    """
    x = jnp.asarray(x)
    z, a, b = _standardised(x, location, scale)
    sg, lean = jax.nn.sigmoid, jnp.tanh(z / 2)

    def by_place(
        at_zero: Float[Array, "..."], between: Float[Array, "..."], at_one: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return jnp.where(x <= 0, at_zero, jnp.where(x >= 1, at_one, between))

    return Gradients(
        location=by_place(-sg(a), lean, sg(-b)) / scale,
        log_scale=by_place(a * sg(a), z * lean - 1, -b * sg(-b)),
    )


def information(location: Values, scale: Values) -> Float[Array, "..."]:
    """Return Fisher's information of a response about the location.

    The expectation of the squared derivative: with u and w the probabilities to be 0, and to be
    below 1, it is ``(u (1 - u)**2 + w**2 (1 - w) + ((2 w - 1)**3 - (2 u - 1)**3) / 6) / s**2``.

    Parameters
    ----------
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.

    Examples
    --------
    >>> round(float(information(0.5, 0.01)))  # 1 / (3 s**2), as without ends
    3333
    """
    m = jnp.asarray(location)
    u, w = jax.nn.sigmoid(-m / scale), jax.nn.sigmoid((1 - m) / scale)
    ends = u * (1 - u) ** 2 + w**2 * (1 - w)
    return (ends + ((2 * w - 1) ** 3 - (2 * u - 1) ** 3) / 6) / scale**2


def quantile(probability: Values, location: Values, scale: Values) -> Float[Array, "..."]:
    """Return the response below or at which the distribution has a given probability.

    Parameters
    ----------
    probability : (...)
        Of a response at or below the one returned; from 0 to 1.
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.

    Examples
    --------
    >>> quantile(0.5, 0.25, 0.1).item(), quantile(0.01, 0.25, 0.1).item()
    (0.25, 0.0)
    """
    return jnp.clip(location + scale * jax.scipy.special.logit(probability), 0, 1)


def crps(x: Values, location: Values, scale: Values) -> Float[Array, "..."]:
    """Return the continuous ranked probability score; 0 is perfect, and it has x's unit.

    It is the integral over y in [0, 1] of ``(P(response <= y) - 1{y >= x})**2``, and uses that
    of ``sg(u)**2`` over u, ``sp(u) - sg(u)``.

    Parameters
    ----------
    x : (...)
        Responses.
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.

    Examples
    --------
    >>> bool(crps(0.5, 0.5, 0.1) < crps(0.5, 0.3, 0.1) < crps(0.5, 0.1, 0.1))
    True
    """
    z, a, b = _standardised(jnp.clip(jnp.asarray(x), 0, 1), location, scale)
    below, above = _squared_area(z) - _squared_area(-a), _squared_area(-z) - _squared_area(b)
    return scale * (below + above)


def coverage(x: Values, location: Values, scale: Values, level: Values) -> Float[Array, "..."]:
    """Return the probability with which the central interval of a level covers a response.

    It is that of the randomised probability integral transform of the response to lie between
    ``(1 - level) / 2`` and ``(1 + level) / 2``: 0 or 1 between the ends, and at an end the share
    of the end's mass that lies there. Under the distribution itself its mean is `level` exactly,
    however much mass the ends have.

    Parameters
    ----------
    x : (...)
        Responses.
    location, scale : (...)
        Location and scale of the distribution; the scale is positive.
    level : (...)
        Nominal coverage, from 0 to 1.

    Examples
    --------
    >>> coverage(0.5, 0.45, 0.1, 0.9).item(), coverage(0.0, 0.0, 0.1, 0.5).item()
    (1.0, 0.5)
    """
    x = jnp.asarray(x)
    z, a, b = _standardised(x, location, scale)
    low, high = (1 - level) / 2, (1 + level) / 2
    between = jnp.abs(z) <= jax.scipy.special.logit(high)
    mass = jax.nn.sigmoid(jnp.where(x <= 0, -a, b))
    mass = jnp.maximum(mass, jnp.finfo(mass.dtype).tiny)  # of an end that could not be reached
    share = jnp.minimum(high / mass, 1) - jnp.minimum(low / mass, 1)
    return jnp.where((x <= 0) | (x >= 1), share, between)


def _standardised(
    x: Float[Array, "..."], location: Values, scale: Values
) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
    """Return z, a and b of the formulas above."""
    m = jnp.asarray(location)
    return (x - m) / scale, m / scale, (m - 1) / scale


def _squared_area(u: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return the integral of ``sg**2`` from minus infinity to `u`."""
    return jax.nn.softplus(u) - jax.nn.sigmoid(u)


def _h(t: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return ``log((1 - exp(-t)) / t)`` of t >= 0."""
    small, large = _either_side(t)
    square = small**2
    series = square * (1 / 24 - square * (1 / 2880 - square * (1 / 181440 - square / 9676800)))
    closed = jnp.log(-jnp.expm1(-large) / large)
    return jnp.where(t < SERIES_BELOW, series - small / 2, closed)


def _h_slope(t: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return the derivative of `_h`, between -1/2 and 0."""
    small, large = _either_side(t)
    square = small**2
    series = small * (1 / 12 - square * (1 / 720 - square * (1 / 30240 - square / 1209600)))
    closed = -jnp.exp(-large) / jnp.expm1(-large) - 1 / large
    return jnp.where(t < SERIES_BELOW, series - 0.5, closed)


def _either_side(t: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Return t for a series and t for a closed form, each harmless where the other is taken."""
    below = t < SERIES_BELOW
    return jnp.where(below, t, 0), jnp.where(below, 1, t)
