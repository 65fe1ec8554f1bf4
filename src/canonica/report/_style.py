"""What all figures share: colours, bands, and how they are written."""

import math
from collections.abc import Iterable
from string import ascii_uppercase
from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from canonica._arguments import checked_arguments
from canonica._files import AnyPath

# Okabe & Ito's palette, distinct to colour-blind readers too.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
STATE_COLOURS = (BLACK, VERMILION, BLUE, ORANGE, GREEN, PURPLE, SKY)
DOTS_PER_INCH = 120
FigureFormat = Literal["png", "pdf", "svg"]
MOST_TICKS = 12  # that a small bar has room for
BELOW = -0.17  # of an axis' height, where labels end


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that needs no screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def grid(figure: Figure, rows: int, columns: int) -> np.ndarray:
    """Return a grid of axes (row, column) without top and right spines."""
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.ravel():
        axis.spines[["top", "right"]].set_visible(False)
    return axes


def band(axis: Axes, values: xr.DataArray, over: str, *, colour: Any, label: str) -> None:
    """Draw mean and standard deviation over dimension `over` against the other one."""
    (along,) = (dim for dim in values.dims if dim != over)
    mean = values.mean(over)
    axis.plot(values[along], mean, color=colour, label=label, linewidth=1.5)
    if values.sizes[over] > 1:
        spread = values.std(over, ddof=1)
        axis.fill_between(
            values[along], mean - spread, mean + spread, color=colour, alpha=0.15, lw=0
        )


def legend_below(axis: Axes, *, columns: int = 1, **settings: Any) -> None:
    """Explain an axis beneath it, where no legend can lie over data."""
    shared: dict[str, Any] = {"frameon": False, "fontsize": 9, "borderaxespad": 0}
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, BELOW), ncols=columns, **shared | settings)


def whole_numbers(axis: Axes) -> None:
    """Have sessions, trials and the like numbered by whole numbers alone."""
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def density_bar(density: PolyCollection, axis: Axes, label: str) -> None:
    """Put a bar beside an axis that says how many there are where it is bright."""
    bar = axis.figure.colorbar(density, ax=axis, label=label, shrink=0.8)
    ticks = whole_ticks(*density.get_clim())
    bar.set_ticks(ticks, labels=[f"{tick:,d}" for tick in ticks], minor=False)
    bar.minorticks_off()


def whole_ticks(low: float, high: float) -> list[int]:
    """Return numbers to count by on a logarithmic scale, none twice: 1, 2, 5, 10 and so on.

    Examples
    --------
    >>> whole_ticks(1, 60), whole_ticks(1, 3e6), whole_ticks(6.3, 8)
    ([1, 2, 5, 10, 20, 50], [1, 10, 100, 1000, 10000, 100000, 1000000], [7, 8])
    """
    for steps in ((1, 2, 5), (1,)):
        ticks = [step * 10**power for power in range(16) for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= MOST_TICKS:
            break
    return ticks if len(ticks) > 1 else sorted({math.ceil(low), math.floor(high)})


@checked_arguments
def write_figure(figure: Figure, path: AnyPath, figure_format: FigureFormat = "png") -> None:
    """Write the figure, the same bytes from run to run.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        As the functions of `canonica.report` and `canonica.plot` return it.
    path : path-like
        File to write.
    figure_format : "png", "pdf" or "svg", optional
        PDF and SVG are drawn in lines and letters, for print; their text stays text.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    # No time of day, and names that do not depend on chance.
    dates = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with rc_context({"svg.hashsalt": "canonica", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(path, format=figure_format, dpi=DOTS_PER_INCH, metadata=dates[figure_format])


def letter(axes: Iterable[Axes]) -> None:
    """Give panels their letters, A, B, C and so on, above their upper left corners."""
    for number, axis in enumerate(axes):
        axis.annotate(
            ascii_uppercase[number % 26] * (number // 26 + 1),
            (0, 1),
            (-28, 6),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=12,
            fontweight="bold",
            va="bottom",
            ha="left",
            annotation_clip=False,
        )
