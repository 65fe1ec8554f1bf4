"""Where an experiment that takes long keeps what it has, to go on after an interruption."""

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from canonica._errors import CanonicaError
from canonica._files import complete_file, shown
from canonica._provenance import versions
from canonica.agents.experiments.maze._checkpoint import (
    Arrays,
    DamagedError,
    ForeignError,
    packed,
    unpacked,
)

SETTINGS = "settings.json"


class ExperimentStore:
    """A folder of unfinished runs, one file for each, every one whole at any time.

    Parameters
    ----------
    folder : Path
        Made if it is not there; gone on with if it is.
    settings : mapping
        All that decides the results. Kept with the versions that computed them: a run that went
        on by others would be of two kinds.

    Raises
    ------
    CanonicaError
        If the folder holds runs by other settings or versions, or anything else.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        # One file at a time: what makes files whole is no business of several threads at once.
        self._writing = threading.Lock()
        wanted = json.loads(json.dumps({**settings, **versions()}))
        self._settings = wanted
        if is_store(self.folder):
            self._check(wanted)
            return
        if self.folder.exists() and (not self.folder.is_dir() or _holds_more(self.folder)):
            raise CanonicaError(
                f"{shown(self.folder)}: found no unfinished run ({SETTINGS}); expected one, or "
                "nothing. Choose another folder."
            )
        with complete_file(self.folder / SETTINGS) as partial:
            kept = {"settings": wanted, "sha256": _digest(wanted)}
            partial.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")

    def _check(self, wanted: Mapping[str, Any]) -> None:
        found = _read(self.folder)
        for name in {**wanted, **found}:
            if found.get(name) != wanted.get(name):
                raise CanonicaError(
                    f"{shown(self.folder)}: found an unfinished run with {name} "
                    f"{found.get(name)}; expected {wanted.get(name)}. Go on with the settings and "
                    "versions that it was started with, or start anew."
                )

    def load(self, name: str) -> Arrays | None:
        """Return what was saved under a name; None if nothing was.

        Raises
        ------
        CanonicaError
            If the file was damaged, or is a copy of that of another run, or of another name.
        """
        path = self._path(name)
        try:
            return unpacked(path.read_bytes(), self._owner(name))
        except FileNotFoundError:
            return None
        except (OSError, DamagedError) as error:
            raise CanonicaError(
                f"{shown(path)}: found no saved run in it ({error}); expected one. Delete the "
                "file to run it again."
            ) from error
        except ForeignError as error:
            raise CanonicaError(
                f"{shown(path)}: found a saved run of {error}; expected that of {name} in this "
                "folder. Bring its own file back, or delete this one to run it again."
            ) from error

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, in the place of those that were there."""
        data = packed(arrays, self._owner(name))
        with self._writing, complete_file(self._path(name)) as partial:
            partial.write_bytes(data)

    def _owner(self, name: str) -> dict[str, Any]:
        return {"name": name, **self._settings}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.checkpoint"


def _holds_more(folder: Path) -> bool:
    """Return whether there is anything but settings that a killed call had begun to write."""
    begun = f".{Path(SETTINGS).stem}-"
    return any(not one.name.startswith(begun) for one in folder.iterdir())


def is_store(folder: Path) -> bool:
    """Return whether a folder holds unfinished runs."""
    return (Path(folder) / SETTINGS).is_file()


def stored_settings(folder: Path) -> dict[str, Any]:
    """Return the settings of the runs in a folder."""
    found = _read(Path(folder))
    return {name: value for name, value in found.items() if name not in versions()}


def _read(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        settings = dict(kept["settings"])
        damaged = kept["sha256"] != _digest(settings)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _no_settings(path) from error
    if damaged:
        raise _no_settings(path)
    return settings


def _no_settings(path: Path) -> CanonicaError:
    return CanonicaError(
        f"{shown(path)}: found no settings in it, or not those that were written; expected those "
        "of an unfinished run. Delete the folder to start anew."
    )


def _digest(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()
