"""Simulated networks that separate sources, or fail to, in the manner of [NC23] Fig. 2."""

from collections.abc import Sequence
from typing import Any

import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._of_results import of_results
from canonica.report._style import (
    BLACK,
    BLUE,
    STATE_COLOURS,
    VERMILION,
    band,
    grid,
    legend_below,
    new_figure,
    whole_numbers,
)

MOST_STATES = 3  # hidden states with a panel of their own


@of_results(
    dataset=("state_prior", "state", "source", "sample", "posterior", "correlation", "source_state")
)
def separation_figure(dataset: xr.Dataset) -> Figure:
    """Return the figure of `canonica.simulate.separation`: a row for every state prior.

    Lines are means over samples, bands standard deviations.

    Raises
    ------
    CanonicaError
        If `dataset` is not what canonica returns.
    """
    priors = dataset["state_prior"].to_numpy()
    states = min(dataset.sizes["state"], MOST_STATES)
    figure = new_figure(3.6 * (states + 2), 3.1 * len(priors) + 0.4)
    samples = dataset.sizes["sample"]
    figure.suptitle(
        f"{samples} simulated network{'s' if samples > 1 else ''} at each state prior: "
        "lines are means, bands standard deviations over networks"
    )
    axes = grid(figure, len(priors), states + 2)
    for row, prior in zip(axes, priors, strict=True):
        part = dataset.sel(state_prior=prior)
        _posteriors(row[:states], part)
        _correlations(row[states], part)
        _free_energy(row[states + 1], part)
        row[0].set_ylabel(f"D[1] = {prior:g}\nmean posterior")
    for axis in axes[-1]:
        axis.set_xlabel("session")
    for axis in axes.ravel():
        whole_numbers(axis)
    legend_below(axes[-1, 0], columns=4, title="state of sources 1, 2, …", fontsize=8)
    for axis in axes[-1, states:]:
        legend_below(axis, fontsize=8)
    for axis, title in zip(
        axes[0],
        [
            *(f"Hidden state {number + 1}" for number in range(states)),
            "Posterior and source",
            "F = complexity \N{MINUS SIGN} accuracy",
        ],
        strict=True,
    ):
        axis.set_title(title)
    return figure


def _posteriors(axes: Sequence[Axes], part: xr.Dataset) -> None:
    labels = [str(label) for label in part["source_state"].to_numpy()]
    colours: Sequence[Any] = STATE_COLOURS
    if len(labels) > len(colours):
        ramp = colormaps["viridis"]
        colours = [ramp(0.95 * k / (len(labels) - 1)) for k in range(len(labels))]
    for number, axis in enumerate(axes):
        for label, colour in zip(labels, colours, strict=False):
            values = part["posterior"].isel(state=number).sel(source_state=label)
            band(axis, values, "sample", colour=colour, label=label)
        axis.set(ylim=(-0.02, 1.02))


def _correlations(axis: Axes, part: xr.Dataset) -> None:
    states, sources = part.sizes["state"], part.sizes["source"]
    own = [part["correlation"].isel(state=j, source=j) for j in range(states)]
    cross = [
        part["correlation"].isel(state=j, source=k)
        for j in range(states)
        for k in range(sources)
        if j != k
    ]
    for parts, colour, label in ((own, BLUE, "own source"), (cross, VERMILION, "other sources")):
        if parts:
            mean = xr.concat(
                [one.reset_coords(drop=True) for one in parts], dim="pair", join="override"
            ).mean("pair")
            band(axis, mean, "sample", colour=colour, label=label)
    axis.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axis.set(ylim=(-0.3, 1.05), ylabel="correlation")


def _free_energy(axis: Axes, part: xr.Dataset) -> None:
    curves = (
        ("free_energy", 1, "free energy F", BLACK),
        ("accuracy", -1, "\N{MINUS SIGN} accuracy", BLUE),
        ("complexity", 1, "complexity", VERMILION),
    )
    for name, sign, label, colour in curves:
        values = sign * part[name]
        band(axis, values - values.isel(session=0), "sample", colour=colour, label=label)
    axis.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axis.set(ylabel="change since session 1 (nat)")
