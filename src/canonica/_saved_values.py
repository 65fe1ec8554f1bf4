"""Values as what JSON holds, their arrays aside; and back, to the bit.

Only classes that the caller lists are made: a file cannot name others.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.core import Tracer

from canonica._errors import CanonicaError, listed
from canonica._float64 import double_precision

Arrays: TypeAlias = dict[str, np.ndarray]
KINDS = tuple("biufU")  # booleans, whole numbers, floating numbers, text


def encoded(name: str, value: Any, classes: Iterable[type], arrays: Arrays) -> Any:
    """Return a value as what JSON holds, and add its arrays to `arrays`.

    Parameters
    ----------
    name : str
        Of the value: what its arrays are called by.
    value : Any
        Made of numbers, texts, arrays, tuples, lists, mappings and classes that are listed.
    classes : iterable of type
        Those: dataclasses or named tuples.
    arrays : dict
        Where arrays go.

    Raises
    ------
    CanonicaError
        If something else is in it.
    """
    known = list(classes)

    def part(at: str, one: Any) -> Any:
        return encoded(f"{name}.{at}", one, known, arrays)

    if value is None or isinstance(value, bool | str) or type(value) in (int, float):
        return value
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _encoded_array(name, value, arrays)
    if type(value) in known:
        return {
            "class": type(value).__name__,
            "fields": {at: part(at, getattr(value, at)) for at in _fields(type(value))},
        }
    if type(value) in (tuple, list):
        return {type(value).__name__: [part(str(at), one) for at, one in enumerate(value)]}
    if isinstance(value, xr.Dataset):
        return {"dataset": part("dataset", _taken_apart(value))}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"dict": {key: part(key, one) for key, one in value.items()}}
    raise CanonicaError(
        f"{name}: found a {type(value).__name__}, which no file can bring back; expected numbers, "
        f"arrays and values of {listed((one.__name__ for one in known), limit=20)}."
    )


def decoded(tree: Any, arrays: Arrays, classes: Mapping[str, type]) -> Any:
    """Return the value that `encoded` made this of, with arrays as they were, JAX's or NumPy's.

    Raises
    ------
    CanonicaError
        If it names a class that is not listed, or an array that is not there.
    """
    with double_precision():  # arrays keep their type, whatever JAX is set to
        return _decoded(tree, arrays, classes)


def _decoded(tree: Any, arrays: Arrays, classes: Mapping[str, type]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return _decoded_array(tree, arrays)
    if "class" in tree:
        if tree["class"] not in classes:
            raise CanonicaError(f"class: found {tree['class']!r}; expected {listed(classes)}.")
        fields = {name: _decoded(one, arrays, classes) for name, one in tree["fields"].items()}
        return classes[tree["class"]](**fields)
    ((kind, content),) = tree.items()
    if kind == "dataset":
        return _put_together(_decoded(content, arrays, classes))
    if kind == "dict":
        return {name: _decoded(one, arrays, classes) for name, one in content.items()}
    several = [_decoded(one, arrays, classes) for one in content]
    return {"tuple": tuple, "list": list}[kind](several)


def _encoded_array(name: str, value: Any, arrays: Arrays) -> dict[str, str]:
    if isinstance(value, Tracer) or getattr(value.dtype, "kind", "") not in KINDS:
        raise CanonicaError(
            f"{name}: found an array of {value.dtype} that cannot be saved; expected numbers that "
            "are known, not those inside compiled code."
        )
    arrays[name] = np.asarray(value)
    of = {np.ndarray: "numpy"}.get(type(value), "scalar")
    return {"array": name, "of": "jax" if isinstance(value, jax.Array) else of}


def _decoded_array(tree: dict[str, str], arrays: Arrays) -> Any:
    found = arrays[tree["array"]]
    if tree["of"] == "jax":
        return jnp.asarray(found)
    return found if tree["of"] == "numpy" else found[()]


def _taken_apart(dataset: xr.Dataset) -> dict[str, Any]:
    """Return a labelled dataset as plain values; texts as NumPy has them."""

    def variables(several: Mapping[Any, xr.DataArray]) -> dict[str, Any]:
        return {str(name): _variable(one.variable) for name, one in several.items()}

    attrs, coords = dict(dataset.attrs), variables(dataset.coords)
    return {"data": variables(dataset.data_vars), "coords": coords, "attrs": attrs}


def _variable(variable: xr.Variable) -> dict[str, Any]:
    values = np.asarray(variable.values)
    values = values.astype(str) if values.dtype.kind == "O" else values
    dims = [str(dim) for dim in variable.dims]
    return {"dims": dims, "values": values, "attrs": dict(variable.attrs)}


def _put_together(parts: dict[str, Any]) -> xr.Dataset:
    data, coords = (
        {name: (one["dims"], one["values"], one["attrs"]) for name, one in parts[kind].items()}
        for kind in ("data", "coords")
    )
    return xr.Dataset(data, coords, parts["attrs"])


def _fields(kind: type) -> list[str]:
    """Return the names of what a class is made from."""
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind) if field.init]
    return list(getattr(kind, "_fields", ()))
