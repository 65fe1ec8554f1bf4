"""Commands whose work is kept piece by piece, to go on with it."""

from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from canonica._errors import how_many
from canonica.cli._interruption import if_interrupted

Resume: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
]


def begin_in_pieces(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder that cannot take the results, and say what is kept if it is interrupted."""
    from canonica import pipelines  # noqa: PLC0415

    if not resume:
        pipelines.check_results_folder(out, overwrite=overwrite)
    if_interrupted(partial(_kept, out))


def _kept(out: Path) -> str:
    from canonica.pipelines import unfinished_pieces  # noqa: PLC0415

    return interrupted_with(how_many(unfinished_pieces(out), "piece"), of="the work")


def interrupted_with(kept: str, *, of: str) -> str:
    """Return the line that says how much is kept: words that begin with a number."""
    if kept.startswith("0 "):
        return "interrupted; nothing was written."
    return f"interrupted; {kept} of {of} are kept: go on with --resume, and all else as before."
