"""One figure per condition, in the manner of [NC23] Fig. 3."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from canonica._of_results import of_results
from canonica.report._style import (
    BLACK,
    BLUE,
    STATE_COLOURS,
    VERMILION,
    density_bar,
    legend_below,
    letter,
    new_figure,
    whole_numbers,
)
from canonica.reverse_engineering import ERRORS, LAST_SESSIONS

ERROR_COLOURS = (VERMILION, BLUE, BLACK)
COLUMNS = 4
POINTS = 20_000  # weights drawn at most


@of_results(result=("session", "trial_session", "initial_sessions"))
def figure_part(result: xr.Dataset) -> xr.Dataset:
    """Return what the figure needs of a recording's result: little, to hold thousands of them.

    Raises
    ------
    CanonicaError
        If `result` is not what canonica returns.
    """
    last = result["session"].to_numpy()[-_sessions_shown(result) :]
    shown = result[
        [
            "state_response",
            "mean_ensemble_response",
            *ERRORS,
            "weight_error",
            "free_energy",
            "accuracy",
            "complexity",
        ]
    ]
    recent = result["trial_session"].isin(last)
    responses = result[["response", "predicted_response"]].isel(trial=recent.to_numpy())
    weights = [name for name in result if str(name).endswith("_weight")]
    final = result[weights].isel(session=-1).drop_vars("session")
    part = xr.merge([shown, responses, final], compat="override", join="outer")
    part.attrs = {"initial_sessions": result.attrs["initial_sessions"]}
    return part.copy(deep=True)  # so that the whole result can be let go


def _sessions_shown(result: xr.Dataset) -> int:
    """Return how many of the last sessions are shown: of those that were forecast, 10 at most."""
    return min(LAST_SESSIONS, result.sizes["session"] - int(result.attrs["initial_sessions"]))


@of_results(parts=("session", "ensemble", "source_state", "initial_sessions"))
def condition_figure(condition: str, parts: Sequence[xr.Dataset]) -> Figure:
    """Return the figure of a condition: mean and standard deviation over its recordings.

    Parameters
    ----------
    condition : str
        Goes into the title.
    parts : sequence of xarray.Dataset
        `figure_part` of each result.

    Raises
    ------
    CanonicaError
        If `parts` is not what canonica returns, or another argument is not of the kind that the
        signature says.
    """
    ensembles = max(part.sizes["ensemble"] for part in parts)
    top_rows = math.ceil((ensembles + 1) / COLUMNS)
    figure = new_figure(15, 4.2 * (top_rows + 1))
    figure.suptitle(_title(condition, len(parts)) + "\n", parse_math=False)
    halves = figure.subfigures(2, 1, height_ratios=[top_rows, 1], squeeze=False)
    top, bottom = halves.ravel()

    series = _axes(top, top_rows, min(ensembles + 1, COLUMNS), ensembles + 1)
    comparisons = _axes(bottom, 1, COLUMNS, COLUMNS)
    axes = [*series[: ensembles + 1], *comparisons]
    draw_recording_panels(dict(zip(recording_panels(parts), axes, strict=True)), parts)
    letter(axes)
    return figure


def recording_panels(parts: Sequence[xr.Dataset]) -> list[str]:
    """Return the names of the panels that recordings have: one for each ensemble, and the rest."""
    ensembles = max(part.sizes["ensemble"] for part in parts)
    return [*(f"ensemble {number + 1}" for number in range(ensembles)), *PANELS]


def draw_recording_panels(axes: Mapping[str, Axes], parts: Sequence[xr.Dataset]) -> None:
    """Draw panels by their names, as `recording_panels` lists them, each on its axes."""
    of_ensembles = {
        int(name.split()[1]) - 1: axis for name, axis in axes.items() if name not in PANELS
    }
    if of_ensembles:
        _state_responses(of_ensembles, parts)
    for name, axis in axes.items():
        if name in PANELS:
            PANELS[name](axis, parts)
        if name not in ("responses", "weights"):
            _mark_initial_sessions(axis, parts[0])
            whole_numbers(axis)


def _title(condition: str, recordings: int) -> str:
    if recordings == 1:
        return f"{condition}: 1 recording. Grey: initial sessions"
    return (
        f"{condition}: {recordings} recordings. Lines are means, bands standard deviations over "
        "recordings; grey: initial sessions"
    )


def _axes(figure: SubFigure, rows: int, columns: int, used: int) -> list[Axes]:
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for spare in axes[used:]:
        spare.set_axis_off()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return list(axes)


def _stacked(parts: Sequence[xr.Dataset], name: str) -> xr.DataArray:
    return xr.concat([part[name] for part in parts], dim="recording", join="outer")


def _band(axis: Axes, values: xr.DataArray, *, colour: object, label: str) -> None:
    """Draw mean and standard deviation over recordings against the session."""
    mean, session = values.mean("recording"), values["session"]
    axis.plot(session, mean, color=colour, label=label, linewidth=1.5)
    if values.sizes["recording"] > 1:
        spread = values.std("recording", ddof=1)
        axis.fill_between(session, mean - spread, mean + spread, color=colour, alpha=0.12, lw=0)


def _mark_initial_sessions(axis: Axes, part: xr.Dataset) -> None:
    """Shade the sessions that thresholds and forecast are estimated from."""
    first, last = part["session"].to_numpy()[[0, int(part.attrs["initial_sessions"]) - 1]]
    axis.axvspan(first - 0.5, last + 0.5, color="0.93", zorder=-1, lw=0)


def _state_responses(axes: Mapping[int, Axes], parts: Sequence[xr.Dataset]) -> None:
    """Draw the ensembles that are numbered, from 0, each on its axes."""
    responses = _stacked(parts, "state_response")
    states = _legible([str(state) for state in responses["source_state"].to_numpy()])
    colours = STATE_COLOURS
    if len(states) > len(colours):
        colours = colormaps["viridis"](np.linspace(0, 0.95, len(states)))
    for number, axis in axes.items():
        for state, colour in zip(states, colours, strict=False):
            values = responses.isel(ensemble=number).sel(source_state=state)
            _band(axis, values, colour=colour, label=state)
        axis.set(
            title=f"Ensemble of source {number + 1}",
            xlabel="session",
            ylabel="normalised response",
            ylim=(0, 1),
        )
    first = axes[min(axes)]
    legend_below(first, columns=min(len(states), 4), title="state of sources 1, 2, …")


def _legible(states: Sequence[str]) -> Sequence[str]:
    """Return the states to draw: all of a few; of many, each source alone, all and none."""
    if len(states) <= len(STATE_COLOURS):
        return states
    return [state for state in states if state.count("1") in (0, 1, len(state))]


def _free_energy(axis: Axes, parts: Sequence[xr.Dataset]) -> None:
    curves = (
        ("free_energy", 1, "free energy F", BLACK),
        ("accuracy", -1, "\N{MINUS SIGN} accuracy", BLUE),
        ("complexity", 1, "complexity", VERMILION),
    )
    for name, sign, label, colour in curves:
        values = sign * _stacked(parts, name)
        _band(axis, values - values.isel(session=0), colour=colour, label=label)
    axis.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axis.set(
        title="F = complexity \N{MINUS SIGN} accuracy",
        xlabel="session",
        ylabel="change since the first session (nat)",
    )
    legend_below(axis, columns=3)


def _response_errors(axis: Axes, parts: Sequence[xr.Dataset]) -> None:
    for (name, legend), colour in zip(ERRORS.items(), ERROR_COLOURS, strict=False):
        _band(axis, _stacked(parts, name), colour=colour, label=legend)
    axis.set(title="Response error", xlabel="session", ylabel="mean squared error")
    axis.set_ylim(bottom=0)
    legend_below(axis)


def _weight_error(axis: Axes, parts: Sequence[xr.Dataset]) -> None:
    _band(axis, _stacked(parts, "weight_error"), colour=VERMILION, label="published forecast")
    axis.set(
        title="Weight error, published forecast",
        xlabel="session",
        ylabel="relative squared error",
    )
    axis.set_ylim(bottom=0)


def _observed_against_predicted_response(axis: Axes, parts: Sequence[xr.Dataset]) -> None:
    observed, predicted = (
        np.concatenate([part[name].to_numpy().ravel() for part in parts])
        for name in ("response", "predicted_response")
    )
    density = axis.hexbin(
        predicted, observed, gridsize=30, extent=(0, 1, 0, 1), bins="log", cmap="cividis"
    )
    axis.plot([0, 1], [0, 1], color=VERMILION, linewidth=1.2, linestyle="--")
    axis.set(
        xlabel="predicted response",
        ylabel="observed response",
        title="Responses, last sessions",
        aspect=1,
    )
    density_bar(density, axis, "trials")


def _observed_against_predicted_weight(axis: Axes, parts: Sequence[xr.Dataset]) -> None:
    limits = []
    for level, colour, marker in (("excitatory", VERMILION, "o"), ("inhibitory", BLUE, "s")):
        observed, predicted = (
            np.concatenate([part[f"{prefix}{level}_weight"].to_numpy().ravel() for part in parts])
            for prefix in ("", "predicted_")
        )
        step = math.ceil(len(observed) / POINTS)
        axis.scatter(
            predicted[::step],
            observed[::step],
            s=8,
            alpha=0.5,
            lw=0,
            c=colour,
            marker=marker,
            label=level,
        )
        limits += [observed.min(), observed.max(), predicted.min(), predicted.max()]
    ends = [min(limits), max(limits)]
    axis.plot(ends, ends, color="0.5", linewidth=1, linestyle="--")
    axis.set(xlabel="predicted weight", ylabel="observed weight", title="Weights, last session")
    legend_below(axis, columns=2)


Panel = Callable[[Axes, Sequence[xr.Dataset]], None]
PANELS: dict[str, Panel] = {
    "free energy": _free_energy,
    "responses": _observed_against_predicted_response,
    "response error": _response_errors,
    "weights": _observed_against_predicted_weight,
    "weight error": _weight_error,
}
