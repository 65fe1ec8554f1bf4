"""Figures show what results hold, for any number of recordings, ensembles and states."""

import time

import numpy as np
import pytest

from canonica import PublishedProtocol, reverse_engineer
from canonica.report import condition_figure, figure_part, write_figure
from canonica.reverse_engineering import condition_summary, recording_summary
from canonica.simulate import culture


@pytest.fixture(scope="module")
def results(cultures):
    return reverse_engineer(cultures)


def axes_of(results):
    figure = condition_figure("test", [figure_part(result) for result in results])
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def line(axes, label):
    (found,) = (one for one in axes.get_lines() if one.get_label() == label)
    return found.get_ydata()


def test_the_bar_of_a_density_counts_in_plain_numbers(results, tmp_path):
    figure = condition_figure("test", [figure_part(results[0])])
    write_figure(figure, tmp_path / "a.png")
    (bar,) = (axes for axes in figure.axes if axes.get_ylabel() == "trials")
    shown = [label.get_text() for label in bar.get_yticklabels(which="both") if label.get_text()]
    assert {"1", "10"} <= set(shown)
    assert all(label.replace(",", "").isdigit() for label in shown)


def test_lines_are_means_over_recordings(results):
    axes = axes_of(results)
    mean = np.mean([result["response_error"] for result in results], axis=0)
    np.testing.assert_allclose(line(axes["Response error"], "published forecast"), mean)
    change = [result["free_energy"] - result["free_energy"][0] for result in results]
    drawn = line(axes["F = complexity \N{MINUS SIGN} accuracy"], "free energy F")
    np.testing.assert_allclose(drawn, np.mean(change, axis=0), atol=1e-9)
    state = [result["state_response"].sel(ensemble=2, source_state="01") for result in results]
    np.testing.assert_allclose(line(axes["Ensemble of source 2"], "01"), np.mean(state, axis=0))
    assert len(axes) == 7


def test_every_axis_says_what_it_shows(results):
    for axes in axes_of(results).values():
        assert axes.get_xlabel()
        assert axes.get_ylabel()


@pytest.mark.slow
def test_many_states_are_drawn_legibly():
    one = culture(0, sources=4, inputs=16, electrodes=24, sessions=12, mixing=1.0)
    protocol = PublishedProtocol(minimum_preference=0.01, minimum_mean_response=0.1)
    axes = axes_of([reverse_engineer(one, protocol=protocol)])
    labels = [one.get_label() for one in axes["Ensemble of source 4"].get_lines()]
    assert labels == ["1111", "1000", "0100", "0010", "0001", "0000"]


def test_recordings_of_different_lengths_share_a_figure(results):
    longer = reverse_engineer(culture(5, sessions=18, trials_per_session=64))
    axes = axes_of([*results, longer])
    drawn = line(axes["Response error"], "published forecast")
    np.testing.assert_allclose(drawn[15:], longer["response_error"][15:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("figure_format", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_a_figure_has_the_same_bytes_from_run_to_run(results, tmp_path, figure_format, start):
    written = []
    for number in range(2):
        figure = condition_figure("test", [figure_part(results[0])])
        write_figure(figure, tmp_path / f"{number}", figure_format)
        written.append((tmp_path / f"{number}").read_bytes())
        time.sleep(1.1 * (number == 0 and figure_format != "png"))  # a date would have moved on
    assert written[0] == written[1]
    assert written[0].startswith(start)
    if figure_format == "svg":
        assert b"Ensemble of source 1" in written[0]  # text stays text


def rows_of(*errors):
    names = ("response_error", "frozen_response_error", "ridge_response_error")
    others = dict.fromkeys(("weight_error", "free_energy_first", "free_energy_last"), 1.0)
    return [others | dict(zip(names, row, strict=True)) for row in errors]


def test_no_prediction_is_named_best_of_few_recordings():
    rows = rows_of((0.1, 0.2, 0.3), (0.4, 0.3, 0.35), (0.2, 0.25, 0.4))
    summary = condition_summary("ctrl", rows)
    assert (summary.lowest, summary.best) == ("published forecast", None)
    assert summary.wins == {"published forecast": 2, "frozen weights": 1, "ridge regression": 0}
    assert summary.smallest_p_value == 0.75
    assert "too few to tell that from chance" in summary.sentence


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_prediction_better_than_chance_explains_is_named(first, generator):
    errors = generator.uniform(0.1, 0.2, (8, 3)) + 0.3 * (np.arange(3) != first)
    summary = condition_summary("ctrl", rows_of(*errors))
    assert summary.best == summary.lowest == list(summary.wins)[first]
    assert summary.p_value == pytest.approx(3 / 128)
    assert f"{summary.best} predicted the last sessions best" in summary.sentence


def test_a_prediction_is_best_only_if_it_beats_both_others(generator):
    errors = generator.uniform(0.1, 0.2, (8, 3)) + np.array([0.0, 0.0, 0.5])
    summary = condition_summary("ctrl", rows_of(*errors))
    assert summary.best is None
    assert "not by more than chance explains" in summary.sentence


def test_the_lowest_median_is_not_best_where_its_mean_is_higher():
    errors = [(0.1, 0.11, 9.0)] * 5 + [(9.0, 0.1, 9.5)] * 4
    assert condition_summary("ctrl", rows_of(*errors)).best is None


def test_errors_are_those_of_the_last_sessions(results):
    # 15 sessions, 10 of them initial: five were forecast.
    found = recording_summary(results[0])["frozen_response_error"]
    assert found == pytest.approx(float(results[0]["frozen_response_error"][-5:].mean()))
