"""Whether any of several conditions differs, and whether the effects of two factors interact."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from canonica._checks import checked_array, checked_seed
from canonica._errors import CanonicaError, how_many
from canonica._statistics._arrangements import arrangements
from canonica._statistics._permutation_test import (
    ROUNDING,
    centred_within,
    stratum_numbers,
)


class GroupTest(NamedTuple):
    """Whether groups differ, or the effect of one factor depends on another.

    Attributes
    ----------
    p_value : float
        How often chance alone explains as much of the variance.
    smallest_p_value : float
        The smallest that so many units can give.
    explained : float or None
        Share of the variance within strata that is explained, beside what other terms explain
        (partial eta squared); None where there is none.
    exact : bool
        Whether every arrangement was tried, or many at random.
    """

    p_value: float
    smallest_p_value: float
    explained: float | None
    exact: bool


def group_test(
    values: Sequence[float] | Float[np.ndarray, " unit"],
    groups: Sequence[Any] | np.ndarray,
    strata: Sequence[Any] | np.ndarray | None = None,
    *,
    seed: int = 0,
) -> GroupTest:
    """Return whether groups differ in their means by more than chance makes them.

    The statistic is the sum of squares between groups, within strata, which orders arrangements as
    the F ratio does. Exact, as `permutation_test` is.

    Parameters
    ----------
    values : (unit,)
        One number for each independent unit.
    groups : (unit,)
        The group of each.
    strata : (unit,), optional
        What units have to share to be exchanged.
    seed : int
        Decides which exchanges are tried, where there are more than 32,768.

    Returns
    -------
    GroupTest

    Raises
    ------
    CanonicaError
        If values are not finite, or lengths differ.

    Examples
    --------
    >>> found = group_test([1.0, 2.0, 5.0, 6.0, 9.0, 8.0], list("aabbcc"))
    >>> round(found.p_value, 4), round(found.smallest_p_value, 4)
    (0.0667, 0.0667)
    """
    y = checked_array("values", values, dims=["unit"])
    checked_seed(seed)
    within, codes = stratum_numbers(strata, len(y)), stratum_numbers(groups, len(y))
    ways = arrangements(codes.tolist(), within.tolist(), seed=seed)
    centred = centred_within(y, within)
    members = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
    deviation = centred_within(members, within)
    weights = np.linalg.pinv(deviation.T @ deviation)  # the same however labels are exchanged
    groups_of = range(members.shape[1])
    sums = ways.each(
        lambda codes: np.stack([(codes == one) @ centred for one in groups_of], axis=1)
    )
    between = np.einsum("ag,gh,ah->a", sums, weights, sums)
    total = float(centred @ centred)
    return GroupTest(
        float((between >= between[0] - ROUNDING * total).mean()),
        min(1.0, _same_partitions(codes, within) / len(between)),
        float(between[0]) / total if total > 0 else None,
        ways.exact,
    )


def _same_partitions(codes: Int[np.ndarray, " unit"], strata: Int[np.ndarray, " unit"]) -> int:
    """Return how many ways there are to name the groups anew: they give the same statistic."""
    sizes = Counter(
        tuple(np.bincount(strata[codes == one], minlength=strata.max() + 1).tolist())
        for one in range(codes.max() + 1)
    )
    return math.prod(map(math.factorial, sizes.values()))


def interaction_test(
    values: Sequence[float] | Float[np.ndarray, " unit"],
    one: Sequence[Any] | np.ndarray,
    other: Sequence[Any] | np.ndarray,
    strata: Sequence[Any] | np.ndarray | None = None,
    *,
    seed: int = 0,
) -> GroupTest:
    """Return whether the effect of one factor depends on the level of the other.

    By permutation of residuals (Freedman & Lane, Journal of Business & Economic Statistics 1,
    1983): what both main effects, and strata, leave unexplained is exchanged within strata, and the
    F ratio of the interaction is found anew. The level is exact for many units, and close to it for
    few (Anderson & Legendre, Journal of Statistical Computation and Simulation 62, 1999).

    Parameters
    ----------
    values : (unit,)
        One number for each independent unit.
    one, other : (unit,)
        The level of each factor.
    strata : (unit,), optional
        What units have to share to be exchanged.
    seed : int
        Decides which exchanges are tried, where there are more than 32,768.

    Returns
    -------
    GroupTest

    Raises
    ------
    CanonicaError
        If values are not finite, lengths differ, the two factors do not cross, or no unit is left
        over to tell what chance does.

    Examples
    --------
    >>> values = [1.0, 1.1, 2.0, 2.1, 1.0, 1.2, 5.0, 5.1]
    >>> interaction_test(values, list("aaaabbbb"), list("ccddccdd")).p_value < 0.05
    True
    """
    y = checked_array("values", values, dims=["unit"])
    checked_seed(seed)
    within, first, second = (stratum_numbers(each, len(y)) for each in (strata, one, other))
    main = np.hstack([_dummies(each) for each in (within, first, second)])
    cells = first * (second.max() + 1) + second
    whole = np.hstack([main, _dummies(cells)])
    freedom = np.linalg.matrix_rank(whole) - np.linalg.matrix_rank(main)
    left = len(y) - np.linalg.matrix_rank(whole)
    if freedom < 1 or left < 1:
        raise CanonicaError(
            f"factors: found {how_many(len(np.unique(cells)), 'combination')} "
            f"of levels in {how_many(len(y), 'unit')}; "
            "expected levels that come in all combinations, and units left over beside them."
        )
    residual = y - _projected(main, y[None])[0]
    ways = arrangements(range(len(y)), within.tolist(), seed=seed)

    def left_over(codes: Int[np.ndarray, "some unit"]) -> Float[np.ndarray, "some 2"]:
        exchanged = residual[codes]
        unexplained = (exchanged - _projected(main, exchanged)) ** 2
        remains = (exchanged - _projected(whole, exchanged)) ** 2
        return np.stack([unexplained.sum(axis=1), remains.sum(axis=1)], axis=1)

    before, after = ways.each(left_over).T
    # Explained by the interaction, of what it and chance explain: it orders as the F ratio does.
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(before > ROUNDING * float(y @ y), 1 - after / before, 0.0)
    return GroupTest(
        float((share >= share[0] - ROUNDING).mean()),
        1 / len(share),
        float(share[0]),
        ways.exact,
    )


def _dummies(numbers: Int[np.ndarray, " unit"]) -> Float[np.ndarray, "unit level"]:
    return (numbers[:, None] == np.unique(numbers)).astype(float)


def _projected(
    design: Float[np.ndarray, "unit column"], rows: Float[np.ndarray, "row unit"]
) -> Float[np.ndarray, "row unit"]:
    """Return what a design explains of each row of values."""
    basis = np.linalg.svd(design, full_matrices=False)[0][:, : np.linalg.matrix_rank(design)]
    return (rows @ basis) @ basis.T
