"""Which mean response stands for ordinary excitability, and what is said of several."""

import json

import numpy as np
import pytest

import canonica
from canonica import CanonicaError
from canonica.recordings import write_matlab
from canonica.reverse_engineering import BaselineFrom, own_baselines, reverse_engineer

SESSION = ("--trials-per-session", 64)


@pytest.fixture(scope="module")
def conditions(cultures):
    """Return three recordings, two of a control and one of a drug."""
    names = ("ctrl", "ctrl", "drug")
    return [one.assign_attrs(condition=name) for one, name in zip(cultures, names, strict=True)]


def excitability(results, condition):
    found = [one for one in results if one.attrs["condition"] == condition]
    return np.mean([np.exp(one.firing_threshold_factor.sel(level=1)).mean() for one in found])


@pytest.mark.slow
def test_published_figures_of_own_and_common_baselines(published):
    files = ("response_data_bic.mat", "response_data_dzp_first4.mat")
    recordings = [one for file in files for one in canonica.read(published / file)]
    for baseline, bic, dzp in ((None, 0.505, 0.494), (2.6403707268003216, 0.564, 0.459)):
        found = reverse_engineer(recordings, baseline=baseline)
        assert excitability(found, "bic") == pytest.approx(bic, abs=5e-4)
        assert excitability(found, "dzp") == pytest.approx(dzp, abs=5e-4)


def test_the_baseline_of_one_condition_serves_all(conditions):
    control = reverse_engineer(conditions[:2])[0].attrs["baseline"]
    found = reverse_engineer(conditions, baseline=BaselineFrom("ctrl"))
    assert {one.attrs["baseline"] for one in found} == {control}
    origin = "computed from 2 recordings of condition ctrl"
    assert {one.attrs["baseline_origin"] for one in found} == {origin}
    own = reverse_engineer(conditions)
    assert own[2].attrs["baseline"] != control
    with pytest.raises(CanonicaError, match="baseline: found one for condition none; expected"):
        reverse_engineer(conditions, baseline=BaselineFrom("none"))


def test_own_baselines_are_loudly_said():
    def rows(origin, *pairs):
        return [
            {"condition": name, "baseline": value, "baseline_origin": origin}
            for name, value in pairs
        ]

    said = own_baselines(rows("computed", ("a", 2.0), ("b", 3.0)))
    assert "OWN" in said
    assert "--baseline-from" in said
    assert own_baselines(rows("computed", ("a", 2.0), ("b", 2.0))) is None
    assert own_baselines(rows("computed", ("a", 2.0), ("a", 2.0))) is None
    assert own_baselines(rows("given", ("a", 2.0), ("b", 3.0))) is None


@pytest.mark.slow
def test_commands_take_the_baseline_from_a_condition_and_else_warn(call, conditions, tmp_path):
    for name in ("ctrl", "drug"):
        own = [one for one in conditions if one.attrs["condition"] == name]
        write_matlab(tmp_path / f"{name}.mat", own)
    files = (tmp_path / "ctrl.mat", tmp_path / "drug.mat")
    for folder, given, warned in (("own", (), True), ("one", ("--baseline-from", "ctrl"), False)):
        code, printed, _ = call(
            "analyze", *files, "--out", tmp_path / folder, *SESSION, "--report", *given
        )
        assert code == 0
        summary = json.loads((tmp_path / folder / "summary.json").read_text())
        assert ("BASELINES OF THEIR OWN" in printed) == warned
        assert (summary["baseline_warning"] is not None) == warned
        page = (tmp_path / folder / "report.html").read_text(encoding="utf-8")
        assert ("BASELINES OF THEIR OWN" in page) == warned
        assert len({one["baseline"] for one in summary["recordings"]}) == 1 + warned
    plain = ("forecast", *files, *SESSION, "--model", "ridge", "--against", "persistence")
    for folder, given, warned in (("own-f", (), True), ("one-f", ("--baseline", "2"), False)):
        code, printed, _ = call(*plain, "--out", tmp_path / folder, *given)
        assert code == 0
        summary = json.loads((tmp_path / folder / "summary.json").read_text())
        assert ("BASELINES OF THEIR OWN" in printed) == warned
        assert (summary["baseline_warning"] is not None) == warned
    both = ("--baseline", "2", "--baseline-from", "ctrl")
    code, _, error = call("analyze", *files, "--out", tmp_path / "two", *SESSION, *both)
    assert code == 2
    assert "--baseline-from: found --baseline too" in error
