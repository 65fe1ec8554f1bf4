"""What a format of exports is."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from canonica._errors import CanonicaError, listed
from canonica.networks.exports._exported_agent import ExportedAgent

EXTRA = 'pip install "canonica[export]"'


@dataclass(frozen=True)
class ExportFormat:
    """A runtime that networks are taken along to.

    Attributes
    ----------
    name : str
        Of the format.
    write : function
        Writes an agent to a folder, and returns the names of its files.
    script : str
        What runs it there, in `scripts`.
    writes_with, runs_with : tuple of str
        Modules that are needed to write it, and to run it.
    learns : bool
        Whether its plasticity is taken along.
    """

    name: str
    write: Callable[[ExportedAgent, Path], list[str]]
    script: str
    writes_with: tuple[str, ...]
    runs_with: tuple[str, ...]
    learns: bool = False

    def check(self) -> None:
        """Refuse where what writes it is not installed.

        Raises
        ------
        CanonicaError
            Which says what to install.
        """
        missing = [name for name in self.writes_with if find_spec(name) is None]
        if missing:
            raise CanonicaError(
                f"to: found no {listed(missing)} here, which writes {self.name}; expected it. "
                f"{EXTRA} installs it."
            )

    @property
    def script_text(self) -> str:
        """The script that runs it, which knows nothing of canonica."""
        folder = files("canonica.networks.exports").joinpath("scripts")
        return folder.joinpath(self.script).read_text(encoding="utf-8")
