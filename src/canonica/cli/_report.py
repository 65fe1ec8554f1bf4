"""`canonica report`: a folder of results as one page for the browser."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from canonica._files import shown
from canonica.cli._app import app, reports_errors
from canonica.cli._common_options import OverwriteFiles
from canonica.cli._printing import say


@app.command()
@reports_errors
def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="What canonica study, analyze or forecast wrote."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The page.",
            show_default="report.html in the folder",
        ),
    ] = None,
    show: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open",
            help="Whether to open it in the browser.",
            show_default="open, where there is a screen and a terminal",
        ),
    ] = None,
    overwrite: OverwriteFiles = False,
) -> int:
    """Show a folder of results as one page, to read and to hand on.

    The page is a single file that needs no network: what was done, with
    citations, settings, versions and hashes; data quality and warnings;
    conditions compared; forecasts; and each recording. Figures can be hovered,
    zoomed, and switched by recording and condition, and have their numbers
    below them. Tables sort by a click on a heading, and are saved as CSV.

    It is made from what is in the folder alone. [bold]canonica study[/bold],
    [bold]analyze[/bold] and [bold]forecast[/bold] write it at once with
    --report.

    [bold]Examples[/bold]

      canonica report results

      canonica report results --out drug-study.html --no-open

    [bold]Exit codes[/bold]

      0  all done

      2  bad call, or no results in the folder
    """
    # Imported here, so that --help and --version answer at once.
    from canonica import pipelines  # noqa: PLC0415

    page = pipelines.report(folder, out=out, overwrite=overwrite)
    say(f"Report: {shown(page)}")
    if _somebody_looks() if show is None else show:
        webbrowser.open(page.absolute().as_uri())
    return 0


def _somebody_looks() -> bool:
    """Return whether there is a terminal, and a screen that a browser could open on."""
    screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return screen and sys.stdout.isatty()
