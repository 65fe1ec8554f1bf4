"""MATLAB files of the published layout [NC23].

A variable ``data_<condition>`` holds a cell array, one cell per culture; each cell is a struct
with the matrices `s` (trial, source), `o` (trial, input) and `r` (trial, electrode).
"""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import complete_file, sha256, shown
from canonica._recording import recording

PREFIX = "data_"
FIELDS = {"r": "responses", "o": "stimuli", "s": "sources"}
LAYOUT = "a variable data_<condition>: a cell array of structs with fields s, o and r"
MAGIC = b"MATLAB 5.0 MAT-file"


def recognises(path: Path) -> bool:
    """Return whether the file begins as a MATLAB 5 file does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read(path: Path, *, trials_per_session: int) -> Iterator[xr.Dataset | RecordingError]:
    """Yield each culture of the file, or the reason why it is none.

    Raises
    ------
    RecordingError
        If the file as a whole cannot be used.
    """
    variables = _load(path)
    conditions = {name: value for name, value in variables.items() if _is_culture_list(name, value)}
    if not conditions:
        raise RecordingError(
            shown(path),
            None,
            found=f"variables: {listed(sorted(variables))}",
            expected=LAYOUT,
            advice="Save the cultures in this layout, or check that this is the right file.",
        )
    digest, stem = sha256(path), shown(Path(path.stem))
    total = sum(len(_cells(value)) for value in conditions.values())
    number = 0
    for variable, value in conditions.items():
        for index, cell in enumerate(_cells(value)):
            number += 1
            try:
                yield _culture(
                    path,
                    f"{variable}{{{index + 1}}}",
                    cell,
                    trials_per_session,
                    name=stem if total == 1 else f"{stem}-{number:0{len(str(total))}d}",
                    condition=variable.removeprefix(PREFIX),
                    digest=digest,
                )
            except RecordingError as error:
                yield error


def write(path: str | PathLike[str], cultures: Sequence[xr.Dataset]) -> None:
    """Write recordings of one condition in the published layout, whole or not at all.

    Parameters
    ----------
    path : path-like
        The MATLAB file; folders on the way to it are made.
    cultures : sequence of xarray.Dataset
        Recordings of one condition.

    Raises
    ------
    CanonicaError
        If there are none, or of several conditions, which one variable cannot hold.
    """
    from scipy.io import savemat  # noqa: PLC0415

    conditions = sorted({str(culture.attrs["condition"]) for culture in cultures})
    if len(conditions) != 1:
        raise CanonicaError(
            f"{path}: found recordings of {len(conditions)} conditions ({listed(conditions)}); "
            "expected one. Write a file for each."
        )
    (condition,) = conditions
    cells = np.empty((len(cultures), 1), object)
    for index, culture in enumerate(cultures):
        cells[index, 0] = {
            field: _smallest(culture[role].to_numpy()) for field, role in FIELDS.items()
        }
    with complete_file(Path(path)) as partial:
        savemat(partial, {f"{PREFIX}{condition}": cells}, do_compression=True)


def _smallest(values: np.ndarray) -> np.ndarray:
    """Return counts as bytes where they fit, as the published files have them."""
    whole = values.astype(np.uint8)
    return whole if (whole == values).all() else values


def _load(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat  # noqa: PLC0415  (heavy, and only this reader needs it)

    try:
        variables = loadmat(path, chars_as_strings=False)
    except MemoryError as error:
        raise RecordingError(
            shown(path),
            None,
            found="a MATLAB file that asks for more memory than there is",
            expected="recordings that fit",
            advice="It is damaged, or holds too many cultures: split it.",
        ) from error
    except Exception as error:  # any of a dozen kinds, depending on where the file is cut
        raise RecordingError(
            shown(path),
            None,
            found=f"a MATLAB file that is cut short or damaged ({type(error).__name__}: {error})",
            expected="a complete file",
            advice="Copy or download it again, and compare its size with the original's.",
        ) from error
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


def _fields(cell: Any) -> dict[str, Any]:
    while isinstance(cell, np.ndarray) and cell.size == 1 and cell.dtype.names:
        cell = cell.ravel()[0]
    names = getattr(getattr(cell, "dtype", None), "names", None) or ()
    return {name: cell[name] for name in names} if isinstance(cell, np.void) else {}


def _culture(
    path: Path,
    where: str,
    cell: Any,
    trials_per_session: int,
    *,
    name: str,
    condition: str,
    digest: str,
) -> xr.Dataset:
    fields = _fields(cell)
    missing = sorted(FIELDS.keys() - fields.keys())
    if missing:
        raise RecordingError(
            shown(path),
            where,
            found=f"fields {listed(sorted(fields))}" if fields else "no struct",
            expected="a struct with fields s, o and r",
            advice=f"Missing here: {listed(missing)}. Save them under these names.",
        )
    return recording(
        **{role: fields[field] for field, role in FIELDS.items()},
        session=trials_per_session,
        name=name,
        condition=condition,
        origin=f"{shown(path)}:{where}",
        input_file=shown(path),
        input_sha256=digest,
    )
