"""A few variables of a NetCDF-4 file, read quickly."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"  # as NetCDF-4 marks it


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
        for name in {str(dim) for one in found.values() for dim in one.dims} | {"horizon"}:
            if name in file and not bytes(file[name].attrs.get("NAME", b"")).startswith(
                NO_VARIABLE
            ):
                coords[name] = _variable(file, name)
        used = {dim for one in found.values() for dim in one.dims}
        coords = {name: one for name, one in coords.items() if set(one.dims) <= used}
        attrs = {name: _plain(value) for name, value in file.attrs.items() if name[0] != "_"}
    return xr.Dataset(found, coords=coords, attrs=attrs)


def _variable(file: h5py.File, name: str) -> xr.Variable:
    stored = file[name]
    if not isinstance(stored, h5py.Dataset):
        raise ValueError(f"{name} is no variable")  # noqa: TRY004 - the file is what is wrong
    scales = [] if stored.is_scale else [str(dim[0].name) for dim in stored.dims]
    dims = [name] if stored.is_scale else [scale.rpartition("/")[2] for scale in scales]
    values = stored.asstr()[...] if h5py.check_string_dtype(stored.dtype) else stored[...]
    return xr.Variable(dims, np.asarray(values))


def _plain(value: Any) -> Any:
    """Return an attribute as xarray does: one number is no array."""
    if isinstance(value, h5py.Empty):
        return ""
    return value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else value
