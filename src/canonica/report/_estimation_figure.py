"""Conditions compared: every culture drawn, and beside it the effect with its interval."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._arguments import checked_arguments
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
from canonica.reverse_engineering.conditions import QUANTITIES, Comparison, StudyDesign

COLOURS = (BLACK, VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY)
MARKERS = "osD^vP*"  # as well as colours: each condition has its own
ACROSS = 2  # quantities in a row
HEIGHT = 2.9  # inches of a row
WITHOUT_DIRECTION = ("any difference", "interaction")  # no one effect that could be drawn
SPREAD = 0.28  # of cultures about the place of their condition


@checked_arguments
def estimation_figure(
    table: pd.DataFrame, comparisons: Sequence[Comparison], design: StudyDesign
) -> Figure:
    """Return an estimation plot: for each quantity all cultures, and effects with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        A row for each culture.
    comparisons : sequence of Comparison
        What was found; quantities without a comparison are drawn without an effect.
    design : StudyDesign
        Says which condition is the reference.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    References
    ----------
    Ho, Tumkaya, Aryal, Choi & Claridge-Chang, Nature Methods 16, 2019.
    """
    names = compared_quantities(table, comparisons)
    rows = math.ceil(len(names) / ACROSS)
    figure = new_figure(13, HEIGHT * rows + 0.6)
    axes = figure.subplots(rows, 2 * ACROSS, squeeze=False, width_ratios=[3, 2] * ACROSS)
    for axis in axes.ravel():
        axis.spines[["top", "right"]].set_visible(False)
    for place, name in enumerate(names):
        row, column = divmod(place, ACROSS)
        left, right = axes[row, 2 * column : 2 * column + 2]
        draw_quantity(name, (left, right), table, comparisons, design=design)
    letter(axes[:, ::2].ravel()[: len(names)])
    for axis in axes.ravel()[2 * len(names) :]:
        axis.set_visible(False)
    return figure


def compared_quantities(table: pd.DataFrame, comparisons: Sequence[Comparison]) -> list[str]:
    """Return the quantities that were compared; where none was, those that are known."""
    there = [name for name in QUANTITIES if name in table]
    known = [name for name in there if np.isfinite(table[name].to_numpy(float)).any()]
    return list(dict.fromkeys(one.quantity for one in comparisons)) or known


def draw_quantity(
    name: str,
    axes: tuple[Axes, Axes],
    table: pd.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    design: StudyDesign,
) -> None:
    """Draw all cultures on the first axes, and effects with their intervals on the second."""
    _cultures(axes[0], table, name, _groups(table, design), design)
    found = [one for one in comparisons if one.quantity == name]
    overall = "\n".join(_overall(one) for one in found if one.kind in WITHOUT_DIRECTION)
    if overall:
        axes[0].text(0.98, 0.98, overall, transform=axes[0].transAxes, ha="right", va="top",
                     fontsize=7, color="0.3", parse_math=False)  # fmt: skip
        axes[0].margins(y=0.25)
    _effects(axes[1], [one for one in found if one.low is not None])


def _groups(table: pd.DataFrame, design: StudyDesign) -> dict[str, np.ndarray]:
    """Return which rows are of each group: a condition, or a combination of two factors."""
    if not design.factors:
        return {name: (table["condition"] == name).to_numpy() for name in design.conditions}
    labels = table[list(design.factors)].astype(str).agg(", ".join, axis=1)
    return {name: (labels == name).to_numpy() for name in sorted(set(labels))}


def _cultures(
    axis: Axes,
    table: pd.DataFrame,
    name: str,
    groups: dict[str, np.ndarray],
    design: StudyDesign,
) -> None:
    values = table[name].to_numpy(float)
    places = np.full(len(values), np.nan)
    for number, members in enumerate(groups.values()):
        own = np.flatnonzero(members)
        order = own[np.argsort(values[own])]
        # In the order of their values, so that none hides another.
        places[order] = number + (np.linspace(-SPREAD, SPREAD, len(own)) if len(own) > 1 else 0)
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        axis.plot(
            places[own], values[own], marker, color=colour, markersize=5, alpha=0.75, zorder=3
        )
        mean = np.nanmean(values[own]) if np.isfinite(values[own]).any() else np.nan
        axis.hlines(mean, number - 0.4, number + 0.4, color=colour, lw=1.8, zorder=2)
    for column in set(design.groupings) & {"pair", "culture"}:
        for label in set(table[column].dropna()):
            same = np.flatnonzero(table[column].to_numpy() == label)
            same = same[np.argsort(places[same])]
            axis.plot(places[same], values[same], color="0.75", lw=0.8, zorder=1)
    labels = [f"{shortened(label)}\nn = {members.sum()}" for label, members in groups.items()]
    axis.set_xticks(range(len(groups)), labels, fontsize=8, parse_math=False)
    label, unit = QUANTITIES[name]
    axis.set_title(label, fontsize=9, loc="left")
    axis.set_ylabel(unit if unit != "1" else "value", fontsize=9)


def _effects(axis: Axes, found: Sequence[Comparison]) -> None:
    """Draw differences from the reference, and slopes over doses, with intervals."""
    if not found:
        axis.set_axis_off()
        return
    for place, one in enumerate(found):
        colour = BLACK if one.differs else "0.45"
        face = colour if one.differs else "white"
        ends = np.array([one.low, one.high], float)
        axis.plot([place, place], ends, color=colour, lw=2.2 if one.differs else 1.4)
        effect = np.array([one.effect], float)
        axis.plot([place], effect, "o", color=colour, markerfacecolor=face, markersize=7)
    axis.axhline(0, color="0.7", lw=0.8, zorder=0)
    axis.set_xticks(range(len(found)), [_words(one) for one in found], fontsize=7, parse_math=False)
    axis.set_xlim(-0.6, len(found) - 0.4)
    levels = sorted({f"{100 * one.level:.3g}" for one in found if one.level is not None})
    axis.set_title(f"effect, {' and '.join(levels)} % interval", fontsize=8, loc="left")


def _overall(one: Comparison) -> str:
    what = shortened(one.what)
    subject = f"interaction of {what}" if one.kind == "interaction" else f"{what} conditions"
    return f"{subject}: p {one.adjusted_p_value:.2g}"


def _words(one: Comparison) -> str:
    p_value = f"p {one.adjusted_p_value:.2g}"
    if one.kind == "trend":
        return f"per dose step\n{shortened(one.what)}\n{p_value}"
    return f"{shortened(one.what)}\n\N{MINUS SIGN} {shortened(one.reference)}\n{p_value}"
