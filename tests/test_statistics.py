"""Intervals and tests against exact enumeration, and against how often they are right."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from canonica import CanonicaError
from canonica._statistics import (
    FEWEST_UNITS,
    bootstrap_difference,
    bootstrap_interval,
    holm_adjusted,
    sign_flip_test,
)
from canonica._statistics._bootstrap import widened_level

seeds = st.integers(0, 10_000)


def differences(seed, pairs, shift=0.5):
    return np.random.default_rng(seed).normal(shift, 1, pairs)


def enumerated(values):
    """Return the two-sided p value: twice the share of all flips at least as far to either side."""
    exact = [Fraction(float(value)) for value in values]
    found = sum(exact)
    sums = [
        sum(s * v for s, v in zip(signs, exact, strict=True))
        for signs in itertools.product((1, -1), repeat=len(exact))
    ]
    sides = [sum(one >= found for one in sums), sum(one <= found for one in sums)]
    return min(1.0, 2 * min(sides) / len(sums))


@pytest.mark.parametrize("pairs", [1, 2, 3, 6, 9])
@given(seeds)
def test_the_sign_flip_test_tries_every_flip(pairs, seed):
    values = differences(seed, pairs)
    assert sign_flip_test(values).p_value == pytest.approx(enumerated(values), abs=1e-12)


@pytest.mark.parametrize("pairs", [1, 2, 3, 5, 6, 12, 13, 30])
def test_the_smallest_p_value_is_reached_and_no_smaller_one(pairs):
    found = sign_flip_test(np.arange(1.0, pairs + 1) * 1e3)
    assert found.smallest_p_value == max(2.0 ** (1 - pairs), 2**-13 if pairs > 12 else 0)
    if pairs != 13:  # by chance, some of the flips drawn of 13 leave all as it was
        assert found.p_value == found.smallest_p_value
    assert (found.interval is None) == (pairs < 6)


@given(seeds, st.integers(6, 10))
def test_the_interval_holds_what_the_test_does_not_refuse(seed, pairs):
    values = differences(seed, pairs)
    low, high = sign_flip_test(values).interval
    for end, outwards in ((low, -1), (high, 1)):
        near = 1e-6 * outwards
        assert sign_flip_test(values - (end + near)).p_value <= 0.05
        assert sign_flip_test(values - (end - near)).p_value > 0.05


def test_the_interval_of_many_differences_is_nearly_that_of_their_mean(generator):
    values = generator.normal(2, 3, 200)
    expected = stats.t.interval(0.95, 199, values.mean(), stats.sem(values))
    np.testing.assert_allclose(sign_flip_test(values).interval, expected, atol=0.03)
    narrower = sign_flip_test(values, level=0.5).interval
    half = stats.t.interval(0.5, 199, values.mean(), stats.sem(values))
    np.testing.assert_allclose(narrower, half, atol=0.03)


@given(seeds, st.integers(2, 9))
def test_flips_do_not_know_order_unit_or_side(seed, pairs):
    values = differences(seed, pairs)
    one = sign_flip_test(values)
    for other in (values[::-1], 8 * values, -values):
        assert sign_flip_test(other).p_value == pytest.approx(one.p_value)


def test_without_differences_there_is_no_significance():
    found = sign_flip_test(np.zeros(8))
    assert found.p_value == 1
    assert found.interval == (0, 0)


@pytest.mark.parametrize("values", [[], [np.nan, 1.0], [[1.0]], ["a"]])
def test_what_are_no_differences_is_refused(values):
    with pytest.raises(CanonicaError, match="differences: found"):
        sign_flip_test(values)


def test_flips_that_are_drawn_are_repeatable_and_near_the_truth():
    values = differences(3, 16, 0.4)
    assert sign_flip_test(values, seed=1) == sign_flip_test(values, seed=1)
    assert sign_flip_test(values, seed=1) != sign_flip_test(values, seed=2)
    signs = (np.arange(2**16)[:, None] >> np.arange(16)) % 2 * 2 - 1
    means = signs @ values / 16
    exact = 2 * (means >= values.mean() * (1 - 1e-12)).mean()
    assert sign_flip_test(values).p_value == pytest.approx(exact, abs=4 * math.sqrt(exact / 2**14))


@pytest.mark.thorough
@pytest.mark.parametrize("pairs", [3, 4, 5, 6, 7, 8, 10, 12, 13, 20, 30])
@pytest.mark.parametrize("noise", ["normal", "cauchy"])
def test_the_level_of_the_test_and_of_its_interval_holds(pairs, noise):
    """Of pure noise, 5 % at most is called significant; and no more than 5 % of intervals err."""
    generator = np.random.default_rng(pairs)
    repeats = 2000 if pairs <= 10 else 300
    draw = getattr(generator, f"standard_{noise}")
    found = [sign_flip_test(draw(pairs), seed=k) for k in range(repeats)]
    most = stats.binom(repeats, 0.05).ppf(0.9999)
    assert sum(one.p_value <= 0.05 for one in found) <= most
    wrong = sum(not one.interval[0] <= 0 <= one.interval[1] for one in found if one.interval)
    assert wrong <= most
    if pairs >= 6:  # and it is no more careful than the number of flips makes it
        level = math.floor(0.025 * 2**pairs) / 2 ** (pairs - 1) if pairs <= 12 else 0.05
        assert wrong >= stats.binom(repeats, level).ppf(1e-4)


# --- several tests --------------------------------------------------------------------------------


def stepped_down(p_values):
    """Return Holm's adjusted values, as the procedure is defined: reject from the smallest on."""
    adjusted = {}
    for alpha in sorted(
        {m * p for m in range(1, len(p_values) + 1) for p in p_values} | {1.0, math.inf}
    ):
        order = sorted(range(len(p_values)), key=p_values.__getitem__)
        for step, number in enumerate(order):
            if (len(p_values) - step) * p_values[number] > alpha:
                break
            adjusted.setdefault(number, min(alpha, 1.0))
    return [adjusted[number] for number in range(len(p_values))]


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holms_values_are_those_at_which_his_procedure_first_rejects(p_values):
    np.testing.assert_allclose(holm_adjusted(p_values), stepped_down(p_values), rtol=1e-12)


