"""Whether a quantity goes with a condition or a dose: an exact test, and the interval with it."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from canonica._checks import checked_array, checked_probability, checked_seed
from canonica._errors import CanonicaError, how_many
from canonica._statistics._arrangements import Arrangements, arrangements
from canonica._statistics._bootstrap import LEVEL, Interval

ROUNDING = 1e-12  # of the largest deviation: effects that differ by less are the same


class PermutationTest(NamedTuple):
    """How values change with a predictor, and whether chance alone does as much.

    Attributes
    ----------
    effect : float
        Change of the values with the predictor, per unit of it; with a predictor of 0 and 1 the
        difference of means. Within strata, where there are any.
    p_value : float
        Two-sided: how often chance alone gives as large an effect.
    smallest_p_value : float
        The smallest that so many units can give, however large the effect is.
    interval : Interval or None
        For the effect; None where there are but two ways to distribute the predictor.
    level : float
        Of the interval: what was asked for, or the highest that so few units allow.
    exact : bool
        Whether every arrangement was tried, or many at random.
    standardised : float or None
        Effect over the standard deviation that remains within predictor and stratum, corrected for
        few units (Hedges' g, of two groups); None where nothing remains.
    """

    effect: float
    p_value: float
    smallest_p_value: float
    interval: Interval | None
    level: float
    exact: bool
    standardised: float | None


def permutation_test(
    values: Sequence[float] | Float[np.ndarray, " unit"],
    predictor: Sequence[float] | Float[np.ndarray, " unit"],
    strata: Sequence[Any] | np.ndarray | None = None,
    *,
    level: float = LEVEL,
    seed: int = 0,
) -> PermutationTest:
    """Return whether values change with a predictor by more than chance moves them.

    If the predictor makes no difference, units of the same stratum could as well have each other's.
    The p value is the share of all such exchanges that give as large an effect, counted on either
    side and doubled: exact for any number of units, whatever the distribution. Two members of a
    pair are a stratum, and exchanging them is flipping the sign of their difference.

    The interval holds every effect that the test does not refuse: with that much taken away, values
    could be exchanged. An effect delta is at the edge where an exchange gives just what was found:
    with T the effect found, T' that of the exchange and c the slope of the exchanged predictor on
    the predictor, ``T' - c delta = T - delta``. So the edges are order statistics of
    ``(T - T') / (1 - c)``, as in Hartigan (Journal of the American Statistical Association 64,
    1969), and no search is needed. It takes an effect to be the same shift in all units.

    Parameters
    ----------
    values : (unit,)
        One number for each independent unit.
    predictor : (unit,)
        0 and 1 for two conditions, the step of a dose, or any number.
    strata : (unit,), optional
        What units have to share to be exchanged: a pair, an animal, a day.
    level : float
        Of the interval. Where units are too few for it, it has the highest level that there is.
    seed : int
        Decides which exchanges are tried, where there are more than 32,768.

    Returns
    -------
    PermutationTest

    Raises
    ------
    CanonicaError
        If values are not finite, lengths differ, or the predictor does not vary within any stratum.

    References
    ----------
    Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed., Springer 2005.

    Examples
    --------
    >>> found = permutation_test([1.0, 2.0, 3.0, 7.0, 8.0, 9.0], [0, 0, 0, 1, 1, 1])
    >>> found.effect, found.p_value, found.smallest_p_value
    (6.0, 0.1, 0.1)
    >>> tuple(round(end, 3) for end in found.interval), found.level
    ((4.0, 8.0), 0.9)
    """
    y = checked_array("values", values, dims=["unit"])
    x = checked_array("predictor", predictor, dims=["unit"])
    checked_probability("level", level, certain=False)
    checked_seed(seed)
    within = stratum_numbers(strata, len(y))
    if len(x) != len(y):
        raise CanonicaError(
            f"predictor: found {how_many(len(x), 'number')} for "
            f"{how_many(len(y), 'value')}; expected one for each."
        )
    centred = centred_within(y, within)
    deviation = centred_within(x, within)
    size = float(deviation @ deviation)
    if size <= ROUNDING * float(x @ x):
        raise CanonicaError(
            "predictor: found the same number throughout every stratum; expected one that varies "
            "within at least one: else nothing can be compared."
        )
    levels, codes = np.unique(x, return_inverse=True)
    ways = arrangements(codes.tolist(), within.tolist(), seed=seed)
    # Strata keep their mean predictor, so that to centre the values is to centre both.

    def slopes(codes: Int[np.ndarray, "some unit"]) -> Float[np.ndarray, "some 2"]:
        exchanged = levels[codes]
        return np.stack([exchanged @ centred, exchanged @ deviation], axis=1)

    effects, kept = ways.each(slopes).T / size
    largest = float(np.abs(centred).max() * np.abs(deviation).sum()) / size  # effect there could be
    p_value, interval, reached = _inverted(effects, kept, ways, level, largest)
    return PermutationTest(
        float(effects[0]),
        p_value,
        min(1.0, 2 / len(effects)),
        interval,
        reached,
        ways.exact,
        _standardised(float(effects[0]), centred, deviation, within),
    )


def stratum_numbers(
    strata: Sequence[Any] | np.ndarray | None, units: int
) -> Int[np.ndarray, " unit"]:
    """Return the number of each unit's stratum; all are of one where none are given.

    Raises
    ------
    CanonicaError
        If there is not one for each unit.
    """
    if strata is None:
        return np.zeros(units, np.intp)
    if len(strata) != units:
        raise CanonicaError(
            f"strata: found {len(strata)} for {how_many(units, 'unit')}; expected one for each."
        )
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in strata], np.intp)


def centred_within(
    values: Float[np.ndarray, " unit *rest"], strata: Int[np.ndarray, " unit"]
) -> Float[np.ndarray, " unit *rest"]:
    """Return values less the mean of their stratum, 0 where only rounding is left."""
    members = strata[:, None] == np.arange(strata.max() + 1)
    means = (members / members.sum(axis=0)).T @ values
    found = values - means[strata]
    return np.where(np.abs(found) > ROUNDING * np.abs(values).max(), found, 0.0)


def _inverted(
    effects: Float[np.ndarray, " arrangement"],
    kept: Float[np.ndarray, " arrangement"],
    ways: Arrangements,
    level: float,
    largest: float,
) -> tuple[float, Interval | None, float]:
    """Return the p value, the interval of all effects that are not refused, and its level."""
    number = len(effects)
    rounding = ROUNDING * largest
    above = int((effects >= effects[0] - rounding).sum())
    below = int((effects <= effects[0] + rounding).sum())
    p_value = min(1.0, 2 * min(above, below) / number)
    others = _others(kept, ways)
    edges = np.sort((effects[0] - effects[others]) / (1 - kept[others]))
    as_it_was = number - len(edges)  # arrangements that are at least as far out as any effect
    beyond = max(as_it_was, math.floor((1 - level) / 2 * number * (1 + 1e-12)))
    reached = 1 - 2 * beyond / number
    if reached <= 0:
        return p_value, None, 0.0
    place = beyond - as_it_was
    interval = Interval(float(edges[place]), float(edges[-1 - place]))
    return p_value, interval, min(level, reached)


def _others(kept: Float[np.ndarray, " arrangement"], ways: Arrangements) -> Bool[np.ndarray, " a"]:
    """Return which arrangements are not as it was; drawn ones may be so by chance."""
    if ways.exact:
        return np.arange(len(kept)) > 0
    return kept < 1 - ROUNDING


def _standardised(
    effect: float,
    centred: Float[np.ndarray, " unit"],
    deviation: Float[np.ndarray, " unit"],
    strata: Int[np.ndarray, " unit"],
) -> float | None:
    """Return the effect in units of what neither predictor nor stratum explains."""
    left = centred - effect * deviation
    freedom = len(left) - len(np.unique(strata)) - 1
    remains = float(left @ left)
    if freedom < 1 or remains <= ROUNDING * float(centred @ centred):
        return None
    few = 1 - 3 / (4 * freedom - 1)  # Hedges' correction
    return few * effect / math.sqrt(remains / freedom)
