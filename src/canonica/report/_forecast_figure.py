"""What was foretold and what came: responses with their bands, errors, and coverage."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from canonica._errors import how_many
from canonica._of_results import of_results
from canonica.report._forecast_table import recording_scores, shortened
from canonica.report._style import STATE_COLOURS, legend_below, letter, new_figure, whole_numbers

ENSEMBLES = 4  # shown at most
RECORDINGS = 3  # shown at most
MARKERS = "osD^vP*X<>ph"  # as well as colours: each model has its own
WIDEST = 5.5  # points, of the first model's line
MARKS = 6  # of a model in a panel, about
BANDS = ((0.05, 0.95, 0.12), (0.25, 0.75, 0.22))  # quantiles, and how opaque
POINTS: dict[str, Any] = {"markersize": 3.8, "markeredgecolor": "white", "markeredgewidth": 0.4}
SHADE = "0.93"


@of_results(forecast=("session", "source_state", "name"), scores=("model",))
def forecast_part(
    forecast: xr.Dataset, state_response: np.ndarray, scores: xr.Dataset
) -> xr.Dataset:
    """Return what the figure needs of a recording: little, to hold thousands of them.

    Parameters
    ----------
    forecast : xarray.Dataset
        Forecast of the model that was chosen.
    state_response : (session, ensemble, source_state)
        Observed mean responses, missing where a state was not shown.
    scores : xarray.Dataset
        Of every model, the chosen one first: (model, ...).

    Raises
    ------
    CanonicaError
        If `forecast` or `scores` is not what canonica returns, or another argument is not of the
        kind that the signature says.
    """
    part = forecast[["predicted_state_response_quantile"]].merge(
        scores[["squared_error", "coverage"]], compat="override", combine_attrs="drop"
    )
    dims = ("session", "ensemble", "source_state")
    part["state_response"] = (dims, state_response)
    model = str(scores["model"].to_numpy()[0])
    error = recording_scores(scores)[model]["squared_error"]
    part.attrs = {"name": forecast.attrs["name"], "model": model, "error": error}
    return part.copy(deep=True)  # so that the whole forecast can be let go


@of_results(parts=("session", "ensemble", "horizon", "state_response", "model", "name", "error"))
def forecast_figure(condition: str, parts: Sequence[xr.Dataset]) -> Figure:
    """Return the figure of a condition's forecasts beside what was observed.

    Parameters
    ----------
    condition : str
        Goes into the title.
    parts : sequence of xarray.Dataset
        `forecast_part` of each recording.

    Raises
    ------
    CanonicaError
        If `parts` is not what canonica returns, or another argument is not of the kind that the
        signature says.
    """
    shown = _shown(parts)
    ensembles = max(part.sizes["ensemble"] for part in parts)
    rows = min(ensembles, ENSEMBLES)
    figure = new_figure(15, 3.1 * rows + 4.6)
    figure.suptitle(_title(condition, parts, ensembles) + "\n", parse_math=False)
    halves = figure.subfigures(2, 1, height_ratios=[3.1 * rows, 4.0], squeeze=False)
    top, bottom = halves.ravel()
    axes = _axes(top, rows, len(shown))
    colours = _state_colours([part for _, part in shown])
    for column, (words, part) in zip(axes.T, shown, strict=True):
        _responses(column, part, words, colours)
    _legends(top, colours)
    if len(parts) > 1:
        bottom.suptitle(f"Medians over {how_many(len(parts), 'recording')}", fontsize="medium")
    below = _axes(bottom, 1, len(SCORES))[0]
    for axis, draw in zip(below, SCORES.values(), strict=True):
        draw(axis, parts)
    letter([*axes.ravel(), *below])
    axes = below
    handles = [line for line in axes[0].get_lines() if not str(line.get_label()).startswith("_")]
    bottom.legend(
        handles=handles,
        loc="outside right center",
        frameon=False,
        title="model",
        alignment="left",
        handlelength=5,
    )
    return figure


def _title(condition: str, parts: Sequence[xr.Dataset], ensembles: int) -> str:
    count = f"{len(parts)} recording{'s' if len(parts) > 1 else ''}"
    more = f"; first {ENSEMBLES} of {ensembles} ensembles" if ensembles > ENSEMBLES else ""
    return f"{condition}: {count}, forecast by the model {parts[0].attrs['model']}{more}"


def _axes(figure: SubFigure, rows: int, columns: int) -> np.ndarray:
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.ravel():
        axis.spines[["top", "right"]].set_visible(False)
    return axes


def _shown(parts: Sequence[xr.Dataset]) -> list[tuple[str, xr.Dataset]]:
    """Return the recordings with the lowest, median and highest error, and which each is."""
    ordered = sorted(parts, key=lambda part: part.attrs["error"])
    if len(ordered) == 1:
        return [("squared error", ordered[0])]
    lowest, highest = ("lowest squared error", ordered[0]), ("highest squared error", ordered[-1])
    if len(ordered) < RECORDINGS:
        return [lowest, highest]
    return [lowest, ("median squared error", ordered[(len(ordered) - 1) // 2]), highest]


def _responses(
    axes: Sequence[Axes], part: xr.Dataset, words: str, colours: Mapping[str, Any]
) -> None:
    """Draw one recording, an ensemble on each of the axes."""
    drawn = axes[: part.sizes["ensemble"]]
    for spare in axes[len(drawn) :]:
        spare.set_axis_off()
    for number, axis in enumerate(drawn):
        _ensemble(axis, part, number, colours)
    drawn[-1].set_xlabel("session")
    name = f"{shortened(part.attrs['name'])}\n{words} {part.attrs['error']:.4f}"
    axes[0].set_title(f"{name}\n{axes[0].get_title()}", fontsize=10, parse_math=False)


def _ensemble(axis: Axes, part: xr.Dataset, number: int, colours: Mapping[str, Any]) -> None:
    """Draw observed means as points, and their forecast as lines and bands."""
    session, initial = part["session"].to_numpy(), int((part["horizon"] <= 0).sum())
    states = [str(state) for state in part["source_state"].to_numpy()]
    quantiles = part["predicted_state_response_quantile"].isel(ensemble=number)
    for state in (state for state in colours if state in states):
        colour = colours[state]
        foretold = quantiles.sel(source_state=state)
        for low, high, opacity in BANDS:
            lower, upper = (foretold.sel(quantile=end).to_numpy() for end in (low, high))
            axis.fill_between(session, lower, upper, color=colour, alpha=opacity, lw=0)
        axis.plot(session, foretold.sel(quantile=0.5), color=colour, linewidth=1.2, label=state)
        observed = part["state_response"].isel(ensemble=number).sel(source_state=state)
        axis.plot(session, observed, "o", color=colour, **POINTS, label=f"_{state}")
    axis.axvspan(session[0] - 0.5, session[initial - 1] + 0.5, color=SHADE, zorder=-1, lw=0)
    axis.set(ylim=(0, 1), ylabel="normalised response")
    whole_numbers(axis)
    axis.set_title(f"Ensemble of source {number + 1}", fontsize=10)


def forecast_panels(part: xr.Dataset) -> list[str]:
    """Return the names of the panels that a recording's forecast has."""
    return [*(f"ensemble {number + 1}" for number in range(part.sizes["ensemble"])), *SCORES]


