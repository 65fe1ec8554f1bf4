"""Lesions, and what they do, as tables for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from canonica._arguments import checked_arguments

FEW = 3  # lesions of which every dose is shown; of more, the ends of each


@checked_arguments
def lesions_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each lesion acts on, with its neutral strength and usual doses.

    Parameters
    ----------
    rows : sequence of mapping
        `lesion`, `symbol`, `acts on`, `neutral` and `doses` of each, as text.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    table = Table(box=box.SIMPLE_HEAD, show_lines=False)
    table.add_column("lesion", no_wrap=True)
    table.add_column("acts on")
    table.add_column("neutral", justify="right")
    table.add_column("usual doses")
    for row in rows:
        acts = f"{row['symbol']}: {row['acts on']}"
        table.add_row(row["lesion"], acts, row["neutral"], row["doses"])
    return table


@checked_arguments
def signatures_table(rows: Sequence[Mapping[str, Any]], measures: Sequence[str]) -> Table:
    """Return differences from the intact network, by lesion, dose and measure.

    Parameters
    ----------
    rows : sequence of mapping
        `lesion`, `strength`, `measure`, `difference`, `low`, `high` and `intact` of each
        measure at each dose.
    measures : sequence of str
        Those shown.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    shown = [row for row in rows if row["measure"] in measures]
    lesions = list(dict.fromkeys(row["lesion"] for row in shown))
    doses = {
        name: list(dict.fromkeys(r["strength"] for r in shown if r["lesion"] == name))
        for name in lesions
    }
    by_point = {(row["lesion"], row["strength"], row["measure"]): row for row in shown}
    table = Table(
        title="Difference from the intact network; * where its 95 % interval excludes 0",
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("lesion, strength", no_wrap=True)
    for name in measures:
        heading = name.replace("_", " ")
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    table.add_row("intact", *(f"{_intact(shown, name):.3g} " for name in measures))
    for name in lesions:
        table.add_row(name)
        ends = dict.fromkeys((doses[name][0], doses[name][-1]))
        for dose in doses[name] if len(lesions) <= FEW else ends:
            cells = (_cell(by_point[name, dose, measure]) for measure in measures)
            table.add_row(f"  {dose:g}", *cells)
    return table


def _intact(rows: Sequence[Mapping[str, Any]], measure: str) -> float:
    return next(row["intact"] for row in rows if row["measure"] == measure)


def _cell(row: Mapping[str, Any]) -> str:
    if row["difference"] == 0:
        return "0 "
    sure = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
    return f"{row['difference']:+.2g}{'*' if sure else ' '}"