# --- bootstrap ------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [FEWEST_UNITS, 12, 30])
def test_the_interval_of_a_normal_mean_is_nearly_students(units, generator):
    """Its ends are as likely to lie too far in as out: over many samples they agree."""
    samples = generator.normal(3, 2, size=(60, units))
    ends = np.array([bootstrap_interval(sample, draws=2000) for sample in samples])
    exact = np.transpose(
        stats.t.interval(0.95, units - 1, samples.mean(axis=1), stats.sem(samples, axis=1))
    )
    widths = np.diff(ends) / np.diff(exact)
    assert np.median(widths) == pytest.approx(1, abs=0.12)
    np.testing.assert_allclose(np.mean(ends - exact, axis=0), 0, atol=0.15)


def test_the_widened_level_is_the_one_of_students_interval():
    for units in (4, 6, 40):
        reach = stats.norm.ppf((1 + widened_level(0.9, units)) / 2) * math.sqrt((units - 1) / units)
        assert stats.t.cdf(reach, units - 1) == pytest.approx(0.95)


def test_units_are_drawn_not_their_values(generator):
    values = generator.normal(size=(40, 5)) + 10 * generator.normal(size=(40, 1))
    low, high = bootstrap_interval(values, level=0.8)
    error = stats.sem(values.mean(axis=1))
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.9, 39) * error, rel=0.1)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_the_interval_leans_the_way_the_values_do(generator):
    values = generator.exponential(size=20)
    low, high = bootstrap_interval(values)
    assert high - values.mean() > 1.1 * (values.mean() - low)


def test_the_difference_of_two_groups_is_welchs(generator):
    one, other = generator.normal(5, 1, 30), generator.normal(3, 2, 40)
    low, high = bootstrap_difference(one, other)
    error = math.hypot(stats.sem(one), stats.sem(other))
    assert (low + high) / 2 == pytest.approx(one.mean() - other.mean(), abs=0.2 * error)
    assert (high - low) / 2 == pytest.approx(2 * error, rel=0.1)
    np.testing.assert_allclose(bootstrap_difference(other, one), (-high, -low), atol=0.15 * error)


def test_statistics_that_no_unit_moves_alone():
    values = np.array([1.0, 1, 1, 1, 1, 1, 1, 1, 100])
    assert bootstrap_interval(values, np.median) == (1, 1)
    assert bootstrap_interval(np.ones(9)) == (1, 1)
    assert bootstrap_difference(np.ones(9), np.zeros(9)) == (1, 1)
    assert bootstrap_interval(values).high > 10


def test_too_few_units_and_values_that_are_not_there_give_no_interval():
    values = np.arange(20.0)
    few = values[: FEWEST_UNITS - 1]
    assert np.isnan(bootstrap_interval(few)).all()
    assert np.isfinite(bootstrap_interval(values[:FEWEST_UNITS])).all()
    assert np.isnan(bootstrap_difference(values, few)).all()
    assert np.isnan(bootstrap_difference(few, values)).all()
    assert np.isnan(bootstrap_interval(np.append(values, np.nan))).all()


@pytest.mark.parametrize("wrong", [{"level": 95.0}, {"level": 0}, {"draws": 0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(CanonicaError, match=next(iter(wrong))):
        bootstrap_interval(np.arange(9.0), **wrong)


@pytest.mark.thorough
@pytest.mark.parametrize("units", [6, 8, 12, 20, 30])
def test_bootstrap_intervals_cover_as_often_as_is_said(units):
    """As their docstring says: normal numbers to within 3 %, exponential ones in 90 to 94 %."""
    generator, repeats = np.random.default_rng(units), 1500
    for draw, mean, least, most in (
        (generator.standard_normal, 0.0, 0.92, 0.98),
        (generator.standard_exponential, 1.0, 0.895, 0.945),
    ):
        samples = (draw(units) for _ in range(repeats))
        ends = [bootstrap_interval(sample, draws=2000) for sample in samples]
        inside = np.mean([low <= mean <= high for low, high in ends])
        chance = 3 * math.sqrt(0.05 * 0.95 / repeats)
        assert least - chance < inside < most + chance
