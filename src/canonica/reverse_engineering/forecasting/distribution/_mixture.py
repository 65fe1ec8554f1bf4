r"""Mixtures of censored logistic variables: the distribution of a response that models share.

With the components' probabilities ``F_k(y) = P(x_k <= y)`` and weights w that sum to one, a mixture
has ``F = sum w_k F_k``, the same sum of densities and masses, and the expectation ``sum w_k p_k``.
Its continuous ranked probability score needs no integral over the response::

    integral (F(y) - 1{y >= x})**2 dy = sum w_k CRPS_k(x) - integral sum w_k (F_k - F)**2 dy

The last term, by which the components disagree, is smooth in y, and taken by Gauss and Legendre's
rule. A single component takes none of these ways round: it is a censored logistic variable.

Sources: Gneiting & Raftery, Journal of the American Statistical Association 102 (2007) 359; Yao,
Vehtari, Simpson & Gelman, Bayesian Analysis 13 (2018) 917.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica._float64 import in_float64
from canonica.reverse_engineering.forecasting.distribution import _censored_logistic as logistic
from canonica.reverse_engineering.published_protocol._observed import AnyArray

NODES = 96  # of the integral over y: right to 1e-6 for scales of 0.01, to rounding for 0.02
LARGEST_LOG_ODDS = 30.0
STEPS = 60  # at most, of a root that Newton's steps find in ten as a rule, and halving always


class PredictiveMixture(NamedTuple):
    """A mixture of censored logistic variables, the same weights for all responses.

    Attributes
    ----------
    weight : (component,)
        Probability of each component; their sum is 1.
    location, scale : (component, ...)
        Location and scale of each component; scales are positive.
    """

    weight: Float[AnyArray, " component"]
    location: Float[AnyArray, "component ..."]
    scale: Float[AnyArray, "component ..."]

    @classmethod
    def of_means(
        cls,
        weight: Float[AnyArray, " component"],
        mean: Float[AnyArray, "component ..."],
        scale: Float[AnyArray, "component ..."],
    ) -> "PredictiveMixture":
        """Return the mixture whose components have these expectations, from 0 to 1.

        An expectation nearer to 0 or 1 than 1e-13 is taken for that near: nearer ones are lost in
        rounding, and one of 0 would make every response above 0 infinitely improbable.
        """
        log_odds = jnp.log(mean) - jnp.log1p(-mean)
        bounded = jnp.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
        return cls(weight, logistic.location_of(bounded, scale), scale)

    @property
    def single(self) -> bool:
        """Whether the mixture has one component only."""
        return len(self.weight) == 1

    def averaged(self, values: Float[Array, "component ..."]) -> Float[Array, "..."]:
        """Return the weighted mean of what the components say."""
        return jnp.tensordot(jnp.asarray(self.weight), values, axes=1)


def log_density(x: logistic.Values, mixture: PredictiveMixture) -> Float[Array, "..."]:
    """Return the log density of a response between the ends, the log mass of one at an end."""
    each = logistic.log_density(x, mixture.location, mixture.scale)
    weight = jnp.asarray(mixture.weight).reshape(-1, *[1] * (each.ndim - 1))
    return jax.scipy.special.logsumexp(each, axis=0, b=weight)


def crps(x: logistic.Values, mixture: PredictiveMixture) -> Float[Array, "..."]:
    """Return the continuous ranked probability score; 0 is perfect, and it has x's unit."""
    score = mixture.averaged(logistic.crps(x, mixture.location, mixture.scale))
    return score if mixture.single else score - disagreement(mixture)


def disagreement(mixture: PredictiveMixture) -> Float[Array, "..."]:
    """Return the integral over y of how much the components' probabilities F_k(y) vary."""
    nodes, shares = np.polynomial.legendre.leggauss(NODES)

    def add(total: Array, node: tuple[Array, Array]) -> tuple[Array, None]:
        y, share = node
        each = jax.nn.sigmoid((y - mixture.location) / mixture.scale)
        variance = mixture.averaged((each - mixture.averaged(each)) ** 2)
        return total + share * variance, None

    start = jnp.zeros_like(mixture.averaged(jnp.asarray(mixture.location)))
    on_unit = jnp.asarray((nodes + 1) / 2, start.dtype), jnp.asarray(shares / 2, start.dtype)
    return jax.lax.scan(add, start, on_unit)[0]


