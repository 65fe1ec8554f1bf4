"""What lesions do, in pictures: doses, signatures, diagrams, and what comes back."""

import textwrap
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from canonica._errors import listed
from canonica._of_results import of_results
from canonica.report._style import (
    BLACK,
    BLUE,
    ORANGE,
    STATE_COLOURS,
    VERMILION,
    band,
    grid,
    legend_below,
    letter,
    new_figure,
    whole_numbers,
)

FURTHEST = 3.0  # standard deviations at which the colours of signatures end
WIDEST_RATIO = 20  # of strengths, from which on they are drawn on a logarithmic axis
MOST_COLUMNS = 4  # diagrams side by side


@of_results(found=("point", "network", "lesion", "strength", "neutral", "pictured"))
def dose_response_figure(found: xr.Dataset) -> Figure:
    """Return the figure of `canonica.studies.lesions.dose_response`: measures by lesions.

    Lines are means over networks, bands standard deviations; grey are the intact networks.
    """
    measures = found.attrs["pictured"].split()
    names, idle = _with_effect(found, measures)
    figure = new_figure(2.3 * len(names) + 0.9, 1.9 * len(measures) + 0.8)
    axes = grid(figure, len(measures), len(names))
    for row, measure in zip(axes, measures, strict=True):
        for axis, name in zip(row, names, strict=True):
            _dose_panel(axis, found, measure, name)
            axis.sharey(row[0])
            axis.tick_params(labelsize=8, labelleft=axis is row[0])
        row[0].set_ylabel(_wrapped(found[measure], 24), fontsize=8)
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title(name, fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("strength", fontsize=8)
    figure.suptitle(
        textwrap.fill(
            f"{found.sizes['network']} networks at each dose, {found.attrs['task']} task. Lines "
            "are means, bands standard deviations over networks; dashes and grey: intact." + idle,
            width=int(13 * figure.get_figwidth()),
        ),
        fontsize=9,
    )
    return figure


def _with_effect(found: xr.Dataset, measures: Sequence[str]) -> tuple[list[str], str]:
    """Return the lesions that change any of these measures, and a sentence that names the others.

    All are shown where none changes anything: that is then what there is to see.
    """
    lesion = found["lesion"].to_numpy()
    names = list(dict.fromkeys(str(name) for name in lesion[1:]))
    changes = [
        any(
            np.any(found[one].to_numpy()[lesion == name] != found[one][0].to_numpy())
            for one in measures
        )
        for name in names
    ]
    if not any(changes):
        return names, " No lesion has any effect."
    idle = [name for name, change in zip(names, changes, strict=True) if not change]
    shown = [name for name in names if name not in idle]
    return shown, f" Without any effect: {listed(idle)}." if idle else ""


def _dose_panel(axis: Axes, found: xr.Dataset, measure: str, name: str) -> None:
    values = found[measure].transpose("point", "network").to_numpy()
    mine = found["lesion"].to_numpy() == name
    # The intact networks are those of the neutral dose.
    strength = np.append(found["strength"].to_numpy()[mine], found["neutral"].to_numpy()[mine][0])
    order = np.argsort(strength)
    strength, own = strength[order], np.append(values[mine], values[:1], axis=0)[order]
    mean, spread = own.mean(axis=1), own.std(axis=1)
    intact, around = values[0].mean(), values[0].std()
    axis.axhspan(intact - around, intact + around, color="0.9", lw=0, zorder=0)
    axis.axhline(intact, color="0.4", linewidth=1, linestyle="--", zorder=1)
    axis.fill_between(strength, mean - spread, mean + spread, color=BLUE, alpha=0.2, lw=0)
    axis.plot(strength, mean, color=BLUE, marker="o", markersize=3, linewidth=1.3)
    positive = strength[strength > 0]
    if len(positive) > 1 and positive.max() / positive.min() > WIDEST_RATIO:
        axis.set_xscale("symlog", linthresh=float(positive.min()))


def _wrapped(values: xr.DataArray, width: int) -> str:
    """Return what a measure is, and its unit, in lines of a few words."""
    units = values.attrs["units"]
    words = str(values.attrs["long_name"]) + ("" if units == "1" else f" ({units})")
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


@of_results(found=("point", "measure", "effect", "low", "high", "lesion", "strength"))
def signatures_figure(found: xr.Dataset) -> Figure:
    """Return the table of signatures as a picture: doses of lesions by measures.

    Colours are differences from the intact networks in their standard deviations; a cross marks
    an interval that holds 0, or none for want of networks.
    """
    part = found.isel(point=slice(1, None))
    changes = (part["difference"] != 0).any("measure").to_numpy()
    lesions = part["lesion"].to_numpy()
    idle = [name for name in dict.fromkeys(lesions) if not changes[lesions == name].any()]
    if len(idle) < len(set(lesions)):
        part = part.isel(point=~np.isin(lesions, idle))
    effect = part["effect"].transpose("point", "measure").to_numpy()
    low, high = (part[name].transpose("point", "measure").to_numpy() for name in ("low", "high"))
    points, measures = effect.shape
    figure = new_figure(0.75 * measures + 3.6, 0.19 * points + 2.2)
    axis = figure.subplots()
    image = axis.imshow(
        np.clip(effect, -FURTHEST, FURTHEST),
        cmap="PuOr_r",
        norm=TwoSlopeNorm(0, -FURTHEST, FURTHEST),
        aspect="auto",
    )
    unsure = ~((low > 0) | (high < 0))
    rows, columns = np.nonzero(unsure)
    axis.scatter(columns, rows, marker="x", s=12, color="0.35", linewidths=0.8)
    lesions, strengths = part["lesion"].to_numpy(), part["strength"].to_numpy()
    labels = [f"{name}  {dose:g}" for name, dose in zip(lesions, strengths, strict=True)]
    axis.set_yticks(range(points), labels, fontsize=7)
    names = [str(name).replace("_", " ") for name in part["measure"].to_numpy()]
    axis.set_xticks(range(measures), names, rotation=40, ha="right", fontsize=8)
    for number in range(1, points):
        if lesions[number] != lesions[number - 1]:
            axis.axhline(number - 0.5, color="white", linewidth=2)
    bar = figure.colorbar(image, ax=axis, extend="both", shrink=0.6)
    bar.set_label("difference from intact\n(standard deviations of intact networks)", fontsize=8)
    axis.set_title(
        textwrap.fill(
            f"Signatures of lesions, {found.attrs['task']} task. \N{MULTIPLICATION SIGN}: chance "
            "not excluded." + (f" Without any effect: {listed(idle)}." if idle else ""),
            width=int(11 * figure.get_figwidth()),
        ),
        fontsize=9,
    )
    return figure


@of_results(borders=("first", "second", "mean", "probability", "measure", "level"))
def phase_diagram_figure(borders: Sequence[xr.Dataset]) -> Figure:
    """Return the figure of `canonica.studies.lesions.boundary`, a diagram for each measure.

    Colours are means over networks. The solid line is the boundary: where the mean of networks
    drawn anew is beyond the level as often as not; dashed lines where it is in 5 and 95 %.
    """
    rows = -(-len(borders) // MOST_COLUMNS)
    columns = -(-len(borders) // rows)
    figure = new_figure(3.6 * columns + 0.4, 3.5 * rows + 0.5)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, border in zip(axes, borders, strict=False):
        _diagram(axis, border)
    for axis in axes[len(borders) :]:
        axis.set_axis_off()
    letter(axes[: len(borders)])
    figure.suptitle(
        textwrap.fill(
            f"{borders[0].attrs['task'].capitalize()} task. Solid: boundary, halfway from intact "
            "to furthest; dashed: its 5 and 95 % limits by resampling networks; star: intact.",
            width=int(13 * figure.get_figwidth()),
        ),
        fontsize=9,
    )
    return figure


def _diagram(axis: Axes, border: xr.Dataset) -> None:
    mean = border["mean"].transpose("first", "second")
    probability = border["probability"].transpose("first", "second").to_numpy()
    image = axis.imshow(mean.to_numpy(), origin="lower", aspect="auto", cmap="cividis")
    some = probability.min() < 0.5 < probability.max() and min(probability.shape) > 1  # noqa: PLR2004
    if some:
        for level, style in ((0.05, "--"), (0.5, "-"), (0.95, "--")):
            if probability.min() < level < probability.max():
                axis.contour(
                    probability, [level], colors=VERMILION, linestyles=style, linewidths=1.4
                )
    for name, ticks, labels in (
        ("first", axis.set_yticks, axis.set_ylabel),
        ("second", axis.set_xticks, axis.set_xlabel),
    ):
        strengths = border[name].to_numpy()
        step = -(-len(strengths) // 7)
        places = np.arange(0, len(strengths), step)
        ticks(places, [f"{strengths[place]:.2g}" for place in places], fontsize=8)
        labels(str(border[name].attrs["long_name"]), fontsize=9)
    _star(axis, border)
    axis.set_title(_wrapped(mean, 34), fontsize=9)
    bar = axis.figure.colorbar(image, ax=axis, shrink=0.85)
    bar.ax.axhline(border.attrs["level"], color=VERMILION, linewidth=1.4)
    bar.ax.tick_params(labelsize=7)


def _star(axis: Axes, border: xr.Dataset) -> None:
    """Mark where neither lesion changes anything, if that is on the diagram."""
    places = []
    for name in ("second", "first"):
        strengths, neutral = border[name].to_numpy(), border[name].attrs["neutral"]
        if not strengths.min() <= neutral <= strengths.max():
            return
        places.append(np.interp(neutral, strengths, np.arange(len(strengths))))
    axis.plot(*places, marker="*", markersize=11, color=ORANGE, markeredgecolor=BLACK)


@of_results(found=("lesion", "trial", "network", "reward", "restored_after"))
def restoration_figure(found: xr.Dataset) -> Figure:
    """Return the figure of `canonica.studies.lesions.restoration`: reward, trial by trial.

    Lines are means over agents, bands standard deviations.
    """
    figure = new_figure(7, 4.2)
    axis = grid(figure, 1, 1)[0, 0]
    turn = int(found.attrs["restored_after"])
    axis.axvspan(0.5, turn + 0.5, color="0.93", lw=0, zorder=0)
    for name, colour in zip(found["lesion"].to_numpy(), STATE_COLOURS, strict=False):
        strength = float(found["strength"].sel(lesion=name))
        label = str(name) if name == "intact" else f"{name} {strength:g}, then restored"
        band(axis, found["reward"].sel(lesion=name), "network", colour=colour, label=label)
    axis.set(xlabel="trial", ylabel="share of rewarded pulls")
    axis.set_title(
        f"{found.sizes['network']} agents each; lesions in the grey trials, undone after them.\n"
        "Lines are means, bands standard deviations over agents",
        fontsize=9,
    )
    whole_numbers(axis)
    legend_below(axis, columns=3)
    return figure
