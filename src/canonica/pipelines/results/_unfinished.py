"""Runs that were interrupted: where what they kept lies, and when nobody can go on with it."""

from pathlib import Path

from canonica._errors import CanonicaError
from canonica._files import shown
from canonica.pipelines.results._hidden_folders import HIDDEN

UNFINISHED = f"{HIDDEN}unfinished"  # in the folder of the results, until they are there


def check_there_to_resume(out: Path, *, resume: bool) -> None:
    """Refuse to go on in a folder that is not there."""
    if resume and not out.exists():
        raise CanonicaError(
            f"resume: found no folder {shown(out)} to go on in; expected one with an "
            "unfinished run. Leave out --resume, or check the folder."
        )


def unfinished_run_there(out: Path) -> CanonicaError:
    """Return the error for a folder with an unfinished run that nobody was told to go on with."""
    return CanonicaError(
        f"out: found an unfinished run in {shown(out)}; expected none. Add --resume "
        "(resume=True) to go on with it, or --overwrite (overwrite=True) to start anew."
    )
