"""How agents learn small worlds, against chance and the best there is."""

from collections.abc import Mapping
from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._arguments import check_kind
from canonica._checks import refusal
from canonica.report._style import BLACK, BLUE, GREEN, ORANGE, PURPLE, band, grid, new_figure

CURVE_COLOURS = (BLUE, ORANGE, PURPLE, GREEN)
LEVEL_STYLES = (":", "--", "-.", (0, (1, 3)))


class CurvesPanel(NamedTuple):
    """One panel of learning curves.

    Attributes
    ----------
    title, measured : str
        Above the panel, and along its vertical axis, with unit where there is one.
    curves : mapping of str to xarray.DataArray
        By label; (agent, trial).
    block : int
        Trials that are averaged into one point.
    levels : mapping of str to float
        What to compare with, by label: horizontal lines.
    """

    title: str
    measured: str
    curves: Mapping[str, xr.DataArray]
    block: int
    levels: Mapping[str, float]


def worlds_figure(*panels: CurvesPanel) -> Figure:
    """Return learning curves: means over agents, and bands of one standard deviation.

    Raises
    ------
    CanonicaError
        If there are no panels, or something else.
    """
    if not panels:
        raise refusal("panels", "none", "at least one")
    for panel in panels:
        check_kind("panels", panel, CurvesPanel)
    figure = new_figure(5.2 * len(panels), 4.3)
    for axis, panel in zip(grid(figure, 1, len(panels))[0], panels, strict=True):
        _draw(axis, panel)
    return figure


def _draw(axis: Axes, panel: CurvesPanel) -> None:
    for colour, (label, curve) in zip(CURVE_COLOURS, panel.curves.items(), strict=False):
        blocks = curve.astype(float).coarsen(trial=panel.block, boundary="trim").mean()
        band(axis, blocks, "agent", colour=colour, label=label)
    for style, (label, level) in zip(LEVEL_STYLES, panel.levels.items(), strict=False):
        axis.axhline(level, color=BLACK, linestyle=style, linewidth=1, label=label)
    agents = next(iter(panel.curves.values())).sizes["agent"]
    axis.set_title(panel.title)
    axis.set_xlabel(f"trial (means of {panel.block}, of {agents} agents)")
    axis.set_ylabel(panel.measured)
    axis.set_xlim(left=0)
    # Below, where no curve runs.
    axis.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.17))
