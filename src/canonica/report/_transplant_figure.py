"""What a decision prior foretells, beside what was observed, in the manner of [CB22] Fig. 5."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._of_results import of_results
from canonica.report._style import BLACK, BLUE, STATE_COLOURS, VERMILION, grid, new_figure

OFFSET = 0.12  # of a block, between predicted and observed


@of_results(
    found=("group", "estimated_first_move", "move", "agent", "true_prior_right", "max_steps"),
    summary=("block", "first_trial", "last_trial"),
)
def transplant_figure(found: xr.Dataset, summary: xr.Dataset) -> Figure:
    """Return the figure of `transplant` and its `transplant_summary`: a row for every group.

    First moves estimated, success rate and mean steps by blocks of trials; bars are 95 %
    intervals over agents, where there are enough of them.

    Raises
    ------
    CanonicaError
        If `found` or `summary` is not what canonica returns.
    """
    groups = found.sizes["group"]
    figure = new_figure(13, 3.3 * groups + 0.5)
    figure.suptitle(
        "Predicted from first decisions alone, by fresh agents in other mazes, and observed; "
        "bars are 95 % intervals over agents"
    )
    axes = grid(figure, groups, 3)
    for k, row in enumerate(axes):
        one, its = found.isel(group=k), summary.isel(group=k)
        _prior(row[0], one)
        _statistic(row[1], its, "success_rate", scale=100)
        _statistic(row[2], its, "mean_steps", scale=1)
        row[0].set_ylabel(f"{found['group'].to_numpy()[k]}\nshare of first moves", parse_math=False)
        row[1].set(ylabel="goal reached (%)", ylim=(-3, 103))
        row[2].set(ylabel="mean steps", ylim=(0, 1.05 * float(found.attrs["max_steps"])))
    titles = ("Estimated decision prior", "Success rate", "Steps; failed trials count all")
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    axes[-1, 0].set_xlabel("first move")
    for axis in axes[-1, 1:]:
        axis.set_xlabel("trials")
    axes[0, 0].legend(frameon=False, fontsize=8)
    axes[0, 1].legend(frameon=False, fontsize=8)
    return figure


def _prior(axis: Axes, one: xr.Dataset) -> None:
    estimated = one["estimated_first_move"].transpose("agent", "move").to_numpy()
    names = [str(move) for move in one["move"].to_numpy()]
    places = np.arange(len(names))
    across = np.linspace(-OFFSET, OFFSET, len(estimated)) if len(estimated) > 1 else np.zeros(1)
    for shift, values in zip(across, estimated, strict=True):
        label = "one agent" if shift == across[0] else None
        axis.plot(places + shift, values, "o", ms=3, color=STATE_COLOURS[6], label=label)
    axis.plot(places, estimated.mean(axis=0), "_", ms=26, mew=2, color=BLACK, label="mean")
    true = float(one["true_prior_right"])
    if not np.isnan(true):
        shares = [0.25, 0.25, 0.5 - true, true]
        axis.plot(places, shares, "x", ms=8, mew=1.5, color=VERMILION, label="truth")
    axis.set_xticks(places, names)
    axis.set_ylim(0, max(0.55, float(estimated.max()) * 1.1))
    axis.set_xlim(-0.5, len(names) - 0.5)


def _statistic(axis: Axes, its: xr.Dataset, name: str, *, scale: float) -> None:
    blocks = np.arange(its.sizes["block"])
    for kind, colour, marker, shift in (
        ("predicted", BLUE, "o", -OFFSET),
        ("observed", VERMILION, "s", OFFSET),
    ):
        values = its[f"{kind}_{name}"].to_numpy() * scale
        bounds = its[f"{kind}_{name}_interval"].to_numpy() * scale
        if np.isnan(values).all():
            continue
        place = blocks + shift
        axis.plot(place, values, marker, color=colour, ls="-", lw=1, label=kind, ms=5)
        axis.vlines(place, bounds[:, 0], bounds[:, 1], color=colour, lw=1.5)
    labels = _names(its["first_trial"].to_numpy().tolist(), its["last_trial"].to_numpy().tolist())
    axis.set_xticks(blocks, labels, fontsize=8)
    axis.set_xlim(-0.5, len(blocks) - 0.5)


def _names(first: Sequence[int], last: Sequence[int]) -> list[str]:
    return [str(a) if a == b else f"{a}-{b}" for a, b in zip(first, last, strict=True)]
