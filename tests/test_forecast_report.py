"""Tables and figures of forecasts show what forecasts and scores hold."""

import io
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from canonica.report import (
    ForecastSummary,
    PlasticityFinding,
    evidence_sentence,
    forecast_figure,
    forecast_part,
    forecast_table,
    plasticity_found,
    rates_figure,
    recording_scores,
)

QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]
STATES = ["11", "10", "01", "00"]
MODELS = ["canonical", "ridge"]


def scores_of(generator, sessions=16, initial=4, models=MODELS):
    shape = len(models), 2, sessions
    session = np.arange(1, sessions + 1)
    series = ("model", "session")
    return xr.Dataset(
        {
            "squared_error": (series, generator.uniform(0.01, 0.2, shape[::2])),
            "crps": (series, generator.uniform(0.01, 0.2, shape[::2])),
            "log_score": (series, generator.normal(size=shape[::2])),
            "coverage": (("model", "level", "session"), generator.uniform(size=shape)),
            "width": (("model", "level", "session"), generator.uniform(size=shape)),
        },
        {
            "model": models,
            "session": session,
            "horizon": ("session", session - initial),
            "level": [0.5, 0.9],
        },
    )


def part_of(generator, name="c", ensembles=2, states=STATES, **sizes):
    scores = scores_of(generator, **sizes)
    shape = scores.sizes["session"], ensembles, len(states)
    values = np.sort(generator.uniform(size=(len(QUANTILES), *shape)), axis=0)
    forecast = xr.Dataset(
        {
            "predicted_state_response_quantile": (
                ("quantile", "session", "ensemble", "source_state"),
                values,
            )
        },
        {
            "quantile": QUANTILES,
            "session": scores["session"],
            "horizon": scores["horizon"],
            "ensemble": np.arange(1, ensembles + 1),
            "source_state": states,
        },
        {"name": name, "condition": "ctrl"},
    )
    return forecast_part(forecast, generator.uniform(size=shape), scores)


def panels(figure):
    """Return the axes of responses (row, column), and those below by their title."""
    top, bottom = figure.subfigs
    shape = top.axes[0].get_subplotspec().get_gridspec().get_geometry()
    return np.array(top.axes).reshape(shape), {one.get_title(): one for one in bottom.axes}


def labelled_lines(axes):
    return {one.get_label(): one for one in axes.get_lines()}


def test_scores_are_those_of_the_last_ten_forecast_sessions(generator):
    scores = scores_of(generator)
    found = recording_scores(scores)
    assert list(found) == MODELS
    last = scores["width"].sel(model="ridge", level=0.9)[-10:]
    assert found["ridge"]["width"] == pytest.approx(float(last.mean()))
    few = scores_of(generator, sessions=7)
    expected = few["crps"].sel(model="canonical")[-3:].mean()
    assert recording_scores(few)["canonical"]["crps"] == pytest.approx(float(expected))


def test_the_best_of_each_column_is_marked():
    def scored(error, coverage, log_score):
        return {
            "squared_error": error,
            "crps": error / 2,
            "log_score": log_score,
            "coverage": coverage,
            "width": 0.3,
        }

    recordings = [
        {"a": scored(0.2, 0.99, 0.5), "b": scored(0.3, 0.86, 2.0 + shift)}
        for shift in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    ]
    assert ForecastSummary.of("ctrl", recordings[:5]).best == {}  # too few to tell from chance
    within_chance = [*recordings[:4], *({"a": one["b"], "b": one["a"]} for one in recordings[4:])]
    assert ForecastSummary.of("ctrl", within_chance).best == {}
    # Enough to tell a from b, after Holm; but a is not better than c.
    tied = [one | {"c": one["a"]} for one in (*recordings, *recordings[:2])]
    assert "squared_error" not in ForecastSummary.of("ctrl", tied).best
    apart = [one | {"c": one["b"]} for one in tied]
    assert ForecastSummary.of("ctrl", apart).best["squared_error"] == "a"
    alone = [{"a": one["a"]} for one in recordings]
    assert ForecastSummary.of("ctrl", alone).best == {}
    summary = ForecastSummary.of("x[/y]", recordings)
    assert summary.best == {
        "squared_error": "a",
        "crps": "a",
        "log_score": "b",  # the highest
        "coverage": "b",  # 86 % is nearer to 90 % than 99 % is
    }
    text = io.StringIO()
    Console(file=text, force_terminal=True, color_system="truecolor", width=120).print(
        forecast_table(summary)
    )
    printed = text.getvalue()
    assert "x[/y]" in printed
    assert "\x1b[1;32m0.2000\x1b[0m" in printed
    assert "\x1b[1;32m86.0%\x1b[0m" in printed
    assert "\x1b[1;32m0.300\x1b[0m" not in printed  # of widths there is no best


