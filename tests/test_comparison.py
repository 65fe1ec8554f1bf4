"""Comparisons over recordings: what they are by definition, and their symmetries."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from canonica import CanonicaError
from canonica.reverse_engineering.forecasting.comparison._comparison import paired_comparison

seeds = st.integers(0, 10_000)


def random_errors(seed, recordings=9):
    rng = np.random.default_rng(seed)
    return {name: rng.gamma(2, 0.1, recordings).tolist() for name in ("own", "near", "far")}


def test_numbers_are_what_they_say():
    found = paired_comparison({"a": [1.0, 2.0, 3.0, 6.0], "b": [2.0, 2.0, 5.0, 5.0]}, "a")["b"]
    assert (found.model, found.reference, found.recordings) == ("b", "a", 4)
    assert found.median_difference == 0.5
    assert found.mean_difference == 0.5
    assert found.effect_size == pytest.approx(0.5 / np.std([1, 0, 2, -1], ddof=1))
    assert found.wins == 2  # a tie is none
    assert found.ratio_of_medians == pytest.approx(2.5 / 3.5)


@given(seeds)
def test_from_the_other_side_all_is_mirrored(seed):
    errors = random_errors(seed)
    one = paired_comparison(errors, "own", draws=500)["far"]
    other = paired_comparison(errors, "far", draws=500)["own"]
    assert one.mean_difference == pytest.approx(-other.mean_difference)
    assert one.median_difference == pytest.approx(-other.median_difference)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    assert one.effect_size == pytest.approx(-other.effect_size)
    assert one.wins + other.wins == one.recordings
    assert one.ratio_of_medians * other.ratio_of_medians == pytest.approx(1)


@given(seeds, st.floats(0.1, 10))
def test_units_do_not_matter_and_other_models_neither(seed, unit):
    errors = random_errors(seed)
    one = paired_comparison(errors, "own", draws=500)["near"]
    scaled = {name: [unit * value for value in errors[name]] for name in ("own", "near")}
    other = paired_comparison(scaled, "own", draws=500)["near"]
    assert other.interval == pytest.approx([unit * end for end in one.interval])
    assert other.effect_size == pytest.approx(one.effect_size)
    assert other.wins == one.wins


def test_the_interval_is_the_bootstraps(generator):
    """Of a 0/1 difference the resampled mean is binomial: its quantiles are known."""
    ones, recordings = 12, 40
    other = generator.permutation((np.arange(recordings) < ones).astype(float))
    found = paired_comparison({"a": np.zeros(recordings), "b": other}, "a", draws=40_000)["b"]
    exact = binom(recordings, ones / recordings).ppf([0.025, 0.975]) / recordings
    np.testing.assert_allclose(found.interval, exact, atol=1e-12)
    again = paired_comparison({"a": np.zeros(recordings), "b": other}, "a", draws=40_000)["b"]
    assert again == found


@pytest.mark.parametrize("recordings", [1, 2])
def test_few_recordings_have_no_interval_and_say_so(recordings):
    found = paired_comparison({"a": [0.1] * recordings, "b": [0.2] * recordings}, "a")["b"]
    assert found.interval is None
    assert found.effect_size is None
    assert found.wins == recordings
    assert "lower by 0.1 in the mean, chance or not, the recordings are too few" in found.sentence


def test_what_is_undefined_is_none():
    found = paired_comparison({"a": [0.1, 0.2, 0.4], "b": [0.0, 0.0, 0.3]}, "a")["b"]
    assert found.ratio_of_medians is None
    same = paired_comparison({"a": [0.1, 0.2, 0.4], "b": [0.2, 0.3, 0.5]}, "a")["b"]
    assert same.effect_size is None  # they differ by rounding only
    equal = paired_comparison({"a": [0.1, 0.2, 0.4], "b": [0.1, 0.2, 0.4]}, "a")["b"]
    assert equal.effect_size is None
    assert equal.interval == (0, 0)
    assert "the same error" in equal.sentence


def test_the_sentence_says_which_is_better_and_how_surely():
    found = paired_comparison({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 3.5, 4.0, 5.5]}, "a")["b"]
    assert found.sentence.startswith(
        "a against b: an error lower by 1.25 in the mean, hardly chance"
    )
    assert found.sentence.endswith("better in 4 of 4 recordings.")
    worse = replace(found, mean_difference=-0.2, interval=(-0.5, 0.1), wins=1)
    assert "an error higher by 0.2 in the mean, possibly chance" in worse.sentence
    assert "-0.5 to 0.1" in worse.sentence


@pytest.mark.parametrize(
    ("errors", "reference", "message"),
    [
        ({"a": [1.0]}, "b", "reference: found 'b'; expected one of a"),
        ({"a": [1.0], "b": [1.0, 2.0]}, "a", "recordings a 1, b 2; expected the same"),
        ({"a": [], "b": []}, "a", "at least 1"),
        ({"a": [1.0], "b": [float("nan")]}, "a", "errors of b: found nan"),
    ],
)
def test_errors_that_cannot_be_compared_are_refused(errors, reference, message):
    with pytest.raises(CanonicaError, match=message):
        paired_comparison(errors, reference)


def test_no_draws_are_refused():
    with pytest.raises(CanonicaError, match="draws: found 0"):
        paired_comparison({"a": [1.0]}, "a", draws=0)
