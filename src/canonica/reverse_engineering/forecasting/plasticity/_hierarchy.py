r"""Plasticity of the recordings of a condition, each weighed by what the others tell.

A recording is plastic with probability pi, the *share* of plastic ones. If it is, the log of its
prior strength - its insensitivity to plasticity - is normal with mean mu and deviation sigma,
restricted to a grid::

    pi ~ Beta(1, 1),   mu ~ uniform over the grid's range,   log sigma ~ uniform, 0.1 to 2
    L_r = sum over the grid of w(rate | mu, sigma) exp(log_likelihood(r, rate))
    p(recordings | pi, mu, sigma) = product over r of (1 - pi + pi L_r)

Nothing is sampled. The product is a polynomial in pi, the sum over how many are plastic, k of n::

    sum over k of e_k(L) pi**k (1 - pi)**(n - k),      e_k elementary symmetric polynomials

so that the posterior of pi is a mixture of Beta(1 + k, 1 + n - k), each weighed by the posterior
probability that k recordings are plastic. All terms are positive: no digits are lost. mu and sigma
are summed over grids of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import root_scalar
from scipy.special import betainc, betaln

from canonica._arguments import checked_arguments
from canonica._checks import checked_array
from canonica._errors import CanonicaError, how_many, listed

LEVEL = 0.9
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
MEANS, DEVIATIONS = 41, 12  # cells of the grids of mu and sigma
LEAST_DEVIATION, LARGEST_DEVIATION = 0.1, 2.0
PROBABLY = 0.5

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class PooledPlasticity:
    """How many recordings of a condition are plastic, how much, and which.

    Parameters
    ----------
    condition : str
        Its name.
    share_plastic : float
        Posterior mean of the share of recordings that are plastic.
    share_plastic_interval : (float, float)
        Its equal-tailed 90 % interval.
    prior_strength : float
        Posterior median of the typical prior strength of plastic recordings, ``exp(mu)``.
    prior_strength_interval : (float, float)
        Its equal-tailed 90 % interval.
    plastic_probability : (recording,)
        Posterior probability of each recording to be plastic.
    recording_prior_strength : (recording,)
        Posterior median of each recording's prior strength, if it is plastic.
    plastic_count_probability : (recordings + 1,)
        Posterior probability that none, one, ..., all of the recordings are plastic.
    log_evidence_of_none : float
        Log of the evidence that none is or will be plastic, a share of 0, over that of this model;
        in nats, positive in favour of none.
    """

    condition: str
    share_plastic: float
    share_plastic_interval: Interval
    prior_strength: float
    prior_strength_interval: Interval
    plastic_probability: Float[np.ndarray, " recording"]
    recording_prior_strength: Float[np.ndarray, " recording"]
    plastic_count_probability: Float[np.ndarray, " count"]
    log_evidence_of_none: float

    @property
    def recordings(self) -> int:
        """Number of recordings pooled."""
        return len(self.plastic_probability)

    @property
    def sentence(self) -> str:
        """How many recordings are plastic and how strongly, in words."""
        plastic = int((self.plastic_probability > PROBABLY).sum())
        low, high = self.share_plastic_interval
        found = (
            f"{self.condition}: {plastic} of {self.recordings} recordings are probably plastic; "
            f"the share is {self.share_plastic:.2f} [{low:.2f}; {high:.2f}] (90 %)"
        )
        if not plastic:
            return f"{found}."
        low, high = self.prior_strength_interval
        strength = f"{self.prior_strength:.3g} [{low:.3g}; {high:.3g}]"
        return f"{found}, the typical prior strength {strength}."


@dataclass(frozen=True)
class ShareDifference:
    """By how much the share of plastic recordings in one condition exceeds that in another.

    Parameters
    ----------
    condition, other : str
        Their names.
    mean : float
        Posterior mean of the difference.
    interval : (float, float)
        Its equal-tailed 90 % interval.
    probability_larger : float
        Posterior probability that the share is larger in `condition` than in `other`.
    """

    condition: str
    other: str
    mean: float
    interval: Interval
    probability_larger: float

    @property
    def sentence(self) -> str:
        """In which condition more recordings are plastic, in words."""
        low, high = self.interval
        return (
            f"The share of plastic recordings in {self.condition} less that in {self.other} is "
            f"{self.mean:.2f} [{low:.2f}; {high:.2f}] (90 %); it is larger in {self.condition} "
            f"with probability {self.probability_larger:.3f}."
        )


@checked_arguments
def pooled_plasticity(
    log_likelihood: Float[np.ndarray, "recording rate"],
    prior_strength: Float[np.ndarray, " rate"],
    *,
    condition: str = "all",
) -> PooledPlasticity:
    """Return what the recordings of a condition together tell about their plasticity.

    Parameters
    ----------
    log_likelihood : (recording, rate)
        Log marginal likelihood of each recording at each prior strength, less that without any
        plasticity.
    prior_strength : (rate,)
        Increasing, above 0; at least two.
    condition : str
        Its name.

    Raises
    ------
    CanonicaError
        If the numbers are of other shapes or ranges, or there is no recording.

    Examples
    --------
    >>> import numpy as np
    >>> found = pooled_plasticity(np.full((6, 3), -20.0), np.array([1e2, 1e3, 1e4]))
    >>> found.sentence
    'all: 0 of 6 recordings are probably plastic; the share is 0.13 [0.01; 0.35] (90 %).'
    """
    _check(log_likelihood, prior_strength)
    log_rate = np.log(prior_strength)
    edges, weight = _grid(log_rate)
    log_share = np.logaddexp.reduce(weight[..., None, :] + log_likelihood, axis=-1)
    log_count = _log_counts(log_share)
    log_posterior = np.logaddexp.reduce(log_count, axis=-1) - np.log(MEANS * DEVIATIONS)
    log_evidence = float(np.logaddexp.reduce(log_posterior, axis=None))

    count = np.exp(
        np.logaddexp.reduce(log_count, axis=(0, 1)) - np.logaddexp.reduce(log_count, axis=None)
    )
    mean = np.exp(np.logaddexp.reduce(log_posterior, axis=1) - log_evidence)
    # Of each recording plastic, given mu and sigma and beside its own likelihood:
    beside = _log_plastic_beside(log_share) - np.log(MEANS * DEVIATIONS) - log_evidence
    plastic = np.exp(np.logaddexp.reduce(beside + log_share, axis=(0, 1)))
    rate = (
        np.logaddexp.reduce(beside[..., None] + weight[..., None, :], axis=(0, 1)) + log_likelihood
    )
    rate = np.exp(rate - np.logaddexp.reduce(rate, axis=1, keepdims=True))

    strength = np.exp(_quantiles(mean, edges, (TAILS[0], 0.5, TAILS[1])))
    return PooledPlasticity(
        condition=condition,
        share_plastic=float(count @ _count_means(len(count) - 1)),
        share_plastic_interval=_share_interval(count),
        prior_strength=float(strength[1]),
        prior_strength_interval=(float(strength[0]), float(strength[2])),
        plastic_probability=np.minimum(plastic, 1),
        recording_prior_strength=np.array(
            [np.exp(_quantiles(one, _cells(log_rate), (0.5,))[0]) for one in rate]
        ),
        plastic_count_probability=count,
        log_evidence_of_none=-log_evidence,
    )


@checked_arguments
def difference(a: PooledPlasticity, b: PooledPlasticity) -> ShareDifference:
    """Return by how much the share of plastic recordings in `a` exceeds that in `b`.

    The shares are independent, and each a mixture of Beta distributions with whole numbers: the
    integrals are of polynomials, and exact.

    Parameters
    ----------
    a, b : PooledPlasticity
        Of two conditions.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> import numpy as np
    >>> strengths = np.array([1e2, 1e3, 1e4])
    >>> plastic = pooled_plasticity(np.full((6, 3), 20.0), strengths, condition="control")
    >>> static = pooled_plasticity(np.full((6, 3), -20.0), strengths, condition="blocked")
    >>> found = difference(plastic, static)
    >>> round(found.mean, 2), found.probability_larger > 0.99
    (0.75, True)
    """
    one, other = a.plastic_count_probability, b.plastic_count_probability
    nodes, weights = np.polynomial.legendre.leggauss((len(one) + len(other)) // 2 + 2)

    def probability_below(gap: float) -> float:
        """Return the probability that a's share is less than b's plus `gap`."""
        low, high = max(0.0, -gap), min(1.0, 1 - gap)
        share = low + (high - low) * (nodes + 1) / 2
        inside = _share_density(other, share) * _share_cumulative(one, share + gap)
        beyond = 1 - _share_cumulative(other, np.array([high]))[0]
        return float((high - low) / 2 * (weights @ inside) + beyond)

    return ShareDifference(
        condition=a.condition,
        other=b.condition,
        mean=a.share_plastic - b.share_plastic,
        interval=_roots(probability_below, -1.0, 1.0),
        probability_larger=max(0.0, 1 - probability_below(0.0)),
    )


def _grid(
    log_rate: Float[np.ndarray, " rate"],
) -> tuple[Float[np.ndarray, " edge"], Float[np.ndarray, "mu sigma rate"]]:
    """Return the edges of mu's cells, and the log weight of each rate given mu and sigma."""
    edges = np.linspace(log_rate[0], log_rate[-1], MEANS + 1)
    mu = (edges[1:] + edges[:-1])[:, None, None] / 2
    step = np.log(LARGEST_DEVIATION / LEAST_DEVIATION) / DEVIATIONS
    sigma = LEAST_DEVIATION * np.exp(step * (np.arange(DEVIATIONS) + 0.5))[:, None]
    density = -0.5 * ((log_rate - mu) / sigma) ** 2
    weight = density + np.log(np.diff(_cells(log_rate)))
    return edges, weight - np.logaddexp.reduce(weight, axis=-1, keepdims=True)


