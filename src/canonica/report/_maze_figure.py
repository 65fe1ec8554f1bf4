"""Agents that learn to leave mazes, trial by trial, in the manner of [CB22] Figs. 4 and 5."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from canonica._of_results import of_results
from canonica.report._style import (
    BLACK,
    BLUE,
    ORANGE,
    SKY,
    VERMILION,
    band,
    grid,
    legend_below,
    new_figure,
)

MOVE_COLOURS = (SKY, BLUE, ORANGE, VERMILION)  # up, down, left, right
TENS = 10  # trials that are taken together


@of_results(
    result=(
        "maze",
        "trial",
        "steps",
        "reached",
        "shortest_path",
        "free_energy",
        "move",
        "first_move_frequency",
        "decision_prior",
        "estimated_decision_prior",
        "policy_moves",
        "agent",
        "prior_right",
        "max_steps",
    )
)
def maze_figure(result: xr.Dataset) -> Figure:
    """Return the figure of a maze experiment, of any number of mazes and trials.

    Parameters
    ----------
    result : xarray.Dataset
        As `canonica.agents.maze_experiment` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        Steps of each trial, success rate and mean steps by tens of trials (where there are more
        than ten), free energy, first moves, and the decision prior that is estimated from
        decisions beside the one given.

    Raises
    ------
    CanonicaError
        If `result` is not what canonica returns.
    """
    panels = [_steps, _success, _mean_steps, _free_energy, _first_moves, _decision_prior]
    if result.sizes["trial"] <= TENS:  # a single point of each says what the steps say
        panels = [panel for panel in panels if panel not in (_success, _mean_steps)]
    columns = len(panels) // 2
    figure = new_figure(5 * columns, 8.4)
    figure.suptitle(_title(result), linespacing=1.4)
    axes = grid(figure, 2, columns).ravel()
    for axis, panel in zip(axes, panels, strict=True):
        panel(axis, result)
    for axis in axes[:-1]:
        last = int(result["trial"][-1])
        axis.set(xlabel="trial", xlim=(0.5 - 0.02 * last, last + 0.5 + 0.02 * last))
        axis.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _title(result: xr.Dataset) -> str:
    mazes, trials = result.sizes["maze"], result.sizes["trial"]
    size = f"{result.sizes['row']} \N{MULTIPLICATION SIGN} {result.sizes['column']} cells"
    agent, prior = str(result.attrs["agent"]).capitalize(), result.attrs["prior_right"]
    where = f"{_number(mazes, 'maze')} of {size}, {_number(trials, 'trial')}"
    title = f"{agent} agent, prior of moving right {prior:g}: {where}"
    if mazes == 1:
        return title
    return f"{title} in each\nfaint lines and dots are single mazes, bands and bars as named"


def _number(count: int, name: str) -> str:
    return f"{count} {name}{'s' if count > 1 else ''}"


def _steps(axis: Axes, result: xr.Dataset) -> None:
    steps, trial = result["steps"].transpose("maze", "trial"), result["trial"]
    most = result.attrs["max_steps"]
    axis.axhline(most, color="0.6", linewidth=0.9, linestyle=":", zorder=0)
    axis.annotate(
        "time is up", (1, most), (0, 2), xycoords=axis.get_yaxis_transform(),
        textcoords="offset points", ha="right", va="bottom", color="0.4", fontsize=8,
    )  # fmt: skip
    if len(steps) > 1:
        axis.plot(trial, steps.T, color=BLUE, linewidth=0.6, alpha=min(0.35, 4 / len(steps)))
        low, high = steps.quantile([0.25, 0.75], "maze")
        axis.fill_between(trial, low, high, color=BLUE, alpha=0.2, lw=0, label="quartiles")
    label = "median over mazes" if len(steps) > 1 else "maze 1"
    mark = "o" if len(trial) == 1 else None
    axis.plot(trial, steps.median("maze"), color=BLUE, linewidth=2, label=label, marker=mark)
    axis.axhline(
        float(result["shortest_path"].median()),
        color=VERMILION, linewidth=1.2, linestyle="--", label="shortest path",
    )  # fmt: skip
    axis.set(title="Steps to the goal", ylabel="steps", yscale="log")
    axis.set_ylim(top=1.6 * most)
    _plain_ticks(axis)
    legend_below(axis, columns=3, fontsize=8)


def _plain_ticks(axis: Axes) -> None:
    """Label 1, 2 and 5 of every decade as plain numbers."""
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def _success(axis: Axes, result: xr.Dataset) -> None:
    _by_tens(axis, 100.0 * result["reached"], BLUE)
    axis.set(title="Goal reached, by tens of trials", ylabel="trials (%)", ylim=(-4, 104))


def _mean_steps(axis: Axes, result: xr.Dataset) -> None:
    _by_tens(axis, result["steps"], BLUE)
    most = result.attrs["max_steps"]
    axis.set(
        title="Mean steps, by tens of trials",
        ylabel=f"steps (goal not reached: {most:,})",
        ylim=(0, 1.04 * most),
    )
    axis.yaxis.set_major_formatter("{x:,.0f}")


def _by_tens(axis: Axes, values: xr.DataArray, colour: str) -> None:
    """Draw means of ten trials each: over all mazes, with quartiles, and of every maze."""
    trial = values["trial"].to_numpy()
    parts = [slice(first, first + TENS) for first in range(0, len(trial), TENS)]
    middle = np.array([trial[part].mean() for part in parts])
    of_maze = np.array([values.isel(trial=part).mean("trial") for part in parts])
    mean, mazes = of_maze.mean(axis=1), of_maze.shape[1]
    if mazes > 1:
        # Side by side within their ten trials, in the order of the mazes.
        aside = np.linspace(-0.3, 0.3, mazes) * min(TENS, len(trial))
        axis.scatter(
            (middle[:, None] + aside).ravel(), of_maze.ravel(), s=9, color=colour, alpha=0.3, lw=0
        )
        low, high = np.quantile(of_maze, [0.25, 0.75], axis=1)
        axis.vlines(middle, low, high, color=colour, linewidth=5, alpha=0.3, label="quartiles")
    label = "mean over mazes" if mazes > 1 else "mean of trials"
    axis.plot(middle, mean, "o-", color=colour, linewidth=2, markersize=5, label=label)
    legend_below(axis, columns=2, fontsize=8)


def _free_energy(axis: Axes, result: xr.Dataset) -> None:
    per_step = result["free_energy"] / result["steps"]
    band(axis, per_step, "maze", colour=BLACK, label="mean")
    axis.set(title="Free energy", ylabel="free energy (nat per step)")
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.margins(y=0.15)
    _say_spread(axis, result)


def _first_moves(axis: Axes, result: xr.Dataset) -> None:
    given = _of_first_move(result, result["decision_prior"].to_numpy())
    moves = [str(move) for move in result["move"].to_numpy()]
    for number, (move, colour) in enumerate(zip(moves, MOVE_COLOURS, strict=True)):
        values = 100 * result["first_move_frequency"].isel(move=number)
        band(axis, values, "maze", colour=colour, label=move)
    for share in np.unique(given.round(12)):
        label = "prior given" if share == given.round(12).min() else None
        axis.axhline(100 * share, color=BLACK, linewidth=0.9, linestyle="--", zorder=0, label=label)
    axis.set(title="First moves of the policies drawn", ylabel="decisions (%)")
    axis.margins(y=0.15)
    legend_below(axis, columns=5, fontsize=8, columnspacing=1)


def _decision_prior(axis: Axes, result: xr.Dataset) -> None:
    """Draw the prior by first moves: as given, and as estimated in every maze."""
    moves = [str(move) for move in result["move"].to_numpy()]
    estimates = result["estimated_decision_prior"].transpose("maze", "policy").to_numpy()
    estimated = 100 * np.array([_of_first_move(result, one) for one in estimates])
    given = 100 * _of_first_move(result, result["decision_prior"].to_numpy())
    place = np.arange(len(moves))
    axis.hlines(given, place - 0.4, place + 0.4, color=BLACK, linewidth=1.6, label="given")
    mazes = len(estimated)
    mean = estimated.mean(axis=0)
    if mazes > 1:
        aside = np.linspace(-0.3, 0.3, mazes)
        for number, colour in zip(place, MOVE_COLOURS, strict=True):
            axis.scatter(number + aside, estimated[:, number], s=12, color=colour, alpha=0.5, lw=0)
        spread = estimated.std(axis=0, ddof=1)
        axis.errorbar(
            place, mean, spread, fmt="none", ecolor="0.35", elinewidth=1.4, capsize=4,
            label="standard deviation over mazes", zorder=3,
        )  # fmt: skip
    axis.scatter(
        place, mean, s=60, c=MOVE_COLOURS, edgecolor="0.2", zorder=4,
        label="estimated from the first trial",
    )  # fmt: skip
    axis.set_xticks(place, moves)
    axis.set(
        title="Decision prior E, by first move",
        xlabel="first move",
        ylabel="prior probability (%)",
        xlim=(-0.6, len(moves) - 0.4),
    )
    axis.set_ylim(0, 1.05 * max(estimated.max(), given.max()))
    legend_below(axis, fontsize=8)


def _of_first_move(result: xr.Dataset, probability: np.ndarray) -> np.ndarray:
    """Return the probability of each first move."""
    first_move = result["policy_moves"].to_numpy()[:, 0]
    return np.bincount(first_move, probability, result.sizes["move"])


def _say_spread(axis: Axes, result: xr.Dataset) -> None:
    if result.sizes["maze"] > 1:
        axis.annotate(
            "mean and standard deviation over mazes", (0.98, 0.97), xycoords="axes fraction",
            ha="right", va="top", color="0.3", fontsize=8,
        )  # fmt: skip
