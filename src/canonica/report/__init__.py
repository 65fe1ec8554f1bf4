"""Figures and tables made from results; nothing is computed here that a result does not say."""

from canonica.report._figure import condition_figure, figure_part, write_figure
from canonica.report._table import summary_table, write_recordings_csv

__all__ = [
    "condition_figure",
    "figure_part",
    "summary_table",
    "write_figure",
    "write_recordings_csv",
]
