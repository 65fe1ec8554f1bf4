"""Files that are to be written, and must not be there."""

from collections.abc import Sequence
from pathlib import Path

from canonica._errors import CanonicaError, listed
from canonica._files import shown


def check_free(targets: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse to write files that are there already, unless they may be replaced.

    Raises
    ------
    CanonicaError
        If one is there, or its name is that of a folder.
    """
    there = [target for target in targets if target.exists()]
    folders = [target for target in there if target.is_dir()]
    if folders:
        raise CanonicaError(f"{shown(folders[0])}: found a folder; expected a name for a file.")
    if there and not overwrite:
        raise CanonicaError(
            f"{listed(shown(target) for target in there)}: found a file; expected none yet. "
            "Replace it with --overwrite, or choose another name."
        )
