"""Comparisons of conditions as a table for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from canonica._arguments import checked_arguments
from canonica.reverse_engineering.conditions import SIGNIFICANT, Comparison


@checked_arguments
def comparisons_table(comparisons: Sequence[Comparison]) -> Table:
    """Return a row for each comparison; bold where chance hardly explains it.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0), collapse_padding=True)
    table.title_justify, table.title_style = "left", ""
    table.title = f"Permutation tests; bold: p after Holm is {SIGNIFICANT:g} or less"
    # Legible in 80 columns: texts are wrapped, numbers never cut.
    table.add_column("quantity", overflow="fold", min_width=11)
    table.add_column("compared", overflow="fold", min_width=8)
    for heading in ("units", "effect"):
        table.add_column(heading, justify="right", no_wrap=True)
    levels = {one.level for one in comparisons if one.level is not None}
    shared = f"{100 * levels.pop():.3g} % " if len(levels) == 1 else ""
    table.add_column(f"{shared}interval", justify="right")
    for heading in ("size", "p", "Holm", "least"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.caption = "Holm: p after Holm's correction; least: the smallest p that so few units allow"
    table.caption_justify, table.caption_style = "left", ""
    for one in comparisons:
        reference = f" - {one.reference}" if one.reference else ""
        units = f"{one.units}+{one.reference_units}" if one.reference else f"{one.units}"
        table.add_row(
            one.quantity.replace("_", " "),
            escape(f"{one.what}{reference}" if one.what else one.kind),
            units,
            _number(one.effect),
            _interval(one, told=not shared),
            _number(one.standardised),
            f"{one.p_value:.2g}",
            f"{one.adjusted_p_value:.2g}",
            f"{one.smallest_p_value:.2g}",
            style="bold" if one.differs else "",
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _interval(one: Comparison, *, told: bool) -> str:
    """Return the interval, and its level where it is to be told."""
    if one.low is None or one.high is None or one.level is None:
        return ""
    level = f" ({100 * one.level:.3g} %)" if told else ""
    return f"{one.low:.3g} to {one.high:.3g}{level}"
