"""The libraries that read files of recording systems, which come with an extra."""

from importlib import import_module
from pathlib import Path
from typing import Any

from canonica._errors import RecordingError
from canonica._files import shown


def library(name: str, path: Path) -> Any:
    """Return a library, to read this file by.

    Raises
    ------
    RecordingError
        If it is not there.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise RecordingError(
            shown(path),
            None,
            found=f"a file that {package} reads, and no {package}",
            expected=f"the package {package}, of the extra vendors",
            advice='Install it: pip install "canonica[vendors]".',
        ) from error
