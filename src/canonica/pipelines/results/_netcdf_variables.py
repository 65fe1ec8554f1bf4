"""A few variables of a NetCDF-4 file, read quickly."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import xarray as xr

from canonica.pipelines.results._netcdf_file import NO_VARIABLE


def netcdf_variables(path: Path, names: Collection[str]) -> xr.Dataset:
    """Return those of the variables that a file of ours has, with coordinates and attributes.

    xarray opens every variable of a file before it gives the first, which takes a tenth of a second
    or more, and a study has three files for each culture. This reads what is asked for alone.

    Raises
    ------
    OSError
        If it is no such file.
    KeyError, ValueError, IndexError
        If it is damaged.
    """
    with h5py.File(path, "r") as file:
        found = {name: _variable(file, name) for name in names if name in file}
        coords: dict[str, Any] = {}
        dims = {str(dim) for one in found.values() for dim in one.dims}
        for name in (dims | {"horizon"}) - found.keys():
            if name in file and not bytes(file[name].attrs.get("NAME", b"")).startswith(
                NO_VARIABLE.encode()
            ):
                coords[name] = _variable(file, name)
        coords = {name: one for name, one in coords.items() if set(one.dims) <= dims}
        attrs = _attributes(file)
    return xr.Dataset(found, coords=coords, attrs=attrs)


class NetcdfOutline(NamedTuple):
    """What is in a file, but for the values of its variables.

    Attributes
    ----------
    variables : dict
        Dimensions of each variable, and the type of its values.
    indexes : dict
        Labels along each dimension.
    attrs : dict
        Attributes of the file.
    """

    variables: dict[str, tuple[tuple[str, ...], np.dtype]]
    indexes: dict[str, np.ndarray]
    attrs: dict[str, Any]


def netcdf_outline(path: Path) -> NetcdfOutline:
    """Return what is in a file of ours, but for the values of its variables.

    Raises
    ------
    OSError
        If it is no such file.
    KeyError, ValueError, IndexError
        If it is damaged.
    """
    with h5py.File(path, "r") as file:
        labels = {name for name, one in file.items() if getattr(one, "is_scale", False)}
        variables = {
            name: (_dims(one), one.dtype) for name, one in file.items() if name not in labels
        }
        indexes = {name: _variable(file, name).to_numpy() for name in labels}
        attrs = _attributes(file)
    return NetcdfOutline(variables, indexes, attrs)


def _dims(stored: h5py.Dataset) -> tuple[str, ...]:
    return tuple(str(dim[0].name).rpartition("/")[2] for dim in stored.dims)


def _variable(file: h5py.File, name: str) -> xr.Variable:
    stored = file[name]
    if not isinstance(stored, h5py.Dataset):
        raise ValueError(f"{name} is no variable")  # noqa: TRY004 - the file is what is wrong
    dims = [name] if stored.is_scale else _dims(stored)
    text = h5py.check_string_dtype(stored.dtype)
    return xr.Variable(dims, np.array(stored.asstr()[...], str) if text else np.array(stored[...]))


def _attributes(file: h5py.File) -> dict[str, Any]:
    return {name: _plain(value) for name, value in file.attrs.items() if name[0] != "_"}


def _plain(value: Any) -> Any:
    """Return an attribute as xarray does: one number is no array."""
    if isinstance(value, h5py.Empty):
        return ""
    return value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else value