def test_bands_lines_and_points_are_those_of_the_recordings(generator):
    parts = [part_of(generator, name=f"c{number}") for number in range(5)]
    figure = forecast_figure("ctrl", parts)
    axes, below = panels(figure)
    assert axes.shape == (2, 3)
    errors = [part.attrs["error"] for part in parts]
    order = np.argsort(errors)
    for column, place, words in zip(
        axes.T, (0, 2, 4), ("lowest", "median", "highest"), strict=True
    ):
        part = parts[order[place]]
        assert column[0].get_title().startswith(f"c{order[place]}\n{words} squared error 0.")
        quantiles = part["predicted_state_response_quantile"]
        for number, axis in enumerate(column):
            lines = labelled_lines(axis)
            for index, state in enumerate(STATES):
                here = quantiles.isel(ensemble=number, source_state=index)
                np.testing.assert_array_equal(lines[state].get_ydata(), here.sel(quantile=0.5))
                observed = part["state_response"].isel(ensemble=number, source_state=index)
                np.testing.assert_array_equal(lines[f"_{state}"].get_ydata(), observed)
                for band, ends in enumerate(((0.05, 0.95), (0.25, 0.75))):
                    drawn = axis.collections[2 * index + band].get_paths()[0].vertices[:, 1]
                    for end in ends:
                        assert np.isin(here.sel(quantile=end).to_numpy(), drawn).all()
            (shade,) = axis.patches
            assert (shade.get_x(), shade.get_x() + shade.get_width()) == (0.5, 4.5)

    stacked = np.array([part["squared_error"].sel(model="ridge")[4:] for part in parts])
    line = labelled_lines(below["Error"])["ridge"]
    np.testing.assert_allclose(line.get_ydata(), np.median(stacked, axis=0))
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 13))
    for level in (0.5, 0.9):
        lines = labelled_lines(below[f"Coverage of {100 * level:g} % intervals; dotted: nominal"])
        stacked = [part["coverage"].sel(model="canonical", level=level)[4:] for part in parts]
        np.testing.assert_allclose(lines["canonical"].get_ydata(), np.median(stacked, axis=0))
        np.testing.assert_array_equal(lines["_nominal"].get_ydata(), level)
    for axis in (*axes[-1], *below.values()):
        assert axis.get_xlabel()
    for axis in (*axes.ravel(), *below.values()):
        assert axis.get_ylabel()


def test_one_recording_makes_a_figure_and_so_do_two(generator):
    axes, _ = panels(forecast_figure("ctrl", [part_of(generator)]))
    assert axes.shape == (2, 1)
    assert axes[0, 0].get_title().startswith("c\nsquared error 0.")
    axes, _ = panels(forecast_figure("ctrl", [part_of(generator) for _ in range(2)]))
    assert axes.shape == (2, 2)


def test_recordings_of_different_lengths_are_aligned_by_horizon(generator):
    short, long = part_of(generator, initial=2, sessions=6), part_of(generator, sessions=12)
    _, below = panels(forecast_figure("ctrl", [short, long]))
    drawn = labelled_lines(below["Error"])["canonical"].get_ydata()
    of_short, of_long = (part["squared_error"].sel(model="canonical") for part in (short, long))
    np.testing.assert_allclose(drawn[:4], (of_short[2:].data + of_long[4:8].data) / 2)
    np.testing.assert_allclose(drawn[4:], of_long[8:])


def test_of_many_ensembles_and_states_some_are_shown(generator):
    states = [f"{number:05b}" for number in range(31, -1, -1)]
    many = part_of(generator, ensembles=5, states=states)
    few = part_of(generator, ensembles=3)
    figure = forecast_figure("ctrl", [many, few])
    assert "first 4 of 5 ensembles" in figure.get_suptitle()
    axes, _ = panels(figure)
    assert axes.shape == (4, 2)
    shown = ["11111", "10000", "01000", "00100", "00010", "00001", "00000"]
    column = next(column for column in axes.T if column[3].axison)
    labels = [label for label in labelled_lines(column[3]) if not label.startswith("_")]
    assert labels == shown
    assert [axis.axison for one in axes.T for axis in one].count(False) == 1


def test_a_state_has_one_colour_in_all_recordings(generator):
    whole, lacking = part_of(generator, name="a"), part_of(generator, name="b", states=["10", "00"])
    axes, _ = panels(forecast_figure("ctrl", [whole, lacking]))
    of_whole, of_lacking = (
        {label: one.get_color() for label, one in labelled_lines(axis).items() if label in STATES}
        for axis in sorted(axes[0], key=lambda axis: axis.get_title())
    )
    assert of_lacking == {state: of_whole[state] for state in ("10", "00")}


