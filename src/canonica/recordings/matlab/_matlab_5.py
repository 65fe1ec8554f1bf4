"""MATLAB 5 files of the published layout."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import LostEndingWarning, RecordingError
from canonica._files import shown
from canonica.recordings._claims import check_claim
from canonica.recordings._reading import Reading
from canonica.recordings.inspection._lost_ending import lost_ending
from canonica.recordings.matlab._layout import (
    FIELDS,
    PREFIX,
    Cell,
    Fields,
    cultures,
    damaged,
    no_cultures,
)
from canonica.recordings.matlab._matlab_5_claims import check_arrays, has_checksums

MAGIC = b"MATLAB 5.0 MAT-file"
NUMBER = 8  # bytes of a number as we hold it


def recognises(path: Path) -> bool:
    """Return whether the file begins as a MATLAB 5 file does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield each culture of the file, or the reason why it is none.

    Where the file has no checksums, and its end seems lost, a warning says so.

    Raises
    ------
    RecordingError
        If the file as a whole cannot be used.
    """
    check_arrays(path)
    variables = _load(path)
    conditions = {
        name: [_reader(path, name, cell) for cell in _cells(value)]
        for name, value in variables.items()
        if _is_culture_list(name, value)
    }
    if not conditions:
        raise no_cultures(path, list(variables))
    whole = has_checksums(path)
    for found in cultures(path, conditions, reading):
        if not whole and isinstance(found, xr.Dataset):
            _warn_of_lost_ending(path, found)
        yield found


def _warn_of_lost_ending(path: Path, recording: xr.Dataset) -> None:
    """Warn, and do not refuse: an electrode may also have fallen silent."""
    for finding in lost_ending(recording):
        warnings.warn(
            f"{shown(path)}: {finding.what}; {finding.meaning}. {finding.advice}",
            LostEndingWarning,
            stacklevel=2,
        )


def _load(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat  # noqa: PLC0415  (heavy, and only this reader needs it)

    try:
        variables = loadmat(path, chars_as_strings=False)
    except Exception as error:  # any of a dozen kinds, depending on where the file is cut
        raise damaged(path, error) from error
    return {name: value for name, value in variables.items() if not name.startswith("__")}


def _is_culture_list(name: str, value: Any) -> bool:
    cells = _cells(value)
    if name.startswith(PREFIX) and isinstance(value, np.ndarray) and value.dtype.kind in "OV":
        return bool(cells)  # meant as cultures: what is wrong with one will be said
    return bool(cells) and all(_fields(cell).keys() >= FIELDS.keys() for cell in cells)


def _cells(value: Any) -> list[Any]:
    if not isinstance(value, np.ndarray) or value.dtype != object:
        if isinstance(value, np.ndarray) and value.dtype.names:
            return list(value.ravel(order="F"))  # a struct array does as well as a cell array
        return [value]
    return list(value.ravel(order="F"))


def _reader(path: Path, variable: str, cell: Any) -> Cell:
    def fields() -> Fields:
        found = _fields(cell)
        for values in found.values():
            check_claim(path, variable, np.size(values) * NUMBER)
        return found

    return fields


def _fields(cell: Any) -> Fields:
    while isinstance(cell, np.ndarray) and cell.size == 1 and cell.dtype.names:
        cell = cell.ravel()[0]
    names = getattr(getattr(cell, "dtype", None), "names", None) or ()
    return {name: cell[name] for name in names} if isinstance(cell, np.void) else {}