def quantile(probability: logistic.Values, mixture: PredictiveMixture) -> Float[Array, "..."]:
    """Return the response below or at which the mixture has a given probability.

    Parameters
    ----------
    probability : (...)
        Above 0 and below 1; broadcast against a component's responses.
    mixture : PredictiveMixture
        The distribution.
    """
    log_odds = jax.scipy.special.logit(jnp.asarray(probability))
    further = (1,) * (log_odds.ndim - (mixture.location.ndim - 1))  # axes in front of responses
    location, scale = (
        part.reshape(len(part), *further, *part.shape[1:])
        for part in (jnp.asarray(mixture.location), jnp.asarray(mixture.scale))
    )
    ends = location + scale * log_odds
    if mixture.single:
        return jnp.clip(ends[0], 0, 1)
    wide = PredictiveMixture(mixture.weight, location, scale)
    bracket = _Bracket(ends.min(axis=0), ends.max(axis=0))
    return jnp.clip(_root(jax.nn.sigmoid(log_odds), wide, bracket), 0, 1)


class _Bracket(NamedTuple):
    """An interval that holds the root."""

    low: Float[Array, "..."]
    high: Float[Array, "..."]

    @property
    def middle(self) -> Float[Array, "..."]:
        return (self.low + self.high) / 2


_Search: TypeAlias = tuple[Array, _Bracket, Array, Array]  # place, bracket, last step, steps


def _root(probability: Array, mixture: PredictiveMixture, bracket: _Bracket) -> Array:
    """Return where the mixture has the probability: by Newton's steps, halving where they leave."""

    def improved(at: _Search) -> _Search:
        y, (low, high), _, number = at
        each = jax.nn.sigmoid((y - mixture.location) / mixture.scale)
        excess = mixture.averaged(each) - probability
        density = mixture.averaged(each * (1 - each) / mixture.scale)
        narrower = _Bracket(jnp.where(excess < 0, y, low), jnp.where(excess < 0, high, y))
        newton = y - excess / jnp.maximum(density, jnp.finfo(y.dtype).tiny)
        within = (newton > narrower.low) & (newton < narrower.high)
        following = jnp.where(within, newton, narrower.middle)
        return following, narrower, jnp.abs(following - y).max(), number + 1

    def unsettled(at: _Search) -> Array:
        y, _, step, number = at
        return (number < STEPS) & (step > 4 * jnp.finfo(y.dtype).eps)

    start = bracket.middle
    return jax.lax.while_loop(
        unsettled, improved, (start, bracket, jnp.inf + start.max(), jnp.asarray(0))
    )[0]


def coverage(
    x: logistic.Values, mixture: PredictiveMixture, level: logistic.Values
) -> Float[Array, "..."]:
    """Return the probability with which the central interval of a level covers a response.

    That of the randomised probability integral transform of the response to lie between
    ``(1 - level) / 2`` and ``(1 + level) / 2``, as for a single censored logistic variable.
    """
    x = jnp.clip(jnp.asarray(x), 0, 1)
    low, high = (1 - level) / 2, (1 + level) / 2
    place = mixture.averaged(jax.nn.sigmoid((x - mixture.location) / mixture.scale))
    beyond = mixture.averaged(jax.nn.sigmoid((mixture.location - x) / mixture.scale))
    between = (place >= low) & (beyond >= low)
    # At an end, the share of its mass within the interval; the interval is central: of either end.
    mass = jnp.where(x <= 0, place, beyond)
    mass = jnp.maximum(mass, jnp.finfo(mass.dtype).tiny)  # of an end that could not be reached
    share = jnp.minimum(high / mass, 1) - jnp.minimum(low / mass, 1)
    return jnp.where((x <= 0) | (x >= 1), share, between)


@in_float64
@jax.jit
def response_log_density(
    x: Float[AnyArray, "..."], mean: Float[AnyArray, "..."], scale: Float[AnyArray, "..."]
) -> Float[Array, "..."]:
    """Return the log density of responses under censored logistic variables of these means."""
    x, mean, scale = (jnp.asarray(part, jnp.float64) for part in (x, mean, scale))
    return log_density(x, PredictiveMixture.of_means(jnp.ones(1), mean[None], scale[None]))
