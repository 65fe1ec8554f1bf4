"""Permutation tests and their intervals against loops over every exchange, and against SciPy."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from canonica import CanonicaError
from canonica._statistics import (
    _arrangements,
    group_test,
    independent_units,
    interaction_test,
    permutation_test,
    sign_flip_test,
)
from canonica._statistics._arrangements import DRAWN, arrangements, number_of_arrangements

seeds = st.integers(0, 10_000)
DESIGNS = {  # predictor, stratum
    "three and three": ([0, 0, 0, 1, 1, 1], [0] * 6),
    "two and four": ([0, 1, 1, 0, 1, 1], [0] * 6),
    "three pairs": ([0, 1, 1, 0, 0, 1], [0, 0, 1, 1, 2, 2]),
    "days of unequal size": ([0, 0, 1, 1, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1]),
    "a day with one condition": ([0, 1, 0, 1, 1], [0, 0, 0, 0, 1]),
    "doses": ([0, 0, 1, 1, 3, 3], [0] * 6),
    "doses on two days": ([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]),
}


def every_exchange(labels, strata):
    """Yield each distinct way to distribute the labels, by going through all orders."""
    seen = set()
    for order in itertools.permutations(range(len(labels))):
        if all(strata[a] == strata[b] for a, b in enumerate(order)):
            way = tuple(labels[a] for a in order)
            if way not in seen:
                seen.add(way)
                yield way


def slope(values, predictor, strata):
    """Return the within-stratum slope of exact numbers, by loops."""
    above, below = Fraction(0), Fraction(0)
    for stratum in set(strata):
        rows = [k for k, one in enumerate(strata) if one == stratum]
        mean = sum(Fraction(predictor[k]) for k in rows) / len(rows)
        level = sum(Fraction(float(values[k])) for k in rows) / len(rows)
        above += sum((predictor[k] - mean) * (Fraction(float(values[k])) - level) for k in rows)
        below += sum((predictor[k] - mean) ** 2 for k in rows)
    return above / below


def enumerated(values, predictor, strata):
    """Return effect, two-sided p value and number of exchanges."""
    found = slope(values, predictor, strata)
    every = [slope(values, way, strata) for way in every_exchange(predictor, strata)]
    sides = [sum(one >= found for one in every), sum(one <= found for one in every)]
    return float(found), min(1.0, 2 * min(sides) / len(every)), len(every)


@pytest.mark.parametrize("design", DESIGNS)
@given(seeds)
def test_every_exchange_is_tried(design, seed):
    predictor, strata = DESIGNS[design]
    # Whole numbers: there are ties.
    values = np.random.default_rng(seed).integers(0, 5, len(predictor)).astype(float)
    effect, p_value, number = enumerated(values, predictor, strata)
    found = permutation_test(values, predictor, strata)
    assert found.exact
    assert found.effect == pytest.approx(effect, abs=1e-12)
    assert found.p_value == pytest.approx(p_value, abs=1e-12)
    assert found.smallest_p_value == min(1.0, 2 / number)


@pytest.mark.parametrize("design", DESIGNS)
@settings(max_examples=6)
@given(seeds)
def test_interval_holds_what_is_not_refused(design, seed):
    predictor, strata = DESIGNS[design]
    values = np.random.default_rng(seed).normal(size=len(predictor))
    found = permutation_test(values, predictor, strata, level=0.6)
    if found.interval is None:
        assert found.smallest_p_value == 1
        return
    chance = 1 - found.level + 1e-9
    for end, outwards in zip(found.interval, (-1, 1), strict=True):
        for step, refused in ((1e-6 * outwards, True), (-1e-6 * outwards, False)):
            shifted = values - (end + step) * np.array(predictor)
            one_side = enumerated(shifted, predictor, strata)[1]
            assert (one_side <= chance) == refused


@pytest.mark.parametrize("design", DESIGNS)
@settings(max_examples=6)
@given(seeds)
def test_the_level_holds_over_all_that_could_have_been(design, seed):
    """Had the labels fallen otherwise, no more than a share of alpha had p values of alpha."""
    predictor, strata = DESIGNS[design]
    values = np.random.default_rng(seed).standard_cauchy(len(predictor))
    ways = list(every_exchange(predictor, strata))
    p_values = np.array([permutation_test(values, way, strata).p_value for way in ways])
    for alpha in p_values:
        assert (p_values <= alpha + 1e-12).mean() <= alpha + 1e-12


@given(seeds, st.integers(2, 6), st.integers(2, 5))
def test_two_conditions_agree_with_scipy(seed, one, other):
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=one), generator.normal(size=other)
    expected = stats.permutation_test(
        (b, a), lambda x, y, axis: x.mean(axis) - y.mean(axis), vectorized=True, n_resamples=np.inf
    )
    found = permutation_test(np.concatenate([a, b]), [0] * one + [1] * other)
    assert found.effect == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


@given(seeds, st.integers(2, 10))
def test_to_exchange_a_pair_is_to_flip_a_sign(seed, pairs):
    before, after = np.random.default_rng(seed).normal(size=(2, pairs))
    expected = sign_flip_test(after - before)
    found = permutation_test(
        np.concatenate([before, after]), [0] * pairs + [1] * pairs, [*range(pairs)] * 2
    )
    assert found.p_value == pytest.approx(expected.p_value)
    assert found.smallest_p_value == expected.smallest_p_value
    ratio = (after - before).mean() / ((after - before).std(ddof=1) / math.sqrt(2))
    correction = 1 - 3 / (4 * (pairs - 1) - 1)
    assert found.standardised == pytest.approx(correction * ratio)
    if expected.interval is not None:
        np.testing.assert_allclose(found.interval, expected.interval)
        assert found.level == 0.95


@given(seeds)
def test_what_a_stratum_does_to_all_its_units_does_not_matter(seed):
    generator = np.random.default_rng(seed)
    values, shift = generator.normal(size=12), 100 * generator.normal(size=3)
    predictor, strata = np.tile([0, 1, 0, 1], 3), np.repeat([0, 1, 2], 4)
    one = permutation_test(values, predictor, strata)
    other = permutation_test(values + shift[strata], predictor, strata)
    assert other.p_value == one.p_value
    np.testing.assert_allclose(other.interval, one.interval, atol=1e-10)
    assert other.standardised == pytest.approx(one.standardised)
    assert permutation_test(values, 1e-9 * predictor, strata).p_value == one.p_value
    turned = permutation_test(-values, predictor, strata)
    assert turned.effect == pytest.approx(-one.effect)
    np.testing.assert_allclose(turned.interval, [-one.interval.high, -one.interval.low])


def test_the_highest_level_that_few_units_allow_is_said():
    found = permutation_test(np.arange(6.0), [0, 0, 0, 1, 1, 1])
    assert (found.smallest_p_value, found.level) == (0.1, 0.9)
    assert permutation_test(np.arange(8.0), [0] * 4 + [1] * 4).level == 0.95
    alone = permutation_test([1.0, 2.0], [0, 1])
    assert (alone.p_value, alone.interval, alone.level, alone.standardised) == (1, None, 0, None)


@given(seeds, st.integers(3, 8), st.integers(3, 8))
def test_the_standardised_effect_is_that_of_hedges(seed, one, other):
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=one), generator.normal(1, 1, size=other)
    freedom = one + other - 2
    pooled = math.sqrt(((one - 1) * a.var(ddof=1) + (other - 1) * b.var(ddof=1)) / freedom)
    expected = (b.mean() - a.mean()) / pooled * (1 - 3 / (4 * freedom - 1))
    found = permutation_test(np.concatenate([a, b]), [0] * one + [1] * other)
    assert found.standardised == pytest.approx(expected)


def test_many_exchanges_are_drawn_at_random_and_near_the_truth():
    generator = np.random.default_rng(2)
    values = np.concatenate([generator.normal(size=30), generator.normal(0.5, 1, size=30)])
    found = permutation_test(values, [0] * 30 + [1] * 30)
    assert not found.exact
    assert found.smallest_p_value == 2 / (DRAWN + 1)
    expected = stats.ttest_ind(values[30:], values[:30])
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.01)
    np.testing.assert_allclose(found.interval, expected.confidence_interval(), atol=0.05)
    assert permutation_test(values, [0] * 30 + [1] * 30) == found
    assert permutation_test(values, [0] * 30 + [1] * 30, seed=1) != found


@pytest.mark.parametrize(
    ("labels", "strata"),
    [([0, 1] * 20, [0] * 40), ([0, 1, 2, 2] * 8, [0, 1, 1, 1] * 8)],
)
def test_drawn_arrangements_keep_every_stratum(labels, strata):
    codes, exact = arrangements(labels, strata)
    assert not exact
    assert codes[0].tolist() == labels
    for stratum in set(strata):
        columns = np.array(strata) == stratum
        own = np.sort(np.array(labels)[columns])
        assert (np.sort(codes[:, columns], axis=1) == own).all()
    # Each label comes as often to each unit of a stratum.
    assert np.ptp(codes[:, np.array(strata) == strata[1]].mean(axis=0)) < 0.05


def test_some_at_a_time_are_the_same_as_all_at_once(monkeypatch):
    rng = np.random.default_rng(3)
    values, predictor, strata = rng.normal(size=40), [0, 1] * 20, [0, 0, 1, 1] * 10

    def found():
        _arrangements._arrangements.cache_clear()
        drawn = arrangements(predictor, strata)
        assert drawn.codes.dtype == np.int8
        return [
            drawn.codes.tolist(),
            permutation_test(values, predictor, strata),
            group_test(values, [0, 1, 2, 0] * 10),
            interaction_test(values, predictor, [0, 0, 1, 1] * 10),
        ]

    whole = found()
    monkeypatch.setattr(_arrangements, "AT_A_TIME", 5_000)  # 125 arrangements
    parts = found()
    assert parts[0] == whole[0]
    for part, one in zip(parts[1:], whole[1:], strict=True):
        numbers = [np.hstack([n for n in each if n is not None]).astype(float)
                   for each in (part, one)]  # fmt: skip
        np.testing.assert_allclose(*numbers, rtol=1e-12)
    _arrangements._arrangements.cache_clear()


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6), seeds)
def test_arrangements_are_all_there_each_once(labels, seed):
    strata = np.random.default_rng(seed).integers(0, 2, len(labels)).tolist()
    codes = arrangements(labels, strata).codes
    assert codes[0].tolist() == labels
    assert sorted(map(tuple, codes.tolist())) == sorted(every_exchange(labels, strata))
    assert len(codes) == number_of_arrangements(labels, strata)


def between(values, groups, strata):
    """Return how much of the squares within strata is gone once groups have their means."""
    left = []
    for columns in ([strata], [strata, groups]):
        design = np.hstack(
            [np.equal.outer(one, sorted(set(one))) for one in map(np.array, columns)]
        )
        fit = design @ np.linalg.lstsq(design.astype(float), values, rcond=None)[0]
        left.append(((values - fit) ** 2).sum())
    return left[0] - left[1]


@pytest.mark.parametrize(
    ("groups", "strata", "same"),
    [
        ("aabbcc", "xxxxxx", 6),
        ("aabbbc", "xxxxxx", 1),
        ("abcabc", "xxxyyy", 6),
        ("abbaab", "xxxyyy", 1),
    ],
)
@given(seeds)
def test_groups_are_told_apart_by_every_exchange(groups, strata, same, seed):
    values = np.random.default_rng(seed).normal(size=len(groups))
    every = [between(values, way, list(strata)) for way in every_exchange(groups, strata)]
    found = group_test(values, list(groups), list(strata))
    assert found.p_value == pytest.approx(np.mean(np.array(every) >= every[0] - 1e-9))
    assert found.smallest_p_value == pytest.approx(same / len(every))
    centred = values - [values[[s == one for s in strata]].mean() for one in strata]
    assert found.explained == pytest.approx(every[0] / (centred @ centred))


def test_two_groups_are_the_two_sided_test():
    values = np.random.default_rng(1).normal(size=8)
    one = permutation_test(values, [0] * 4 + [1] * 4)
    other = group_test(values, [0] * 4 + [1] * 4)
    assert other.p_value == pytest.approx(one.p_value)
    assert other.smallest_p_value == pytest.approx(one.smallest_p_value)


@settings(max_examples=3)
@given(seeds)
def test_the_interaction_is_that_of_residuals_exchanged(seed):
    """Every order of the residuals, each with its F ratio from two fits."""
    one, other = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 0, 1, 1])
    values = np.random.default_rng(seed).normal(size=6) + 3 * one + 10 * other
    main = np.stack([np.ones(6), one, other], axis=1)
    whole = np.column_stack([main, one * other])

    def left(y, design):
        return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]

    def ratio(y):
        before, after = (left(y, design) @ left(y, design) for design in (main, whole))
        return (before - after) / after

    residual = left(values, main)
    ratios = np.array([ratio(residual[list(order)]) for order in itertools.permutations(range(6))])
    found = interaction_test(values, one, other)
    assert ratios[0] == pytest.approx(ratio(values))
    assert found.explained == pytest.approx(ratios[0] / (1 + ratios[0]))
    assert found.p_value == pytest.approx((ratios >= ratios[0] * (1 - 1e-9)).mean())


def test_an_interaction_is_found_where_there_is_one_and_not_in_main_effects():
    generator = np.random.default_rng(3)
    one, other = np.repeat([0, 1], 10), np.tile([0, 1], 10)
    noise = generator.normal(size=20)
    assert interaction_test(noise + 9 * one - 7 * other, one, other).p_value == pytest.approx(
        interaction_test(noise, one, other).p_value
    )
    assert interaction_test(noise + 6 * one * other, one, other).p_value < 0.05


@pytest.mark.parametrize(("one", "other"), [("aabb", "xxyy"), ("aabb", "xyxy"), ("aaaa", "xyxy")])
def test_factors_that_do_not_cross_or_leave_nothing_over_are_refused(one, other):
    with pytest.raises(CanonicaError, match="factors: found"):
        interaction_test(np.arange(4.0), list(one), list(other))


@pytest.mark.parametrize(
    ("predictor", "strata", "words"),
    [
        ([0, 0, 0], None, "predictor: found the same number"),
        ([0, 1, 1], [1, 2, 2], "predictor: found the same number"),
        ([0, 1], None, "predictor: found 2 numbers for 3"),
        ([0, 1, 1], [1, 2], "strata: found 2 for 3"),
        ([0, np.nan, 1], None, "predictor: found"),
    ],
)
def test_what_cannot_be_compared_is_refused(predictor, strata, words):
    with pytest.raises(CanonicaError, match=words):
        permutation_test([1.0, 2.0, 4.0], predictor, strata)


def test_alike_values_are_no_effect():
    found = permutation_test([1e9 / 3] * 8, [0, 1] * 4)
    assert (found.effect, found.p_value, found.interval) == (0, 1, (0, 0))
    assert group_test([1e9 / 3] * 6, list("aabbcc"))[:3] == (1, 1 / 15, None)


UNIT_CASES = {
    "nothing shared": ("aabb", {"animal": [1, 2, 3, 4]}, 4, (), (), 0),
    "animals have one condition": ("aabb", {"animal": [1, 1, 2, 2]}, 2, ("animal",), (), 0),
    "days have both": ("abab", {"day": [1, 1, 2, 2]}, 4, (), ("day",), 0),
    "a culture before and after": ("abab", {"culture": [1, 1, 2, 2]}, 4, (), ("culture",), 0),
    "twice before and after": ("aabbab", {"culture": [1, 1, 1, 1, 2, 2]}, 4, ("culture",),
                               ("culture",), 0),
    "a day without counterpart": ("abaa", {"day": [1, 1, 2, 2]}, 2, (), ("day",), 2),
    "animals on days": ("aabbab", {"animal": [1, 1, 2, 2, 3, 4], "day": [1, 1, 1, 1, 2, 2]}, 4,
                        ("animal",), ("day",), 0),
    "plates in animals": ("aabb", {"plate": [1, 2, 3, 4], "animal": [1, 1, 2, 2]}, 2,
                          ("animal",), (), 0),
    "unknown levels are their own": ("aabb", {"animal": [None, None, 2, 2]}, 3, ("animal",), (), 0),
    "chained": ("aaab", {"animal": [1, 1, 2, 3], "plate": [1, 2, 2, 3]}, 2,
                ("animal", "plate"), (), 0),
}  # fmt: skip


@pytest.mark.parametrize("case", UNIT_CASES)
def test_what_is_independent(case):
    conditions, groupings, units, averaged, within, left_out = UNIT_CASES[case]
    found = independent_units(list(conditions), groupings, identities=["culture"])
    assert len(found.groups) == units
    assert (found.averaged, found.within, found.left_out) == (averaged, within, left_out)
    assert Counter(found.groups) <= Counter(conditions)
    for row, unit in enumerate(found.unit_of_row):
        assert unit < 0 or found.groups[unit] == conditions[row]
    for name in (*averaged, *within):
        assert name in found.sentence
    assert ("left out" in found.sentence) == (left_out > 0)


def test_units_are_exchanged_where_they_share_everything_that_holds_several_conditions():
    animal, day = [1, 1, 1, 1, 2, 2, 2, 2], [1, 1, 2, 2, 1, 1, 2, 2]
    found = independent_units(list("abababab"), {"animal": animal, "day": day})
    assert found.strata == tuple(zip(animal, day, strict=True))


def test_units_are_means_of_their_rows():
    found = independent_units(
        list("aabbab"), {"animal": [1, 1, 2, 2, 3, 4], "day": [1] * 4 + [2] * 2}
    )
    values = np.array([1.0, 3.0, 10.0, 20.0, 5.0, 7.0])
    names = zip(found.groups, found.strata, strict=True)
    assert dict(zip(names, found.means(values), strict=True)) == {
        ("a", (1,)): 2, ("b", (1,)): 15, ("a", (2,)): 5, ("b", (2,)): 7,
    }  # fmt: skip


@pytest.mark.parametrize("noise", ["normal", "exponential", "cauchy"])
def test_no_unit_counts_twice(noise):
    """Cultures of one animal are alike; taken for independent, they would be found to differ."""
    generator = np.random.default_rng(0)
    draw = getattr(generator, "exponential" if noise == "exponential" else f"standard_{noise}")
    conditions = ["a"] * 20 + ["b"] * 20
    animals = np.repeat(np.arange(8), 5)
    units = independent_units(conditions, {"animal": animals.tolist()})
    wrong = {"cultures": 0, "animals": 0}
    for _ in range(200):
        values = draw(size=8)[animals] + 0.3 * generator.normal(size=40)
        naive = stats.ttest_ind(values[:20], values[20:]).pvalue
        own = permutation_test(units.means(values), [one == "b" for one in units.groups])
        wrong["cultures"] += naive <= 0.05
        wrong["animals"] += own.p_value <= 0.05
    assert wrong["animals"] <= stats.binom(200, 0.05).ppf(0.9999)
    assert wrong["cultures"] > 40
