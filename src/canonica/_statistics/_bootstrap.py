"""Intervals by resampling independent units: the BCa bootstrap, widened for few units.

Bootstrap intervals of few units are too narrow: resampling takes the spread of the units about
their own mean for that about the truth, and a normal for Student's distribution. Both are undone by
asking for a higher level, chosen so that the interval of a mean of normal numbers would be
Student's (Hesterberg, The American Statistician 69, 2015, "expanded" percentiles).
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

from canonica._checks import checked_probability, checked_seed, checked_size

LEVEL = 0.95
DRAWS = 10_000
FEWEST_UNITS = 6  # of fewer, even the widest interval that resampling can give is too narrow
AT_A_TIME = 2**20  # numbers held at once

Statistic = Callable[..., np.ndarray]


class Interval(NamedTuple):
    """Where a statistic lies; NaN on both sides where there are too few units to say."""

    low: float
    high: float


def bootstrap_interval(
    values: Shaped[np.ndarray, " unit *rest"],
    statistic: Statistic = np.mean,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Return the bootstrap interval of a statistic over independent units.

    Units (mazes, agents) are drawn anew with replacement, each with all that belongs to it. The
    interval is bias-corrected and accelerated (BCa; Efron, Journal of the American Statistical
    Association 82, 1987), and widened for few units. Of 6 to 30 units it holds the mean of normal
    numbers as often as it says, to within 3 %, that of skewed ones (exponential) in 90 to 94 %.

    Parameters
    ----------
    values : (unit, ...)
        All values of each unit.
    statistic : function
        Called as ``statistic(sample, axis=-1)``, as `numpy.mean` and `numpy.median` may be.
    level : float
        Probability that the interval is meant to cover.
    draws : int
        How many times units are drawn anew.
    seed : int
        Decides them.

    Returns
    -------
    Interval
        NaN with fewer than `FEWEST_UNITS` units: too few to resample.

    Raises
    ------
    CanonicaError
        If `level` is not inside (0, 1), `draws` is not positive, or `seed` is none.

    Examples
    --------
    >>> import numpy as np
    >>> interval = bootstrap_interval(np.arange(20.0))
    >>> bool(interval.low < 9.5 < interval.high)
    True
    """
    return _interval([values], statistic, level=level, draws=draws, seed=seed)


def bootstrap_difference(
    one: Shaped[np.ndarray, " unit *rest"],
    other: Shaped[np.ndarray, " unit *rest"],
    statistic: Statistic = np.mean,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Return the interval of the difference of a statistic, one group less another.

    Units of either group are drawn anew, independently. Widened as the smaller group needs it.

    Parameters
    ----------
    one, other : (unit, ...)
        All values of each unit of either group.
    statistic, level, draws, seed
        As in `bootstrap_interval`.

    Returns
    -------
    Interval
        NaN where either group has fewer than `FEWEST_UNITS` units.

    Raises
    ------
    CanonicaError
        As in `bootstrap_interval`.

    Examples
    --------
    >>> import numpy as np
    >>> interval = bootstrap_difference(np.arange(20.0), np.arange(20.0))
    >>> bool(interval.low < 0 < interval.high)
    True
    """
    return _interval([one, other], statistic, level=level, draws=draws, seed=seed)


def widened_level(level: float, units: int) -> float:
    """Return the level to ask of a bootstrap of so many units, so that it has the level wanted.

    Examples
    --------
    >>> round(widened_level(0.95, 6), 4), round(widened_level(0.95, 10_000), 4)
    (0.9951, 0.95)
    """
    from scipy import stats  # noqa: PLC0415  (a second to load, and seldom needed)

    reach = math.sqrt(units / (units - 1)) * stats.t.ppf((1 + level) / 2, units - 1)
    return float(1 - 2 * stats.norm.sf(reach))


def _interval(
    groups: Sequence[np.ndarray], statistic: Statistic, *, level: float, draws: int, seed: int
) -> Interval:
    checked_probability("level", level, certain=False)
    checked_size("draws", draws)
    checked_seed(seed)
    rows = [np.asarray(group, float).reshape(len(group), -1) for group in groups]
    fewest = min(map(len, rows))
    if fewest < FEWEST_UNITS or not all(np.isfinite(one).all() for one in rows):
        return Interval(math.nan, math.nan)
    from scipy import stats  # noqa: PLC0415

    def of_drawn(*numbers: np.ndarray, axis: int = -1) -> np.ndarray:
        """Return the statistic of the units with these numbers, the last axis being theirs."""
        found = [
            statistic(one[drawn.astype(np.intp)].reshape(*drawn.shape[:-1], -1), axis=axis)
            for one, drawn in zip(rows, numbers, strict=True)
        ]
        return found[0] if len(found) == 1 else found[0] - found[1]

    drawn = stats.bootstrap(
        [np.arange(len(one)) for one in rows],
        of_drawn,
        vectorized=True,
        axis=-1,
        n_resamples=draws,
        batch=max(1, AT_A_TIME // sum(one.size for one in rows)),
        method="percentile",
        confidence_level=widened_level(level, fewest),
        rng=np.random.default_rng(seed),
    )
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        corrected = stats.bootstrap(
            [np.arange(len(one)) for one in rows],
            of_drawn,
            vectorized=True,
            axis=-1,
            n_resamples=0,
            method="BCa",
            confidence_level=widened_level(level, fewest),
            bootstrap_result=drawn,
        ).confidence_interval
    # Where no unit alone moves the statistic, there is nothing to correct by.
    plain = drawn.confidence_interval
    sound = math.isfinite(corrected.low) and math.isfinite(corrected.high)
    low, high = corrected if sound else plain
    return Interval(float(low), float(high))
