"""Axes that a caller gives, under the names of the panels to draw on them."""

from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from canonica._checks import described, refusal
from canonica._errors import CanonicaError, listed


def checked_axes(axes: Mapping[str, Any], panels: Iterable[str]) -> None:
    """Refuse names that no panel has, and what is no axes."""
    panels = list(panels)
    unknown = [str(name) for name in axes if name not in panels]
    if unknown or not axes:
        raise CanonicaError(
            f"axes: found {listed(unknown) if unknown else 'none'}; expected panels among "
            f"{listed(panels, 30)}."
        )
    for name, axis in axes.items():
        if not isinstance(axis, Axes):
            raise refusal(f"axes of {name}", described(axis), "Matplotlib axes")


def figure_of(axis: Axes) -> Figure:
    """Return the whole figure that axes belong to."""
    figure = axis.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    return figure
