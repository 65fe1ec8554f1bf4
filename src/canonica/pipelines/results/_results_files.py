"""The files that results are written to: one way for each kind."""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import RecordingError
from canonica._harmless import cell
from canonica._provenance import versions
from canonica.pipelines.results._netcdf_file import netcdf_bytes
from canonica.pipelines.results._results_folder import SUMMARY


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as a NetCDF-4 file."""
    # By way of memory: where the disk is full, the HDF5 library itself would crash.
    path.write_bytes(netcdf_bytes(dataset))


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows of one kind as CSV; one at least."""
    kept = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(kept[0]), lineterminator="\n")
        table.writeheader()
        table.writerows({name: cell(value) for name, value in row.items()} for row in kept)


def write_summary(
    folder: Path, command: str, contents: Mapping[str, Any], files: Sequence[str]
) -> None:
    """Write summary.json: what was asked for and found, by which versions, and in which files."""
    summary = {**versions(), "command": command, **contents, "files": sorted(files)}
    text = json.dumps(_plain(summary), indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def failure_rows(failures: Sequence[RecordingError]) -> list[dict[str, str]]:
    """Return the source and the message of each failure, as summary.json lists them."""
    return [{"source": error.source, "message": str(error)} for error in failures]


def _plain(value: Any) -> Any:
    """Return a value in the types that JSON has: arrays as lists, infinity and paths as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and math.isinf(value):
        return str(value)  # JSON has no infinity
    return str(value) if isinstance(value, Path) else value