def _cells(log_rate: Float[np.ndarray, " rate"]) -> Float[np.ndarray, " edge"]:
    """Return the edges of the cells of the rates: trapezoid weights are their widths."""
    return np.concatenate([log_rate[:1], (log_rate[1:] + log_rate[:-1]) / 2, log_rate[-1:]])


def _log_counts(
    log_share: Float[np.ndarray, "mu sigma recording"],
) -> Float[np.ndarray, "mu sigma count"]:
    """Return the log evidence that k recordings are plastic, k from 0 to all."""
    recordings = log_share.shape[-1]
    k = np.arange(recordings + 1)
    symmetric = _log_symmetric(np.moveaxis(log_share, -1, 0))
    return np.moveaxis(symmetric, 0, -1) + betaln(k + 1, recordings - k + 1)


def _log_plastic_beside(
    log_share: Float[np.ndarray, "mu sigma recording"],
) -> Float[np.ndarray, "mu sigma recording"]:
    """Return the log evidence that a recording is plastic, of pi and all others."""
    parts = np.moveaxis(log_share, -1, 0)
    recordings = len(parts)
    k = np.arange(recordings)[:, None, None]
    prior = betaln(k + 2, recordings - k)
    beside = [
        np.logaddexp.reduce(_log_symmetric(np.delete(parts, number, axis=0)) + prior, axis=0)
        for number in range(recordings)
    ]
    return np.stack(beside, axis=-1)