def test_long_names_are_shortened_in_the_middle():
    (axis,) = rates_figure([plasticity("left" + 100 * "-" + "right")]).axes
    (label,) = (label.get_text() for label in axis.get_yticklabels())
    assert label.startswith("left-")
    assert label.endswith("-right")
    assert len(label) == 36


def test_more_models_than_colours_can_be_told_apart(generator):
    models = [f"m{number}" for number in range(9)]
    _, below = panels(forecast_figure("ctrl", [part_of(generator, models=models)]))
    lines = labelled_lines(below["Error"])
    assert len({(lines[name].get_color(), lines[name].get_marker()) for name in models}) == 9


def test_models_that_lie_on_each_other_are_all_seen(generator):
    models = [f"m{number}" for number in range(8)]
    _, below = panels(forecast_figure("ctrl", [part_of(generator, models=models, sessions=40)]))
    lines = labelled_lines(below["Error"])
    widths = [lines[name].get_linewidth() for name in models]
    orders = [lines[name].get_zorder() for name in models]
    assert widths == sorted(widths, reverse=True)  # the wider beneath, each with an edge to be seen
    assert orders == sorted(orders)
    assert len(set(widths)) == len(set(orders)) == 8
    marked = [lines[name].get_markevery()[0] for name in models]
    assert max(np.bincount(marked)) <= 2


def plasticity(name="c", **changes):
    given = {
        "name": name,
        "condition": "ctrl",
        "probability_plastic": 0.999,
        "log_evidence": 7.0,
        "prior_strength_low": 100.0,
        "prior_strength_median": 200.0,
        "prior_strength_high": 500.0,
        "conclusion": "It learns.",
        "diagnostic_warning": "",
    }
    return PlasticityFinding(**{**given, **changes})


STILL = {"probability_plastic": 0.1, "log_evidence": -2.2}
UNDECIDED = {"probability_plastic": 0.5, "log_evidence": 0.0}


def test_rates_are_drawn_as_found():
    found = [
        plasticity("a"),
        plasticity("b", **STILL),
        plasticity("c", condition="bic", **UNDECIDED),
    ]
    figure = rates_figure(found)
    (axis,) = figure.axes
    assert axis.get_xscale() == "log"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["c", "a", "b"]
    intervals, medians = axis.get_lines()[::2], axis.get_lines()[1::2]
    for interval, median in zip(intervals, medians, strict=True):
        np.testing.assert_allclose(interval.get_xdata(), [1 / 500, 1 / 100])
        np.testing.assert_allclose(median.get_xdata(), [1 / 200])
    # Filled by the probability, 0 white and 1 black; without a sign of it, otherwise drawn.
    assert [float(one.get_markerfacecolor()) for one in medians] == pytest.approx([0.5, 0.001, 0.9])
    assert [one.get_marker() for one in medians] == ["o", "o", "s"]
    assert [one.get_linestyle() for one in intervals] == ["-", "-", ":"]
    words = [text.get_text() for text in axis.texts]
    assert words == ["bic", "P = 0.50", "ctrl", "P > 0.99", "P = 0.10"]


def test_of_very_many_recordings_the_first_are_shown():
    (axis,) = rates_figure([plasticity(f"c{number}") for number in range(70)]).axes
    assert len(axis.get_yticks()) == 60
    assert axis.texts[0].get_text() == "ctrl, first 60 of 70"


def test_evidence_is_counted_as_conclusions_have_it():
    found = [plasticity(), plasticity(**STILL), plasticity(**UNDECIDED), plasticity()]
    assert [one.verdict for one in found] == ["plastic", "no sign", "undecided", "plastic"]
    sentence = evidence_sentence(found, 10)
    assert "2 of 4 clearly plastic" in sentence
    assert "1 without a sign" in sentence
    assert sentence.endswith("1 undecided.")
    assert evidence_sentence(found, 5).endswith(
        "1 undecided; but with 5 initial sessions drift and learning can hardly be told apart."
    )


def test_what_a_forecast_says_on_plasticity_is_taken_from_its_attributes():
    one = plasticity()
    attrs = {"name": "c", "condition": "ctrl", "model": "canonical", **one.values}
    assert plasticity_found(attrs) == one
    assert plasticity_found({"name": "c", "condition": "ctrl"}) is None
    values = replace(one, prior_strength_high=400.0).values
    assert values["plasticity_rate_low"] == pytest.approx(1 / 400)
    assert values["plasticity_rate_high"] == pytest.approx(1 / 100)
