"""A dataset as the content of a NetCDF-4 file, made quickly, and the same at any time.

xarray hands variables to h5netcdf one by one, which looks everything up anew for each: a fifth of
a second for what the analysis of one culture holds, more than the analysis takes. The NetCDF
library itself is quick, and writes the time into every file. This writes what NetCDF-4 is made of
with h5py: each dimension is an HDF5 dimension scale, and variables are attached to theirs.

Sources: NetCDF-4 file format specification (Unidata), "HDF5 dimension scales", "Dimensions without
coordinate variables" and "Creation order"; CF conventions, as xarray encodes them.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.conventions import cf_encoder, encode_dataset_coordinates

NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."  # as NetCDF-4 marks it
BLOCK = 1 << 16  # bytes by which the memory for a file grows
TEXT = h5py.string_dtype()


def netcdf_bytes(dataset: xr.Dataset) -> bytes:
    """Return the content of a NetCDF-4 file that holds the dataset.

    Dimensions and coordinates come in alphabetical order: where datasets are merged, xarray has
    them in an order that changes from process to process.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of numbers, text, truth values and times.
    """
    variables, attrs = cf_encoder(*encode_dataset_coordinates(dataset))
    with h5py.File(
        "memory", "w", driver="core", backing_store=False, block_size=BLOCK, track_order=True
    ) as file:
        stored: dict[Hashable, h5py.Dataset] = {}
        for number, dim in enumerate(sorted(dataset.sizes, key=str)):
            stored[dim] = _scale(file, str(dim), dataset.sizes[dim], variables.get(dim))
            stored[dim].attrs["_Netcdf4Dimid"] = np.int32(number)
        for name in (*sorted(dataset.coords, key=str), *dataset.data_vars):
            if name not in dataset.sizes:
                stored[name] = _created(file, str(name), variables[name])
                for axis, dim in enumerate(variables[name].dims):
                    stored[name].dims[axis].attach_scale(stored[dim])
        # Attributes last: HDF5 writes anew what is attached to a scale, again and again, which it
        # cannot do beside many other attributes whose order is tracked.
        for name, place in stored.items():
            _add_attributes(place, variables[name].attrs if name in variables else {})
        _add_attributes(file, attrs)
        file.flush()
        return file.id.get_file_image()


def _scale(file: h5py.File, name: str, size: int, labels: xr.Variable | None) -> h5py.Dataset:
    """Return the scale of a new dimension: its labels, or a place-holder where it has none."""
    if labels is None:
        scale = file.create_dataset(name, (size,), ">f4", track_order=True)
        scale.make_scale(f"{NO_VARIABLE}{size:10d}")
    else:
        scale = _created(file, name, labels)
        scale.make_scale(name)
    return scale


def _created(file: h5py.File, name: str, variable: xr.Variable) -> h5py.Dataset:
    return file.create_dataset(
        name, fillvalue=variable.attrs.get("_FillValue"), track_order=True, **_content(variable)
    )


def _add_attributes(stored: h5py.File | h5py.Dataset, attrs: Mapping[Any, Any]) -> None:
    for name, value in attrs.items():
        stored.attrs.create(name, **_content(value))


def _content(value: Any) -> dict[str, Any]:
    """Return data and their type; text of any length, as NetCDF-4 has it."""
    data = np.asarray(value)
    if data.dtype.kind in "OU":
        return {"data": data.astype(object), "dtype": TEXT}
    return {"data": data, "dtype": data.dtype}