def _log_symmetric(
    logs: Float[np.ndarray, "recording mu sigma"],
) -> Float[np.ndarray, "k mu sigma"]:
    """Return the logs of the elementary symmetric polynomials of the exponentials."""
    nothing = np.full((1, *logs.shape[1:]), -np.inf)
    found = np.zeros_like(nothing)
    for one in logs:
        found = np.logaddexp(
            np.concatenate([found, nothing]), np.concatenate([nothing, found + one])
        )
    return found


def _quantiles(
    mass: Float[np.ndarray, " cell"],
    edges: Float[np.ndarray, " edge"],
    probability: tuple[float, ...],
) -> Float[np.ndarray, " probability"]:
    """Return the quantiles of a density that is constant in each cell."""
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    return np.interp(probability, cumulative / cumulative[-1], edges)


def _count_means(recordings: int) -> Float[np.ndarray, " count"]:
    return (np.arange(recordings + 1) + 1) / (recordings + 2)


def _share_cumulative(
    count: Float[np.ndarray, " count"], share: Float[np.ndarray, " share"]
) -> Float[np.ndarray, " share"]:
    k = np.arange(len(count))
    return betainc(k + 1, len(count) - k, share[:, None]) @ count


def _share_density(
    count: Float[np.ndarray, " count"], share: Float[np.ndarray, " share"]
) -> Float[np.ndarray, " share"]:
    k, share = np.arange(len(count)), share[:, None]
    rest = len(count) - 1 - k
    return (share**k * (1 - share) ** rest) @ (count / np.exp(betaln(k + 1, rest + 1)))


def _share_interval(count: Float[np.ndarray, " count"]) -> Interval:
    return _roots(lambda share: float(_share_cumulative(count, np.array([share]))[0]), 0.0, 1.0)


def _roots(cumulative: Callable[[float], float], lowest: float, highest: float) -> Interval:
    """Return between which values a distribution has its central 90 %."""

    def root(tail: float) -> float:
        between = (lowest, highest)
        return float(root_scalar(lambda x: cumulative(x) - tail, bracket=between).root)

    return root(TAILS[0]), root(TAILS[1])


def _check(log_likelihood: np.ndarray, prior_strength: np.ndarray) -> None:
    checked_array("prior_strength", prior_strength, dims=["rate"])
    checked_array("log_likelihood", log_likelihood, dims=["recording", "rate"])
    increasing = np.diff(prior_strength) > 0
    if len(prior_strength) < 2 or not (prior_strength[0] > 0 and increasing.all()):  # noqa: PLR2004
        raise CanonicaError(
            f"prior_strength: found {listed(prior_strength)}; expected at least two increasing "
            "numbers above 0. Choose a grid as wide as strengths may be."
        )
    if log_likelihood.shape[1] != len(prior_strength):
        raise CanonicaError(
            f"log_likelihood: found {how_many(log_likelihood.shape[0], 'recording')} at "
            f"{log_likelihood.shape[1]} prior strengths; expected at least one recording, at "
            f"{len(prior_strength)}."
        )
