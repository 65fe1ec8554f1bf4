"""Whether paired differences lie about 0: an exact test, and the interval that belongs to it."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from canonica._checks import checked_array, checked_probability, checked_seed
from canonica._statistics._bootstrap import LEVEL, Interval

MOST_EXACT = 12  # differences, up to which every flip of their signs is tried
FLIPS = 2**14 - 1  # drawn at random of more differences
ROUNDING = 100 * np.finfo(np.float64).eps  # by which means may differ that are the same


class SignFlipTest(NamedTuple):
    """Whether chance alone moves the mean of paired differences as far from 0.

    Attributes
    ----------
    p_value : float
        Two-sided: how often chance alone moves the mean as far from 0.
    smallest_p_value : float
        The smallest that so many differences can give, however large they are.
    interval : Interval or None
        For the centre of the differences; None where they are too few to have one of that level.
    """

    p_value: float
    smallest_p_value: float
    interval: Interval | None


def sign_flip_test(
    differences: Float[np.ndarray, " pair"], *, level: float = LEVEL, seed: int = 0
) -> SignFlipTest:
    """Return whether the mean of paired differences is further from 0 than chance moves it.

    If a pair's two members could as well be exchanged, every difference could as well have the
    other sign. The p value is the share of all such flips whose mean is as far from 0 as what was
    found. It is exact for any number of pairs, without any assumption on the distribution; but so
    few flips has a handful of pairs that nothing can be significant: the smallest p value is
    ``2 / 2 ** n``. The interval holds every centre that the test does not refuse at that level,
    differences being symmetric about it: means of subsets of the differences part the line into
    equally probable pieces (Hartigan, Journal of the American Statistical Association 64, 1969).

    Parameters
    ----------
    differences : (pair,)
        One number a pair.
    level : float
        Of the interval.
    seed : int
        Decides which flips are tried of more than 12 pairs, where they are drawn at random.

    Returns
    -------
    SignFlipTest

    Raises
    ------
    CanonicaError
        If there are none, or not all are finite.

    Examples
    --------
    >>> import numpy as np
    >>> found = sign_flip_test(np.array([1.0, 2.0, 3.0]))
    >>> found.p_value, found.smallest_p_value, found.interval
    (0.25, 0.25, None)
    """
    values = checked_array("differences", differences, dims=["pair"])
    checked_probability("level", level, certain=False)
    generator = np.random.default_rng(checked_seed(seed))
    return SignFlipTest(
        _p_value(values, generator),
        max(2.0 ** (1 - len(values)), 0 if len(values) <= MOST_EXACT else 2 / (FLIPS + 1)),
        _centre(values, 1 - level, generator),
    )


def _p_value(values: Float[np.ndarray, " pair"], generator: np.random.Generator) -> float:
    if len(values) == 1:  # as far from 0 with either sign
        return 1.0
    if len(values) <= MOST_EXACT:
        return _exact_p_value(values)
    from scipy import stats  # noqa: PLC0415  (a second to load)

    found = stats.permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        axis=-1,
        n_resamples=FLIPS,
        rng=generator,
    )
    return float(found.pvalue)


def _exact_p_value(values: Float[np.ndarray, " pair"]) -> float:
    """Return the share of all flips whose mean is as far from 0, but for rounding."""
    signs = (np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) % 2 * 2 - 1
    means = np.abs((signs * values).mean(axis=1))
    return float(np.mean(means >= (1 - ROUNDING) * abs(values.mean())))


def _centre(
    values: Float[np.ndarray, " pair"], chance: float, generator: np.random.Generator
) -> Interval | None:
    """Return the interval that leaves the centre out with a probability of `chance` at most."""
    chosen = _subsets(len(values), generator)
    means = np.sort(chosen @ values / chosen.sum(axis=1))
    beyond = math.floor(chance / 2 * (len(means) + 1) * (1 + 1e-12))
    return None if not beyond else Interval(float(means[beyond - 1]), float(means[-beyond]))


def _subsets(pairs: int, generator: np.random.Generator) -> Bool[np.ndarray, "subset pair"]:
    """Return which pairs are in each of all subsets, or of as many at random; none is empty."""
    if pairs <= MOST_EXACT:
        return (np.arange(1, 2**pairs)[:, None] >> np.arange(pairs)) % 2 == 1
    chosen = generator.random((FLIPS, pairs)) < 0.5  # noqa: PLR2004  (a coin for each)
    return chosen[chosen.any(axis=1)]
