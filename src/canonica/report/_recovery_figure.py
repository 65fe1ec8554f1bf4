"""How well the published estimator recovers networks that are known, in one figure."""

import math

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._of_results import of_results
from canonica.report._style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    VERMILION,
    density_bar,
    grid,
    new_figure,
)
from canonica.studies import recovery_summary

ACTIVITY_COLOURS = {"posterior": BLACK, "normalised": ORANGE}
ASSUMED_COLOURS = {
    "protocol": VERMILION,
    "true prior strength": BLUE,
    "true initial counts": GREEN,
}
ASSUMED_MARKERS = {"protocol": "o", "true prior strength": "s", "true initial counts": "^"}
MOST_SHOWN = 3  # noise levels in the bars
POINTS = 4000  # drawn at most of each kind


@of_results(
    found=(
        "noise",
        "threshold_factor",
        "true_threshold_factor",
        "strength",
        "true_strength",
        "prior_strength",
        "nominal_coverage",
    )
)
def recovery_figure(found: xr.Dataset, *, noise: float | None = None) -> Figure:
    """Return truth against estimate, bias and spread against prior strength, and coverage.

    Parameters
    ----------
    found : xarray.Dataset
        As `canonica.studies.recovery` returns it.
    noise : float, optional
        Which of its noise levels to show, the nearest there is; by default the second, or the only
        one. Coverage is shown at the first three.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    CanonicaError
        If what is given is no recovery study.

    Examples
    --------
    >>> from canonica.studies import recovery
    >>> found = recovery(0, draws=4, sessions=12, trials_per_session=32, noise=[0.0])
    >>> len(recovery_figure(found).axes)
    8
    """
    levels = found["noise"].to_numpy()
    wanted = levels[min(1, len(levels) - 1)] if noise is None else noise
    shown = found.sel(noise=wanted, method="nearest")
    figure = new_figure(15, 9)
    figure.suptitle(
        f"Recovery of {found.sizes['draw']} simulated networks, noise {float(shown['noise']):g}"
    )
    axes = grid(figure, 2, 3)
    _threshold_factors(axes[0, 0], shown)
    for axis, activity in zip(axes[0, 1:], ACTIVITY_COLOURS, strict=True):
        _strengths(axis, shown, activity)
    _against_prior_strength(axes[1, 0], shown, "strength_slope", ideal=1)
    axes[1, 0].set(title="Bias of strengths, draw by draw", ylabel="slope of estimate on truth")
    _against_prior_strength(axes[1, 1], shown, "strength_spread", ideal=0)
    axes[1, 1].set(title="Spread of strengths, draw by draw", ylabel="standard deviation of error")
    _coverage(axes[1, 2], found)
    return figure


def _identity(axis: Axes, low: float, high: float) -> None:
    axis.plot([low, high], [low, high], color=VERMILION, linewidth=1.2, linestyle="--")
    axis.set(xlim=(low, high), ylim=(low, high), aspect=1)


def _threshold_factors(axis: Axes, shown: xr.Dataset) -> None:
    """Draw both levels of both activities: they are mirror images."""
    truth = shown["true_threshold_factor"].to_numpy().ravel()
    step = math.ceil(len(truth) / POINTS)
    ends = [truth]
    for activity, colour in reversed(ACTIVITY_COLOURS.items()):
        estimate = shown["threshold_factor"].sel(activity=activity).to_numpy().ravel()
        axis.scatter(
            truth[::step], estimate[::step], s=6, alpha=0.5, lw=0, c=colour, label=activity
        )
        ends.append(estimate)
    values = np.concatenate(ends)
    _identity(axis, values.min() - 0.05, values.max() + 0.05)
    axis.set(
        title="Firing threshold factors",
        xlabel="true ln D",
        ylabel="estimated: ln of mean activity",
    )
    axis.legend(title="activity", frameon=False, markerscale=2)


def _strengths(axis: Axes, shown: xr.Dataset, activity: str) -> None:
    estimate = shown["strength"].sel(activity=activity, assumed="protocol")
    density = axis.hexbin(
        shown["true_strength"].to_numpy().ravel(),
        estimate.to_numpy().ravel(),
        gridsize=40,
        extent=(0, 1, 0, 1),
        bins="log",
        cmap="cividis",
        mincnt=1,
    )
    _identity(axis, 0, 1)
    axis.set(
        title=f"Synaptic strengths: {activity}",
        xlabel="true sigmoid(W), last session",
        ylabel=f"estimated, prior strength {shown.attrs['prior_strength']:g}",
    )
    density_bar(density, axis, "synapses")


def _against_prior_strength(axis: Axes, shown: xr.Dataset, name: str, *, ideal: float) -> None:
    for assumed, colour in ASSUMED_COLOURS.items():
        values = shown[name].sel(activity="posterior", assumed=assumed)
        axis.scatter(
            shown["prior_strength"],
            values,
            s=10,
            alpha=0.5,
            lw=0,
            c=colour,
            marker=ASSUMED_MARKERS[assumed],
            label=assumed,
        )
    axis.axhline(ideal, color="0.5", linewidth=1, linestyle="--", zorder=0)
    axis.axvline(shown.attrs["prior_strength"], color="0.8", linewidth=1, zorder=0)
    axis.set(xscale="log", xlabel="true prior strength")
    axis.legend(title="assumed (activity: posterior)", frameon=False, markerscale=2)


def _coverage(axis: Axes, found: xr.Dataset) -> None:
    """Draw the share inside nominal intervals, for the activity as it is."""
    summary = recovery_summary(found).sel(activity="posterior")
    noise = found["noise"].to_numpy()[:MOST_SHOWN]
    rows = [("threshold factor", summary["threshold_factor_coverage"])]
    rows += [
        (f"{assumed},\n{interval}", by_assumed.sel(interval=interval))
        for assumed in ASSUMED_COLOURS
        for by_assumed in [summary["strength_coverage"].sel(assumed=assumed)]
        for interval in found["interval"].to_numpy()
    ]
    height = 0.8 / len(noise)
    places = np.arange(len(rows))[::-1]
    for number, (level, shade) in enumerate(zip(noise, ("0.75", "0.5", "0.2"), strict=False)):
        shares = [float(values.sel(noise=level)) for _, values in rows]
        offset = (number - (len(noise) - 1) / 2) * height
        axis.barh(places - offset, shares, height, color=shade, label=f"{level:g}")
    axis.axvline(found.attrs["nominal_coverage"], color=VERMILION, linewidth=1.2, linestyle="--")
    axis.set_yticks(places, [label for label, _ in rows])
    axis.set(xlim=(0, 1), xlabel="share of true values inside", title="Coverage of 95 % intervals")
    axis.legend(title="noise", frameon=False, loc="upper right", bbox_to_anchor=(0.94, 1))
