"""What is done of a study, culture by culture, kept to go on with after an interruption."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._files import complete_file
from canonica._provenance import versions
from canonica.pipelines.results._hidden_folders import HIDDEN
from canonica.pipelines.results._results_files import write_netcdf

KEPT = f"{HIDDEN}study"  # folder in that of the results
ENDINGS = {"analysis": "nc", "forecast": "forecast.nc", "scores": "scores.nc"}
PARTS = tuple(ENDINGS)


def culture_key(decided_by: Mapping[str, Any]) -> str:
    """Return the key of a culture's result: a hash of its input, all settings, and versions."""
    text = json.dumps({**decided_by, **versions()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class StudyStore:
    """A folder of results, each by the key of what decides it.

    Parameters
    ----------
    folder : Path
        Made when the first result is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str, part: str) -> Path:
        """Return where a part of a result is kept."""
        return self.folder / f"{key}.{part}.nc"

    def kept(self, key: str, part: str) -> xr.Dataset | None:
        """Return a part of a result; None where it is not there, or cannot be read."""
        try:
            with xr.open_dataset(self.path(key, part), engine="h5netcdf") as dataset:
                return dataset.load()
        except (OSError, ValueError):
            return None

    def keep(self, key: str, part: str, dataset: xr.Dataset) -> None:
        """Keep a part of a result."""
        with complete_file(self.path(key, part)) as partial:
            write_netcdf(dataset, partial)
