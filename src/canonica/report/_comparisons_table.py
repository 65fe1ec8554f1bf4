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
    table = Table(box=box.SIMPLE_HEAD, title_justify="left", title_style="")
    table.title = f"Permutation tests; bold: p after Holm is {SIGNIFICANT:g} or less"
    for heading in ("quantity", "compared"):
        table.add_column(heading)
    for heading in ("units", "effect", "interval", "size", "p", "p after Holm", "smallest"):
        table.add_column(heading, justify="right")
    for one in comparisons:
        reference = f" - {one.reference}" if one.reference else ""
        units = f"{one.units}+{one.reference_units}" if one.reference else f"{one.units}"
        table.add_row(
            one.quantity,
            escape(f"{one.what}{reference}" if one.what else one.kind),
            units,
            _number(one.effect),
            _interval(one),
            _number(one.standardised),
            f"{one.p_value:.2g}",
            f"{one.adjusted_p_value:.2g}",
            f"{one.smallest_p_value:.2g}",
            style="bold" if one.differs else "",
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _interval(one: Comparison) -> str:
    if one.low is None or one.high is None or one.level is None:
        return ""
    return f"{one.low:.3g} to {one.high:.3g} ({100 * one.level:.3g} %)"
