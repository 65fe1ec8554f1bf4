"""Conditions compared: what is compared with what, against tests of single quantities."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from canonica import CanonicaError
from canonica._statistics import group_test, holm_adjusted, interaction_test, permutation_test
from canonica.reverse_engineering import reverse_engineer, summary
from canonica.reverse_engineering.conditions import (
    QUANTITIES,
    StudyDesign,
    compare_conditions,
    culture_quantities,
)


def table(generator, conditions, **columns):
    frame = pd.DataFrame({"condition": list(conditions)} | columns)
    return frame.assign(
        selectivity=generator.normal(size=len(frame)),
        response_error=generator.exponential(size=len(frame)),
    )


def compared(frame, quantity="selectivity", **settings):
    found = compare_conditions(frame, StudyDesign.of(frame, **settings))
    return {(one.kind, one.what): one for one in found if one.quantity == quantity}


def test_each_condition_is_compared_with_the_reference_and_all_with_each_other(generator):
    frame = table(generator, "bbbbaaaacccc")
    found = compared(frame, reference="a")
    assert set(found) == {("any difference", "any of 3"), ("difference", "b"), ("difference", "c")}
    values = frame["selectivity"].to_numpy()
    expected = permutation_test(values[:8], [1] * 4 + [0] * 4)
    one = found["difference", "b"]
    assert (one.reference, one.units, one.reference_units) == ("a", 4, 4)
    assert (one.effect, one.p_value) == pytest.approx((expected.effect, expected.p_value))
    assert (one.low, one.high) == pytest.approx(tuple(expected.interval))
    assert one.mean - one.reference_mean == pytest.approx(one.effect)
    several = group_test(values, list(frame["condition"]))
    assert found["any difference", "any of 3"].p_value == pytest.approx(several.p_value)


def test_each_kind_of_comparison_is_a_family_of_its_own(generator):
    found = compare_conditions(*_with_design(table(generator, "aaaabbbbcccc")))
    for kind, number in (("difference", 4), ("any difference", 2)):
        own = [one for one in found if one.kind == kind]
        assert len(own) == number
        adjusted = holm_adjusted([one.p_value for one in own])
        assert [one.adjusted_p_value for one in own] == pytest.approx(adjusted)
    assert found[1].smallest_p_value == pytest.approx(4 * 2 / 70)
    frame = table(generator, "aaaabbbb")
    (alone,) = compare_conditions(*_with_design(frame), quantities=["selectivity"])
    assert alone.adjusted_p_value == alone.p_value


def _with_design(frame):
    return frame, StudyDesign.of(frame)


def test_a_culture_before_and_after_is_a_pair(generator):
    frame = table(generator, "abababab", culture=list("wwxxyyzz"))
    one = compared(frame)["difference", "b"]
    difference = frame["selectivity"].to_numpy()[1::2] - frame["selectivity"].to_numpy()[::2]
    assert one.effect == pytest.approx(difference.mean())
    assert one.smallest_p_value == pytest.approx(2 * 2 / 16)
    assert "within each culture" in one.inference


def test_an_animal_counts_once(generator):
    frame = table(generator, "aaaabbbb", animal=list("11223344"))
    one = compared(frame)["difference", "b"]
    assert (one.units, one.reference_units) == (2, 2)
    assert "means of each animal" in one.inference
    assert compared(frame, groupings=())["difference", "b"].units == 4


def test_several_conditions_are_compared_by_their_independent_units(generator):
    frame = table(generator, "aaaabbbbcccc", animal=list("112233445566"))
    one = compared(frame)["any difference", "any of 3"]
    assert one.units == 6
    means = frame["selectivity"].to_numpy().reshape(6, 2).mean(axis=1)
    assert one.p_value == pytest.approx(group_test(means, list("aabbcc")).p_value)


def test_doses_are_looked_at_for_a_trend_over_their_ranks(generator):
    doses = [0.0, 0, 100, 100, 1, 1, 7]  # in no order
    frame = table(generator, "aaccbbd", dose=doses, drug=[None, None, *["x"] * 4, "y"])
    found = compared(frame)
    assert {key for key in found if key[0] == "trend"} == {("trend", "x")}
    values = frame["selectivity"].to_numpy()[:6]
    expected = permutation_test(values, [0, 0, 2, 2, 1, 1])
    assert found["trend", "x"].effect == pytest.approx(expected.effect)
    assert found["trend", "x"].p_value == pytest.approx(expected.p_value)
    assert found["trend", "x"].units == 6


def test_two_factors_are_compared_within_each_other_and_for_interaction(generator):
    frame = table(generator, "aabbaabb", drug=list("xxxxyyyy"))
    found = compared(frame)
    assert set(found) == {
        ("difference", "b"), ("difference", "y"), ("interaction", "condition and drug")
    }  # fmt: skip
    values, line, drug = (frame[name].to_numpy() for name in ("selectivity", "condition", "drug"))
    expected = permutation_test(values, (line == "b").astype(float), list(drug))
    assert found["difference", "b"].p_value == pytest.approx(expected.p_value)
    assert "within each drug" in found["difference", "b"].inference
    both = interaction_test(values, list(line), list(drug))
    assert found["interaction", "condition and drug"].p_value == pytest.approx(both.p_value)


def test_a_missing_quantity_leaves_out_its_culture_alone(generator):
    frame = table(generator, "aaaabbbb")
    frame.loc[7, "selectivity"] = np.nan
    assert compared(frame)["difference", "b"].units == 3
    assert compared(frame, "response_error")["difference", "b"].units == 4


def test_a_direction_is_named_only_where_chance_hardly_explains_it(generator):
    frame = table(generator, "a" * 6 + "b" * 6)
    within = compared(frame)["difference", "b"]
    assert not within.differs
    assert "no difference that chance does not explain" in within.sentence
    frame["selectivity"] += [9.0] * 6 + [0.0] * 6
    beyond = compared(frame)["difference", "b"]
    assert beyond.differs
    assert "b against a lower, hardly by chance" in beyond.sentence
    few = compared(table(generator, "aabb"))["difference", "b"]
    assert "cannot be told from chance with 4 units" in few.sentence


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda frame: StudyDesign.of(frame, reference="z"), "reference: found 'z'"),
        (
            lambda frame: compare_conditions(*_with_design(frame), quantities=["speed"]),
            "quantities: found speed",
        ),
    ],
)
def test_what_is_not_there_is_refused(call, words, generator):
    with pytest.raises(CanonicaError, match=words):
        call(table(generator, "aabb"))


def test_one_condition_is_not_compared(generator):
    assert compare_conditions(*_with_design(table(generator, "aaa"))) == []


def test_quantities_are_those_of_the_result(cultures):
    result = reverse_engineer(cultures[0])
    found = culture_quantities(result)
    assert list(found) == list(QUANTITIES)
    phi1 = result.firing_threshold_factor.to_numpy()[0]
    assert found["implicit_prior"] == pytest.approx(np.mean(np.exp(phi1)))
    energy = result.free_energy.to_numpy()
    # 15 sessions, 10 of them initial.
    assert found["free_energy_change"] == pytest.approx(energy[10:].mean() - energy[:10].mean())
    assert found["free_energy_slope"] == pytest.approx(np.polyfit(range(15), energy, 1)[0])
    change = found["complexity_change"] - found["accuracy_change"]
    assert found["free_energy_change"] == pytest.approx(change)
    own = [result.preference.to_numpy()[result.electrode_ensemble == k + 1, k] for k in (0, 1)]
    assert found["selectivity"] == pytest.approx((own[0].mean() + own[1].mean()) / 2)
    assert found["response_error"] == pytest.approx(float(result.response_error[10:].mean()))
    spikes = result.mean_ensemble_response[:10].mean()
    assert found["initial_response"] == pytest.approx(float(spikes))
    assert np.isnan(found["forecast_crps"])


def test_the_summary_has_a_row_for_each_recording_and_joins_what_belongs_together(cultures):
    results = [reverse_engineer(one) for one in cultures[:2]]
    sessions = {"session": range(15), "horizon": ("session", range(-9, 6))}
    score = {name: ("session", np.arange(15.0)) for name in ("squared_error", "crps", "log_score")}
    scores = [xr.Dataset(score, sessions, {"name": one.attrs["name"]}) for one in results]
    rate = {"prior_strength_median": 1e3, "log_evidence": -2.0}
    forecasts = [xr.Dataset(attrs=rate | {"name": one.attrs["name"]}) for one in results]
    found = summary(results, forecasts, scores)
    assert found["name"].tolist() == ["c0", "c1"]
    assert found["forecast_crps"].tolist() == [12, 12]
    assert found["log10_plasticity_rate"].tolist() == [-3, -3]
    assert found["plasticity_log_evidence"].tolist() == [-2, -2]
    with pytest.raises(CanonicaError, match="scores: found those of other recordings"):
        summary(results, scores=scores[::-1])
