"""Comparisons over recordings: what they are by definition, and their symmetries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from canonica import CanonicaError
from canonica._statistics import sign_flip_test
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
    one = paired_comparison(errors, "own")["far"]
    other = paired_comparison(errors, "far")["own"]
    assert one.mean_difference == pytest.approx(-other.mean_difference)
    assert one.median_difference == pytest.approx(-other.median_difference)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    assert one.p_value == other.p_value
    assert one.effect_size == pytest.approx(-other.effect_size)
    assert one.wins + other.wins == one.recordings
    assert one.ratio_of_medians * other.ratio_of_medians == pytest.approx(1)


@given(seeds, st.floats(0.1, 10))
def test_units_do_not_matter_and_other_models_for_the_adjustment_only(seed, unit):
    errors = random_errors(seed)
    one = paired_comparison(errors, "own")["near"]
    scaled = {name: [unit * value for value in errors[name]] for name in ("own", "near")}
    other = paired_comparison(scaled, "own")["near"]
    assert other.interval == pytest.approx([unit * end for end in one.interval])
    assert other.p_value == one.p_value == other.adjusted_p_value
    assert one.p_value <= one.adjusted_p_value <= 2 * one.p_value
    assert one.smallest_p_value == 2 * other.smallest_p_value == 2 * 2**-8
    assert other.effect_size == pytest.approx(one.effect_size)
    assert other.wins == one.wins


@given(seeds)
def test_the_p_value_is_of_the_differences(seed):
    errors = random_errors(seed)
    tests = {
        name: sign_flip_test(np.subtract(errors[name], errors["own"])) for name in ("near", "far")
    }
    found = paired_comparison(errors, "own")
    assert {name: one.p_value for name, one in found.items()} == {
        name: one.p_value for name, one in tests.items()
    }
    assert {name: one.interval for name, one in found.items()} == {
        name: one.interval for name, one in tests.items()
    }
    smaller, larger = sorted(test.p_value for test in tests.values())
    adjusted = sorted(one.adjusted_p_value for one in found.values())
    assert adjusted == [min(1, 2 * smaller), max(min(1, 2 * smaller), larger)]


@pytest.mark.parametrize("recordings", [1, 2, 3, 4, 5])
def test_few_recordings_name_no_better_model_and_say_so(recordings):
    found = paired_comparison({"a": [0.1] * recordings, "b": [0.2] * recordings}, "a")["b"]
    assert found.interval is None
    assert found.effect_size is None
    assert found.wins == recordings
    assert found.better is None
    assert "too few recordings to tell a difference from chance" in found.sentence
    assert f"smallest possible p value is {2.0 ** (1 - recordings):.2g})" in found.sentence


def test_one_recording_more_is_enough():
    gain = np.arange(1.0, 7)
    found = paired_comparison({"a": np.zeros(6), "b": gain}, "a")["b"]
    assert (found.better, found.p_value) == ("a", 2 / 2**6)
    assert paired_comparison({"a": gain, "b": np.zeros(6)}, "a")["b"].better == "b"
    # With a second model it is not: twice the chance to be wrong.
    both = paired_comparison({"a": np.zeros(6), "b": gain, "c": gain}, "a")
    assert [one.better for one in both.values()] == [None, None]
    assert "smallest possible p value is 0.062" in both["b"].sentence


@pytest.mark.thorough
@pytest.mark.parametrize("recordings", [3, 4, 5, 6, 10, 13, 30])
def test_of_pure_noise_a_better_model_is_named_in_five_percent_at_most(recordings):
    """Of any of three models that do not differ, skewed errors included."""
    repeats = 1000 if recordings <= 10 else 200
    generator = np.random.default_rng(recordings)
    named = 0
    for _ in range(repeats):
        errors = dict(zip("abcd", generator.gamma(0.5, 1, (4, recordings)), strict=True))
        named += any(one.better for one in paired_comparison(errors, "a").values())
    assert named <= binom(repeats, 0.05).ppf(0.9999)


def test_what_is_undefined_is_none():
    found = paired_comparison({"a": [0.1, 0.2, 0.4], "b": [0.0, 0.0, 0.3]}, "a")["b"]
    assert found.ratio_of_medians is None
    same = paired_comparison({"a": [0.1, 0.2, 0.4], "b": [0.2, 0.3, 0.5]}, "a")["b"]
    assert same.effect_size is None  # they differ by rounding only
    equal = paired_comparison({"a": [0.1, 0.2, 0.4], "b": [0.1, 0.2, 0.4]}, "a")["b"]
    assert equal.effect_size is None
    assert (equal.p_value, equal.better) == (1, None)


def test_the_sentence_names_a_better_model_only_beyond_chance():
    own, gain = np.arange(8.0), np.array([1.0, 2, 1, 2, 1, 2, 1, 2])
    found = paired_comparison({"a": own, "b": own + gain}, "a")["b"]
    assert found.sentence.startswith(
        "a against b: an error lower by 1.5 in the mean, hardly by chance (p = 0.0078; 95 %"
    )
    assert found.sentence.endswith("lower in 8 of 8 recordings.")
    worse = paired_comparison({"a": own, "b": own - gain}, "a")["b"]
    assert "a against b: an error higher by 1.5 in the mean" in worse.sentence
    assert worse.sentence.endswith("lower in 0 of 8 recordings.")
    chance = paired_comparison({"a": own, "b": own + gain * np.tile([1, -1], 4)}, "a")["b"]
    assert "no difference that chance does not explain (p = 0." in chance.sentence
    assert "95 % interval of the gain -" in chance.sentence
    for word in ("lower", "higher", "better"):
        assert word not in chance.sentence


@pytest.mark.parametrize(
    ("errors", "reference", "message"),
    [
        ({"a": [1.0]}, "b", "reference: found 'b'; expected one of a"),
        ({"a": [1.0], "b": [1.0, 2.0]}, "a", "recordings a 1, b 2; expected the same"),
        ({"a": [], "b": []}, "a", "errors of a: found an empty array"),
        ({"a": [1.0], "b": [float("nan")]}, "a", "errors of b: found nan"),
    ],
)
def test_errors_that_cannot_be_compared_are_refused(errors, reference, message):
    with pytest.raises(CanonicaError, match=message):
        paired_comparison(errors, reference)
