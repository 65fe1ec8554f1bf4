"""Summaries as tables for the terminal, and as rows for a spreadsheet."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from canonica._arguments import checked_arguments
from canonica._harmless import cell
from canonica.reverse_engineering import ConditionSummary, Spread

ROWS = (
    ("response_error", "response error, published forecast", ".4f"),
    ("frozen_response_error", "response error, weights frozen", ".4f"),
    ("ridge_response_error", "response error, ridge regression", ".4f"),
    ("weight_error", "weight error, published forecast", ".3g"),
    ("free_energy_first", "free energy, first session (nat)", ".1f"),
    ("free_energy_last", "free energy, last session (nat)", ".1f"),
)


@checked_arguments
def summary_table(summary: ConditionSummary) -> Table:
    """Return the table of one condition: median and range over its recordings.

    Errors are those of the last sessions.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    count = f"{summary.recordings} recording{'s' if summary.recordings > 1 else ''}"
    title = f"[bold]{escape(summary.condition)}[/bold]  (n = {count})"
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    table.add_column("")
    for heading in ("median", "lowest", "highest"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, label, digits in ROWS:
        spread = summary.values[name]
        table.add_row(label, *(f"{value:,{digits}}" for value in _ordered(spread)))
    return table


def _ordered(spread: Spread) -> tuple[float, float, float]:
    return spread.median, spread.lowest, spread.highest


@checked_arguments
def write_recordings_csv(path: Path, rows: Sequence[Mapping[str, str | int | float]]) -> None:
    """Write one row per recording, for spreadsheets and statistics packages.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
