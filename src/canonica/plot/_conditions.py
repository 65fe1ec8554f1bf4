"""Conditions compared, in one figure."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica.plot._axes import checked_axes, figure_of
from canonica.report import estimation_figure
from canonica.report._estimation_figure import compared_quantities, draw_quantity
from canonica.reverse_engineering.conditions import Comparison, StudyDesign


class Compared(Protocol):
    """What `canonica.study` returns, as far as it is drawn."""

    @property
    def table(self) -> pd.DataFrame:
        """A row for each culture."""
        ...

    @property
    def comparisons(self) -> Sequence[Comparison]:
        """Of conditions, quantity by quantity."""
        ...

    @property
    def design(self) -> StudyDesign:
        """What was compared with what."""
        ...


@checked_arguments
def conditions(
    study: Compared, *, axes: Mapping[str, Sequence[Axes] | np.ndarray] | None = None
) -> Figure:
    """Draw every culture of a study, condition beside condition, and effects with intervals.

    Parameters
    ----------
    study : Study
        As `canonica.study` returns it.
    axes : mapping of str to sequence of matplotlib.axes.Axes, optional
        To draw single quantities on axes of your own, two for each: cultures, and effects. Names
        are those of the columns of the study's table, such as ``"implicit_prior"``.

    Returns
    -------
    matplotlib.figure.Figure
        The new one, or that of the axes.

    Raises
    ------
    CanonicaError
        If that is no study, or a quantity was not compared.

    References
    ----------
    Ho, Tumkaya, Aryal, Choi & Claridge-Chang, Nature Methods 16, 2019.

    Examples
    --------
    >>> conditions("study")
    Traceback (most recent call last):
    canonica._errors.CanonicaError: study: found str; expected what canonica.study returns.
    """
    if not all(hasattr(study, name) for name in ("table", "comparisons", "design")):
        raise CanonicaError(
            f"study: found {type(study).__name__}; expected what canonica.study returns."
        )
    if axes is None:
        return estimation_figure(study.table, study.comparisons, study.design)
    names = compared_quantities(study.table, study.comparisons)
    checked_axes({name: pair[0] for name, pair in axes.items()}, names)
    for name, pair in axes.items():
        if len(pair) != 2:  # noqa: PLR2004
            raise CanonicaError(
                f"axes of {name}: found {len(pair)}; expected two, of cultures and of effects."
            )
        draw_quantity(name, (pair[0], pair[1]), study.table, study.comparisons, design=study.design)
    return figure_of(next(iter(axes.values()))[0])
