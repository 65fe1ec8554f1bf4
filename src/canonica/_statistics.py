"""How far chance may have moved a statistic: the percentile bootstrap over independent units."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from canonica._errors import CanonicaError

LEVEL = 0.95
DRAWS = 10_000
FEWEST_UNITS = 5  # of which resampling says anything
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
    """Return the percentile bootstrap interval of a statistic over independent units.

    Units (mazes, agents) are drawn anew with replacement, each with all that belongs to it.

    Parameters
    ----------
    values : (unit, ...)
        All values of each unit.
    statistic : function
        Called as ``statistic(sample, axis=1)``, as `numpy.mean` and `numpy.median` may be.
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
        If `level` is not inside (0, 1), or `draws` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> interval = bootstrap_interval(np.arange(20.0))
    >>> bool(interval.low < 9.5 < interval.high)
    True
    """
    return percentiles(bootstrap_draws(values, statistic, draws=draws, seed=seed), level=level)


def bootstrap_draws(
    values: Shaped[np.ndarray, " unit *rest"],
    statistic: Statistic = np.mean,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Float[np.ndarray, " draw"]:
    """Return the statistic of units that are drawn anew, again and again.

    Differences of the draws of two groups are draws of their difference.

    Returns
    -------
    (draw,)
        NaN with fewer than `FEWEST_UNITS` units.
    """
    if draws < 1:
        raise CanonicaError(f"draws: found {draws}; expected at least 1.")
    values = np.asarray(values, float)
    units = len(values)
    if units < FEWEST_UNITS:
        return np.full(draws, np.nan)
    rows = values.reshape(units, -1)
    drawn = np.random.default_rng(seed).integers(units, size=(draws, units))
    parts = np.array_split(drawn, -(-draws * rows.size // AT_A_TIME))
    return np.concatenate(
        [statistic(rows[part].reshape(len(part), -1), axis=1) for part in parts if len(part)]
    )


def percentiles(draws: Float[np.ndarray, " draw"], *, level: float = LEVEL) -> Interval:
    """Return the interval that leaves out as many draws below as above it."""
    if not 0 < level < 1:
        raise CanonicaError(f"level: found {level}; expected a number inside (0, 1).")
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