def draw_forecast_panels(axes: Mapping[str, Axes], part: xr.Dataset) -> None:
    """Draw panels by their names, as `forecast_panels` lists them, each on its axes."""
    for name, axis in axes.items():
        if name in SCORES:
            SCORES[name](axis, [part])
            legend_below(axis, columns=2, title="model")
        else:
            _ensemble(axis, part, int(name.split()[1]) - 1, _state_colours([part]))
            axis.set_xlabel("session")
            legend_below(axis, columns=4, title="state of sources 1, 2, …; points: observed")


def _state_colours(parts: Sequence[xr.Dataset]) -> dict[str, Any]:
    """Return a colour for each state to draw: all of a few; of many, each alone, all and none."""
    every = {str(state) for part in parts for state in part["source_state"].to_numpy()}
    states = sorted(every, reverse=True)
    if len(states) > len(STATE_COLOURS):
        states = [state for state in states if state.count("1") in (0, 1, len(state))]
    if len(states) <= len(STATE_COLOURS):
        return dict(zip(states, STATE_COLOURS, strict=False))
    return dict(zip(states, colormaps["viridis"](np.linspace(0, 0.95, len(states))), strict=True))


def _legends(figure: SubFigure, colours: Mapping[str, Any]) -> None:
    """Explain the colours, and what point, line, bands and shade are."""
    states = [
        Line2D([], [], color=colour, linewidth=3, label=state) for state, colour in colours.items()
    ]
    grey: dict[str, Any] = {"color": "0.3"}
    signs = [
        Line2D([], [], **grey, **POINTS, marker="o", linestyle="", label="observed"),
        Line2D([], [], **grey, linewidth=1.2, label="forecast, median"),
        Line2D([], [], **grey, alpha=0.4, linewidth=7, label="50 % interval"),
        Line2D([], [], **grey, alpha=0.15, linewidth=7, label="90 % interval"),
        Line2D([], [], color=SHADE, linewidth=7, label="initial sessions"),
    ]
    shared: dict[str, Any] = {"frameon": False, "alignment": "left"}
    title = "state of sources 1, 2, …"
    figure.legend(handles=states, loc="outside right upper", title=title, **shared)
    figure.legend(handles=signs, loc="outside right lower", title="mean of a session", **shared)


