"""One call for one figure: whole, or panels on axes that are given."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import canonica
from canonica import CanonicaError, plot
from canonica.reverse_engineering.conditions import StudyDesign, compare_conditions

SMALL = {"initial_sessions": 5}


@pytest.fixture(scope="module")
def result(cultures):
    return canonica.reverse_engineer(cultures[0])


@pytest.fixture(scope="module")
def foretold(cultures):
    models = ("ridge", "persistence")
    return [canonica.forecast(cultures[0], model=one, **SMALL) for one in models]


@pytest.fixture(scope="module")
def study():
    rows = [
        {"name": f"{name}{number}", "condition": name, "implicit_prior": value + 0.01 * number}
        for name, value in (("ctrl", 0.5), ("drug", 0.6))
        for number in range(4)
    ]
    table = pd.DataFrame(rows)
    design = StudyDesign.of(table, reference="ctrl", groupings=())
    found = compare_conditions(table, design, quantities=["implicit_prior"], seed=0)
    return SimpleNamespace(table=table, design=design, comparisons=found)


def lines(axis):
    return {one.get_label(): one.get_ydata() for one in axis.get_lines()}


def letters(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_recording_is_one_figure_with_letters(result):
    figure = plot.recording(result)
    assert figure.get_suptitle().startswith(result.attrs["name"])
    assert letters(figure) == list("ABCDEFG")


def test_panels_of_a_recording_are_drawn_on_axes_given(result):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot.recording(result, axes={"free energy": left, "ensemble 2": right}) is figure
    change = result["free_energy"] - result["free_energy"][0]
    np.testing.assert_allclose(lines(left)["free energy F"], change)
    own = result["state_response"].sel(ensemble=2, source_state="10")
    np.testing.assert_allclose(lines(right)["10"], own)
    assert left.get_xlabel() == right.get_xlabel() == "session"


def test_a_forecast_is_one_figure_beside_other_models(foretold, cultures):
    first, second = foretold
    figure = plot.forecast(first, cultures[0], against=[second])
    error = next(axis for axis in figure.axes if axis.get_title() == "Error")
    scores = canonica.score(second, cultures[0])
    expected = scores.squared_error[scores.horizon > 0]
    np.testing.assert_allclose(lines(error)["persistence"], expected)
    assert letters(figure) == list("ABCDE")


def test_panels_of_a_forecast_are_drawn_on_axes_given(foretold, cultures):
    axis = Figure().subplots()
    plot.forecast(foretold[0], cultures[0], axes={"ensemble 1": axis})
    median = foretold[0]["predicted_state_response_quantile"].sel(
        quantile=0.5, ensemble=1, source_state="11"
    )
    np.testing.assert_allclose(lines(axis)["11"], median)
    # What was seen stands beside it, under the same normalisation.
    seen = lines(axis)["_11"]
    assert np.isfinite(seen).all()
    assert np.abs(seen - median).mean() < 0.2


def test_conditions_are_one_figure_and_quantities_are_drawn_on_axes_given(study):
    assert "A" in letters(plot.conditions(study))
    figure = Figure()
    pair = figure.subplots(1, 2)
    assert plot.conditions(study, axes={"implicit_prior": pair}) is figure
    drawn = np.concatenate([line.get_ydata() for line in pair[0].get_lines()])
    np.testing.assert_allclose(np.sort(drawn), np.sort(study.table["implicit_prior"]))
    effect = pair[1].get_lines()[1].get_ydata()
    np.testing.assert_allclose(effect, [0.1])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"free energie": Figure().subplots()}, "free energie.*ensemble 1"),
        ({}, "none"),
        ({"weights": 3}, "3"),
    ],
)
def test_axes_that_are_none_and_panels_unknown_are_named(result, given, named):
    with pytest.raises(CanonicaError, match=named):
        plot.recording(result, axes=given)


def test_what_is_no_result_is_said(result):
    for wrong in (result.drop_vars("state_response"), [], 3):
        with pytest.raises(CanonicaError, match="result"):
            plot.recording(wrong)
