"""Where an experiment that takes long keeps what it has, to go on after an interruption."""

import json
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from canonica._errors import CanonicaError
from canonica._files import complete_file, shown
from canonica._provenance import versions

SETTINGS = "settings.json"
Arrays = dict[str, np.ndarray]


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
        wanted = {**settings, **versions()}
        if is_store(self.folder):
            self._check(wanted)
            return
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise CanonicaError(
                f"{shown(self.folder)}: found no unfinished run ({SETTINGS}); expected one, or "
                "nothing. Choose another folder."
            )
        with complete_file(self.folder / SETTINGS) as partial:
            partial.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")

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
        """Return what was saved under a name; None if nothing was."""
        path = self._path(name)
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise CanonicaError(
                f"{shown(path)}: found no saved run in it ({error}); expected one. Delete the "
                "file to run it again."
            ) from error

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, in the place of those that were there."""
        with self._writing, complete_file(self._path(name)) as partial, partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


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
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CanonicaError(
            f"{shown(path)}: found no settings in it; expected those of an unfinished run. Delete "
            "the folder to start anew."
        ) from error
