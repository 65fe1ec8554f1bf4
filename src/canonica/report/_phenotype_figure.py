"""Parameters of subjects, by group, with their intervals."""

import math

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from canonica._of_results import of_results
from canonica.report._forecast_table import shortened
from canonica.report._style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    letter,
    new_figure,
)

COLOURS = (BLACK, VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY)
ACROSS = 2
RATIOS = {  # parameters that act as factors, on a logarithmic scale
    "policy precision", "plasticity", "gain modulation", "loss modulation", "sensory precision",
    "transition precision", "inverse temperature",
}  # fmt: skip
LONGEST = 60  # subjects whose names are shown
UNITS = {
    "forgetting": "share forgotten at each choice",
    "learning rate": "share of the error",
    "policy prior": "E of the first option, from -1 to 1",
    "habit": "from -1 to 1",
    "stickiness": "nat",
    "inverse temperature": "nat per outcome",
    "stay after gain": "probability",
    "stay after loss": "probability",
}


@of_results(found=("subject", "parameter", "estimate", "low", "high", "identified", "group"))
def phenotype_figure(found: xr.Dataset) -> Figure:
    """Return a panel for each parameter: subjects in the order of estimates, group by group.

    Parameters
    ----------
    found : xarray.Dataset
        As `canonica.phenotype` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        Filled marks are identified, open ones are not; a line is the median of a group.

    Raises
    ------
    CanonicaError
        If what is given is no phenotype.

    Examples
    --------
    >>> from canonica import phenotype
    >>> from canonica.studies import simulated_choices
    >>> found = phenotype(simulated_choices(0, subjects=2, trials=6), model="rescorla-wagner")
    >>> len(phenotype_figure(found).axes)
    3
    """
    names = [str(name) for name in found["parameter"].to_numpy()]
    rows, columns = math.ceil(len(names) / ACROSS), min(ACROSS, len(names))
    subjects = found.sizes["subject"]
    figure = new_figure(6.5 * columns, (1.6 + 0.2 * min(max(subjects, 8), LONGEST)) * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        _panel(axis, found.sel(parameter=name), name)
    for spare in axes[len(names) :]:
        spare.remove()
    used = axes[: len(names)]
    letter(used)
    level = 100 * float(found.attrs.get("level", 0.9))
    figure.suptitle(
        f"{shortened(str(found.attrs.get('model', 'model')))}: estimates of subjects, "
        f"{level:g} % intervals; open marks: not identified",
        fontsize=11,
        parse_math=False,
    )
    return figure


def _panel(axis: Axes, one: xr.Dataset, name: str) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    groups = list(dict.fromkeys(one["group"].to_numpy().tolist()))
    place, labels = 0, []
    for number, group in enumerate(groups):
        part = one.isel(subject=np.flatnonzero(one["group"].to_numpy() == group))
        part = part.isel(subject=np.argsort(part["estimate"].to_numpy(), kind="stable"))
        at = place + np.arange(part.sizes["subject"])
        colour = COLOURS[number % len(COLOURS)]
        estimate, low, high = (part[key].to_numpy() for key in ("estimate", "low", "high"))
        axis.hlines(at, low, high, color=colour, linewidth=1.2)
        known = part["identified"].to_numpy()
        axis.plot(estimate[known], at[known], "o", color=colour, markersize=5)
        axis.plot(estimate[~known], at[~known], "o", mec=colour, mfc="white", markersize=5)
        if len(groups) > 1:
            axis.vlines(
                np.median(estimate), at[0] - 0.4, at[-1] + 0.4, color=colour, linewidth=2.5,
                alpha=0.4, label=f"{shortened(str(group))} (median)",
            )  # fmt: skip
        labels += [shortened(str(subject)) for subject in part["subject"].to_numpy()]
        place = at[-1] + 2
        labels.append("")
    ticks = np.arange(len(labels))
    shown = [label != "" for label in labels]
    few = len(labels) <= LONGEST
    axis.set_yticks(
        ticks[shown] if few else [],
        [label for label in labels if label] if few else [],
        fontsize=7,
        parse_math=False,
    )
    unit = UNITS.get(name, "ratio to the intact agent")
    axis.set(
        xlabel=f"{name} ({unit})",
        ylabel="subject, in the order of estimates",
    )
    title = f"{name} ({one['symbol'].item()})" if "symbol" in one.coords else name
    axis.set_title(title, loc="left")
    if name in RATIOS:
        _ratios(axis)
    if len(groups) > 1:
        axis.legend(
            frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=2,
            borderaxespad=0,
        )  # fmt: skip


def _ratios(axis: Axes) -> None:
    """Have a logarithmic scale, with a line at what the intact agent has."""
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.axvline(1, color="0.8", linewidth=0.8, zorder=0)
