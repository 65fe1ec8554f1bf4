"""How many subjects a difference takes: what it returns is counted, and right where it is known."""

import numpy as np
import pytest
from scipy import stats

from canonica import CanonicaError
from canonica.studies import choice_power
from canonica.studies.phenotypes._choice_power import _found, _needed, _shares_found


def test_needed_is_the_number_whose_power_is_wanted():
    for difference in (0.31, -0.43, 0.8):
        needed = int(_needed(np.array([difference]), 0.05, 0.8)[0])
        for size, above in ((needed, True), (needed - 3, False)):
            freedom, shift = 2 * size - 2, abs(difference) * np.sqrt(size / 2)
            reach = stats.t.ppf(0.975, freedom)
            power = stats.nct.sf(reach, freedom, shift) + stats.nct.cdf(-reach, freedom, shift)
            assert (power > 0.799) == above
    assert _needed(np.array([0.0]), 0.05, 0.8)[0] > 1e15


def test_a_study_finds_what_a_t_test_finds():
    rng = np.random.default_rng(0)
    one, other = rng.normal(0.8, 2, (5, 30, 2)), rng.normal(0, 1, (5, 20, 2))
    found, sign = _found(one, other, 0.05)
    for study in range(5):
        for parameter in range(2):
            a, b = one[study, :, parameter], other[study, :, parameter]
            assert found[study, parameter] == (stats.ttest_ind(a, b, equal_var=False).pvalue < 0.05)
            assert sign[study, parameter] == np.sign(a.mean() - b.mean())


def test_what_is_found_in_the_wrong_direction_counts_for_nothing():
    rng = np.random.default_rng(0)
    controls = rng.normal(size=(2000, 3))
    patients = rng.normal([0.5, 0.5, 0.0], 1, (2000, 3))
    power, alarms = _shares_found(
        controls, patients, np.array([1.0, -1.0, 1.0]), groups=[(64, 64), (30, 100)], studies=3000,
        level=0.05, draw=rng,
    )  # fmt: skip
    for n, sizes in enumerate([(64, 64), (30, 100)]):
        shift = (patients - controls).mean(axis=0)[0] / np.sqrt(1 / sizes[0] + 1 / sizes[1])
        expected = stats.norm.sf(stats.norm.ppf(0.975) - shift)
        np.testing.assert_allclose(power[n, 0], expected, atol=0.06)
        assert power[n, 1] < 0.005
        assert power[n, 2] < 0.06  # half of the level, and what the pools differ by
        assert ((alarms[n] > 0.03) & (alarms[n] < 0.07)).all()


@pytest.mark.parametrize("differences", [{"habit": 1.0}, {"gamma": 1.0}, {}])
def test_what_cannot_differ_is_refused(differences):
    with pytest.raises(CanonicaError, match=r"differences: found .*; expected"):
        choice_power(differences=differences)


@pytest.mark.parametrize(
    ("typical", "found"),
    [
        ({"plasticty": 2.0}, r"typical: found 'plasticty'"),
        ({"policy precision": -1.0}, r"typical, policy precision: found -1"),
        ({"policy precision": 0.0}, r"typical, policy precision: found 0"),
    ],
)
def test_what_is_not_typical_of_anybody_is_refused(typical, found):
    with pytest.raises(CanonicaError, match=found):
        choice_power(typical=typical)


@pytest.mark.thorough
def test_large_differences_are_found_and_none_is_not():
    told = []
    settings = {"pool": 60, "trials": 60, "studies": 1500, "sizes": ((20, 12), (50, 50))}
    found = choice_power(
        1, differences={"policy precision": -2.5, "plasticity": 0.0},
        progress=lambda *done: told.append(done), **settings,
    )  # fmt: skip
    assert told == [(50, 120), (60, 120), (110, 120), (120, 120)]
    precision = found.sel(parameter="policy precision")
    assert (precision["power"] > 0.9).all()
    assert precision["found_difference"] < -0.8
    assert precision["needed"] < 40
    # No difference has no right direction.
    assert (found["power"].sel(parameter="plasticity") == 0).all()
    assert ((found["false_alarms"] > 0.02) & (found["false_alarms"] < 0.09)).all()
    assert ((found["reliability"] > 0.2) & (found["reliability"] < 1)).all()
    assert found["patients"].to_numpy().tolist() == [20, 50]
    assert found["controls"].to_numpy().tolist() == [12, 50]
    # The other sign is found in the other direction alone.
    upwards = choice_power(1, differences={"policy precision": 2.5}, **settings)
    assert (upwards["power"] > 0.9).all()
    assert upwards["found_difference"] > 0.8
