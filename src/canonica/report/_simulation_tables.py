"""What simulations found, as tables for the terminal."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table

from canonica._arguments import checked_arguments


@checked_arguments
def simulation_table(
    title: str, rows: Sequence[Mapping[str, str | float]], digits: Mapping[str, str]
) -> Table:
    """Return a table with a column for each key of the rows; numbers shown as `digits` says.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            *(
                value if isinstance(value, str) else format(value, digits.get(name, ".2f"))
                for name, value in row.items()
            )
        )
    return table
