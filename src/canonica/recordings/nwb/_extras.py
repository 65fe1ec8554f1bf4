"""What an NWB file has no place of its own for: attributes of a recording, and its truth.

They go into a processing module, as tables that anybody can read: `attributes` (name and value),
`variables` (name, dimensions and attributes), and a table with the values of each variable.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError, how_many
from canonica.recordings._columns import Ragged
from canonica.recordings.nwb._columns import read_column

MODULE = "canonica"
ATTRIBUTES = "attributes"
VARIABLES = "variables"
MOST_DIMENSIONS = 4  # of a column of NWB


def add_extras(nwbfile: Any, attributes: Mapping[str, Any], variables: xr.Dataset) -> None:
    """Put attributes and variables into an NWB file that is being made.

    Parameters
    ----------
    nwbfile : pynwb.NWBFile
    attributes : mapping
        Texts, numbers, and lists of them.
    variables : xarray.Dataset
        Its variables and coordinates, of numbers or texts.

    Raises
    ------
    CanonicaError
        If one of them is nothing that can be kept.
    """
    module = nwbfile.create_processing_module(
        MODULE, "What canonica knows of this recording, beside spikes and stimuli."
    )
    if attributes:
        module.add(
            _table(
                ATTRIBUTES,
                "Attributes of the recording.",
                attribute=("Its name.", list(attributes)),
                value=(
                    "Its value, as JSON.",
                    [_json(name, value) for name, value in attributes.items()],
                ),
            )
        )
    names = [str(name) for name in variables.variables]
    if names:
        module.add(_index(variables, names))
        for name in names:
            module.add(_values(name, variables[name]))


def read_extras(nwbfile: Any, source: str) -> tuple[dict[str, Any], xr.Dataset]:
    """Return the attributes and variables that `add_extras` put into an NWB file.

    Parameters
    ----------
    nwbfile : pynwb.NWBFile
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If they are there, but damaged.
    """
    if MODULE not in nwbfile.processing:
        return {}, xr.Dataset()
    tables = nwbfile.processing[MODULE].data_interfaces
    source = f"{source}:processing/{MODULE}"
    try:
        attributes = {}
        if ATTRIBUTES in tables:
            names = read_column(tables[ATTRIBUTES], "attribute", source)
            values = read_column(tables[ATTRIBUTES], "value", source)
            attributes = {
                str(name): json.loads(value)
                for name, value in zip(_flat(names), _flat(values), strict=True)
            }
        return attributes, _read_variables(tables, source)
    except RecordingError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            source,
            None,
            found=f"tables that do not fit together ({type(error).__name__}: {str(error)[:120]})",
            expected="attributes and variables as canonica writes them",
            advice="The file is damaged: convert it again.",
        ) from error


def _table(table: str, about: str, **columns: tuple[str, Any]) -> Any:
    from hdmf.common import DynamicTable, VectorData  # noqa: PLC0415

    made: list[Any] = [
        VectorData(name=column, description=meaning, data=data)
        for column, (meaning, data) in columns.items()
    ]
    rows = np.arange(len(made[0]))  # given: hdmf takes its time to make them itself
    return DynamicTable(name=table, description=about, id=rows, columns=made)


def _index(variables: xr.Dataset, names: list[str]) -> Any:
    arrays = [variables[name] for name in names]
    return _table(
        VARIABLES,
        "Variables and coordinates of the recording; the values of each are in a table of its "
        "name, a row for each step of its first dimension.",
        variable=("Name of the variable.", names),
        dimensions=("Its dimensions, as JSON.", [json.dumps(list(one.dims)) for one in arrays]),
        coordinate=(
            "Whether it labels others.",
            np.array([name in variables.coords for name in names]),
        ),
        attributes=(
            "Its attributes: names and values, as JSON.",
            [_json(name, [*one.attrs.items()]) for name, one in zip(names, arrays, strict=True)],
        ),
    )


def _values(name: str, array: xr.DataArray) -> Any:
    from hdmf.backends.hdf5 import H5DataIO  # noqa: PLC0415

    values = np.atleast_1d(array.to_numpy())
    if values.dtype.kind == "U":
        values = values.astype(object)
    texts = values.dtype.kind == "O" and all(isinstance(value, str) for value in values.ravel())
    plain = values.dtype.kind in "buif" or texts
    if not plain or values.ndim > MOST_DIMENSIONS or {"/", ":"} & set(name):
        raise CanonicaError(
            f"variable {name}: found {how_many(values.ndim, 'dimension')} of "
            f"type {values.dtype}; expected "
            f"numbers or texts in {MOST_DIMENSIONS} dimensions at most, and a name without / and "
            ":. Leave it out."
        )
    kept = H5DataIO(data=values, compression="gzip", compression_opts=1) if values.size else values
    meaning = str(array.attrs.get("long_name", name))
    return _table(name, f"Values of the variable {name}.", value=(meaning, kept))


def _read_variables(tables: Mapping[str, Any], source: str) -> xr.Dataset:
    found = xr.Dataset()
    if VARIABLES not in tables:
        return found
    index = tables[VARIABLES]
    columns = [
        _flat(read_column(index, column, source))
        for column in ("variable", "dimensions", "coordinate", "attributes")
    ]
    for name, dimensions, coordinate, attributes in zip(*columns, strict=True):
        values = _flat(read_column(tables[str(name)], "value", source))
        if values.dtype.kind == "O":
            values = values.astype(str)
        dims = tuple(json.loads(dimensions))
        variable = xr.Variable(dims, values if dims else values[0], dict(json.loads(attributes)))
        add = found.assign_coords if coordinate else found.assign
        found = add({str(name): variable})
    return found


def _flat(values: np.ndarray | Ragged) -> np.ndarray:
    if isinstance(values, Ragged):
        raise TypeError("lists where single values should be")
    return values


def _json(name: str, value: Any) -> str:
    def plain(item: Any) -> Any:
        if isinstance(item, np.generic | np.ndarray):
            return item.tolist()
        raise CanonicaError(
            f"attribute {name}: found {type(item).__name__}; expected texts and numbers, or lists "
            "of them. Leave it out."
        )

    return json.dumps(value, default=plain)
