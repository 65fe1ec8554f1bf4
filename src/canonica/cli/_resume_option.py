"""Commands whose work is kept piece by piece, to go on with it."""

from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from canonica._errors import how_many
from canonica.cli._interruption import if_interrupted, nothing

Resume: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
]


def begin_in_pieces(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder that cannot take the results, and say what is kept if it is interrupted."""
    from canonica import pipelines  # noqa: PLC0415

    if not resume:
        pipelines.check_results_folder(out, overwrite=overwrite)
    if_interrupted(partial(_kept, out))


def interrupted_after(what: str) -> str:
    """Return what is said of an interruption after so many pieces, which are kept."""
    return f"interrupted after {what}; go on with --resume, and all else as before."


def _kept(out: Path) -> str:
    from canonica.pipelines import unfinished_pieces  # noqa: PLC0415

    kept = unfinished_pieces(out)
    return interrupted_after(how_many(kept, "piece")) if kept else nothing()
