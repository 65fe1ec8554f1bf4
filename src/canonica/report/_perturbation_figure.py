"""How perturbed networks fail, and what their activity tells, in the manner of [NC20] Fig. 3, 4."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from canonica._errors import how_many
from canonica._of_results import of_results
from canonica.report._style import (
    BLACK,
    BLUE,
    ORANGE,
    VERMILION,
    band,
    grid,
    legend_below,
    new_figure,
)

NAMES = {
    "mean activity": "mean activity",
    "calibrated": "calibration",
    "none": "no estimate",
    "network": "network itself",
}
EXAMPLE = (0.05, 0.95)  # alphas whose trajectory is drawn, or the nearest to them


@of_results(
    scores=("sample", "source", "state", "alpha_correlation", "beta_correlation"),
    estimates=(
        "prediction_error",
        "estimated_alpha",
        "strength",
        "predicted_strength",
        "first_alpha",
        "second_alpha",
    ),
)
def perturbation_figure(scores: xr.Dataset, estimates: xr.Dataset) -> Figure:
    """Return the figure of `canonica.simulate.perturbation` and `alpha_from_activity`.

    Raises
    ------
    CanonicaError
        If `scores` or `estimates` is not what canonica returns.
    """
    figure = new_figure(13.5, 9.2)
    samples = scores.sizes["sample"]
    figure.suptitle(
        f"Top: {how_many(samples, 'network')} at each perturbation, mean and "
        "standard deviation. Bottom: "
        "synapses in a new random environment"
    )
    axes = grid(figure, 2, 3)
    for axis, kind, label in (
        (axes[0, 0], "alpha", "alpha: state prior in the threshold factors"),
        (axes[0, 1], "beta", "beta: standard deviation of synaptic bias"),
    ):
        _scores(axis, scores[f"{kind}_correlation"], label)
        legend_below(axis, columns=2)
    _estimates(axes[0, 2], estimates)
    _trajectory(axes[1, 0], estimates)
    errors = estimates["prediction_error"].isel(session=-1)
    shown = [errors.sel(estimate=name) for name in ("mean activity", "calibrated")]
    positive = [float(one.where(one > 0, np.inf).min()) for one in shown]
    lowest = min(max(min(positive), 1e-12), 1.0)
    # One colour where all errors are the same, as after a single session: none.
    norm = LogNorm(lowest, max(2 * lowest, *(float(one.max()) for one in shown)))
    for axis, one in zip(axes[1, 1:], shown, strict=True):
        axis.pcolormesh(
            one["first_alpha"], one["second_alpha"], one.T.clip(lowest), norm=norm, cmap="cividis"
        )
        axis.set(
            title=f"Prediction error, alpha by {NAMES[one['estimate'].item()]}",
            xlabel="alpha of ensemble 1",
            ylabel="alpha of ensemble 2",
            aspect=1,
        )
    figure.colorbar(
        ScalarMappable(norm, "cividis"),
        ax=axes[1, 1:],
        label="squared error of strengths, relative",
        shrink=0.9,
    )
    return figure


def _scores(axis: Axes, correlation: xr.DataArray, label: str) -> None:
    states = correlation.sizes["state"]
    own = np.eye(states, correlation.sizes["source"], dtype=bool)
    for member, colour, name in ((own, BLUE, "own source"), (~own, VERMILION, "other sources")):
        if member.any():
            mask = xr.DataArray(member, dims=("state", "source"))
            mean = correlation.where(mask).mean(("state", "source"))
            band(axis, mean, "sample", colour=colour, label=name)
    axis.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axis.set(
        xlabel=label,
        ylabel="correlation of posterior and source",
        ylim=(-0.6, 1.02),
        title="Separation",
    )


def _estimates(axis: Axes, estimates: xr.Dataset) -> None:
    true = estimates["first_alpha"].to_numpy()
    for name, colour, marker in (("mean activity", VERMILION, "o"), ("calibrated", BLUE, "D")):
        found = estimates["estimated_alpha"].sel(estimate=name)
        # Open and larger about closed and smaller: both are seen where they agree.
        for ensemble, face, size in ((1, "none", 8), (2, colour, 4)):
            other = {"second_alpha" if ensemble == 1 else "first_alpha": 0}
            axis.plot(
                true,
                found.sel(ensemble=ensemble).isel(other),
                marker,
                color=colour,
                markerfacecolor=face,
                markersize=size,
                label=f"{NAMES[name]}, ensemble {ensemble}",
            )
    axis.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1)
    axis.set(
        title="Alpha from mean activity alone",
        xlabel="true alpha",
        ylabel="estimated alpha",
        xlim=(0, 1),
        ylim=(0, 1),
        aspect=1,
    )
    legend_below(axis, columns=2)


def _trajectory(axis: Axes, estimates: xr.Dataset) -> None:
    """Draw two networks' paths, and those predicted: the wider beneath, so that none is hidden."""
    pair = dict(zip(("first_alpha", "second_alpha"), EXAMPLE, strict=True))
    one = estimates.sel(pair, method="nearest")
    predicted = one["predicted_strength"]
    curves = (
        ("none", predicted.sel(estimate="none"), ORANGE, 7.0),
        ("mean activity", predicted.sel(estimate="mean activity"), VERMILION, 4.2),
        ("calibrated", predicted.sel(estimate="calibrated"), BLUE, 2.4),
        ("network", one["strength"], BLACK, 1.0),
    )
    handles = []
    for name, values, colour, width in curves:
        for ensemble, style in ((1, "-"), (2, "--")):
            path = values.sel(ensemble=ensemble).transpose("session", "block").to_numpy()
            axis.plot(*path.T, style, color=colour, linewidth=width, label=f"_{name} {ensemble}")
            axis.plot(*path[-1], "o", color=colour, markersize=2.5 + 1.6 * width)
        handles.append(Line2D([], [], color=colour, linewidth=width, label=NAMES[name]))
    for ensemble, style in ((1, "-"), (2, "--")):
        alpha = one[("first_alpha", "second_alpha")[ensemble - 1]].item()
        label = f"ensemble {ensemble}, alpha {alpha:g}"
        handles += axis.plot([], [], style, color="0.4", label=label)
    axis.set(
        title="Synapses: the network's, and predicted",
        xlabel="strength from the first half of inputs",
        ylabel="strength from the second half",
    )
    axis.margins(0.08)
    legend_below(axis, columns=2, handles=handles)
