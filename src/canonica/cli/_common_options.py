"""Options that many commands have, the same wherever they stand."""

from typing import Annotated, Literal, TypeAlias

import typer

Seed: TypeAlias = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, help="Decides everything random.")
]
Overwrite: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace earlier results in the folder.")
]
Report: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--report", help="Write report.html too: all of it on one page, as canonica report does."
    ),
]
OverwriteFiles: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that are there.")
]
FigureFormat: TypeAlias = Annotated[
    Literal["png", "pdf", "svg"],
    typer.Option("--format", help="Of the figures: pixels (png), or lines for print (pdf, svg)."),
]


def odd(value: int | None) -> int | None:
    """Return a size of a maze, or refuse one that is even.

    Raises
    ------
    typer.BadParameter
        If it is even.
    """
    if value is not None and value % 2 == 0:
        raise typer.BadParameter(f"found {value}; expected an odd number.")
    return value


Out = typer.Option("--out", "-o", help="Folder for the results; made if it is not there.")
