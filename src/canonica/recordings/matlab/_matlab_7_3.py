"""MATLAB 7.3 files of the published layout: HDF5, after a text of 512 bytes.

A matrix is a dataset, transposed; a struct is a group of its fields; a cell array is a dataset of
references to its cells, which are in the group ``#refs#``; of an array of structs, each field is
such a dataset. The attribute `MATLAB_class` says what it was in MATLAB.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from canonica._errors import RecordingError
from canonica._files import shown
from canonica.recordings._claims import check_claim
from canonica.recordings._reading import Reading
from canonica.recordings.matlab._layout import (
    FIELDS,
    PREFIX,
    Cell,
    Fields,
    cultures,
    damaged,
    no_cultures,
)

if TYPE_CHECKING:
    import h5py

MAGIC = b"MATLAB 7.3 MAT-file"
INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
NUMERIC = INTEGERS | {"double", "single", "logical"}
REFERRED = "#refs#"
NUMBER = 8  # bytes of a number, once it is read

Struct = Callable[[], dict[str, Any]]  # what the fields of a struct lead to, unread


def recognises(path: Path) -> bool:
    """Return whether the file begins as a MATLAB 7.3 file does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield each culture of the file, or the reason why it is none.

    Raises
    ------
    RecordingError
        If the file as a whole cannot be used.
    """
    with _opened(path) as file:
        try:
            names = {_printable(str(name)): str(name) for name in file if name != REFERRED}
            found = {label: _cells(path, file, name) for label, name in names.items()}
        except RecordingError:
            raise
        except Exception as error:  # of many kinds, depending on what is damaged
            raise damaged(path, error) from error
        conditions = {label: cells for label, cells in found.items() if cells}
        if not conditions:
            raise no_cultures(path, list(names))
        yield from cultures(path, conditions, reading)


@contextmanager
def _opened(path: Path) -> Iterator["h5py.File"]:
    import h5py  # noqa: PLC0415

    try:
        file = h5py.File(path, "r")
    except Exception as error:
        raise damaged(path, error) from error
    try:
        yield file
    finally:
        with suppress(Exception):  # what cannot be closed was damaged, and has been reported
            file.close()


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _cells(path: Path, file: "h5py.File", name: str) -> list[Cell]:
    """Return the cells of a variable that holds cultures; none of any other."""
    item = _inside(file, name)
    if _is_cell_array(item):
        structs = [partial(_at, file, reference) for reference in _references(path, item)]
    elif _is_group(item) and all(_is_cell_array(_inside(item, field)) for field in FIELDS):
        structs = _struct_array(path, file, item)
    elif _is_group(item):
        structs = [lambda: _members(item)]
    else:
        return []
    meant = name.startswith(PREFIX)  # as cultures: what is wrong with one will be said
    if not meant and not all(struct().keys() >= FIELDS.keys() for struct in structs):
        return []
    return [partial(_fields, path, struct) for struct in structs]


def _struct_array(path: Path, file: "h5py.File", group: Any) -> list[Struct]:
    """Return the structs of an array of them, in which each field has its own references."""
    columns = {field: _references(path, _inside(group, field)) for field in FIELDS}
    return [
        partial(_gathered, file, dict(zip(columns, references, strict=True)))
        for references in zip(*columns.values(), strict=True)
    ]


def _gathered(file: "h5py.File", references: Mapping[str, Any]) -> dict[str, Any]:
    return {field: file[reference] for field, reference in references.items() if reference}


def _at(file: "h5py.File", reference: Any) -> dict[str, Any]:
    """Return the members of the struct that a reference leads to; none of what is none."""
    return _members(file[reference]) if reference else {}


def _members(item: Any) -> dict[str, Any]:
    return {_printable(name): _inside(item, name) for name in item} if _is_group(item) else {}


def _inside(group: Any, name: str) -> Any:
    """Return what is in a group under a name; none if it lies elsewhere, as in another file."""
    import h5py  # noqa: PLC0415

    link = group.get(name, getlink=True)
    return group[name] if isinstance(link, h5py.HardLink) else None


def _is_group(item: Any) -> bool:
    import h5py  # noqa: PLC0415

    return isinstance(item, h5py.Group) and "MATLAB_sparse" not in item.attrs


def _is_cell_array(item: Any) -> bool:
    import h5py  # noqa: PLC0415

    return isinstance(item, h5py.Dataset) and h5py.check_ref_dtype(item.dtype) is h5py.Reference


def _references(path: Path, cells: Any) -> list[Any]:
    """Return what a cell array refers to, in the order of MATLAB."""
    return list(_values(path, cells.name, cells).ravel())


def _values(path: Path, variable: str, dataset: Any) -> np.ndarray:
    """Return the values of a dataset, once what it claims has been checked."""
    chunks = dataset.chunks
    if chunks is not None and len(chunks) != dataset.ndim:  # HDF5 would read it for ever
        raise ValueError(f"{dataset.name}: chunks {chunks} of an array of shape {dataset.shape}")
    check_claim(path, variable, dataset.size * NUMBER)
    return np.asarray(dataset[()])


def _fields(path: Path, struct: Struct) -> Fields:
    """Return the fields of a culture's struct that are known, as matrices."""
    try:
        members = struct()
        return {
            name: _matrix(path, name, item) if name in FIELDS else None
            for name, item in members.items()
        }
    except RecordingError:
        raise
    except Exception as error:
        raise damaged(path, error) from error


def _matrix(path: Path, name: str, item: Any) -> np.ndarray:
    """Return a numeric matrix, its rows and columns in MATLAB's order."""
    kind = _kind(item)
    if kind not in NUMERIC:
        raise RecordingError(
            shown(path),
            FIELDS[name],
            found=f"a field {name} that is {kind}",
            expected="a full matrix of numbers",
            advice="Save numbers, and sparse matrices as full(x).",
        )
    if item.attrs.get("MATLAB_empty", 0):
        return np.zeros((0, 0))
    return _values(path, FIELDS[name], item).T


def _kind(item: Any) -> str:
    """Return what something was in MATLAB, or else in what way it is no matrix."""
    import h5py  # noqa: PLC0415

    if isinstance(item, h5py.Group):
        return "sparse" if "MATLAB_sparse" in item.attrs else "a struct"
    if not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
        return "not in this file"
    if _is_cell_array(item):
        return "a cell array"
    if item.dtype.kind not in "buif":
        return "complex" if item.dtype.names else f"of type {item.dtype}"
    kind = item.attrs.get("MATLAB_class", b"double")
    kind = kind.decode("utf-8", "replace") if isinstance(kind, bytes) else str(kind)
    return kind if kind in NUMERIC else f"of class {kind}"