def _by_horizon(parts: Sequence[xr.Dataset], name: str) -> xr.DataArray:
    """Return the median over recordings of a score, (model, ..., horizon), of what was forecast."""
    later = [
        part[name].swap_dims(session="horizon").drop_vars("session").sel(horizon=slice(1, None))
        for part in parts
    ]
    return xr.concat(later, dim="recording", join="outer").median("recording", skipna=True)


def _lines(axis: Axes, values: xr.DataArray) -> None:
    """Draw (model, horizon), each to be seen where others lie on it.

    The first model is a wide line beneath. The others get narrower, every other one is dashed, and
    each has its marker, at sessions of its own.
    """
    axis.set_xlim(0.5, float(values["horizon"][-1]) + 0.5)
    whole_numbers(axis)
    models = [str(model) for model in values["model"].to_numpy()]
    widths = [WIDEST, *np.linspace(3.2, 1.2, max(len(models) - 1, 1))]
    every = max(len(models) // 2, values.sizes["horizon"] // MARKS, 1)
    for number, model in enumerate(models):
        first = number == 0
        axis.plot(
            values["horizon"],
            values.sel(model=model),
            color=STATE_COLOURS[number % len(STATE_COLOURS)],
            linestyle=("-", (0, (5, 2)))[number % 2],
            linewidth=widths[number],
            alpha=0.55 if first else 1,
            marker=MARKERS[number % len(MARKERS)],
            markersize=8 if first else 6,
            markevery=(number % every, every),
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=2 + 0.01 * number,
            label=model,
        )


def _errors(axis: Axes, parts: Sequence[xr.Dataset]) -> None:
    _lines(axis, _by_horizon(parts, "squared_error"))
    axis.set(
        title="Error",
        xlabel="sessions after the initial ones",
        ylabel="mean squared error",
    )
    axis.set_ylim(bottom=0)


def _coverage(axis: Axes, parts: Sequence[xr.Dataset], level: float) -> None:
    axis.axhline(level, color="0.4", linestyle=":", linewidth=1.8, label="_nominal")
    _lines(axis, _by_horizon(parts, "coverage").sel(level=level))
    axis.set(
        title=f"Coverage of {100 * level:g} % intervals; dotted: nominal",
        xlabel="sessions after the initial ones",
        ylabel="share of responses covered",
        ylim=(0, 1.02),
    )


SCORES: dict[str, Callable[[Axes, Sequence[xr.Dataset]], None]] = {
    "error": _errors,
    "coverage of 50 %": partial(_coverage, level=0.5),
    "coverage of 90 %": partial(_coverage, level=0.9),
}
