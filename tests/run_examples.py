"""Run examples under settings of JAX, and write what they return, leaf by leaf, to a file.

``python run_examples.py FILE WAY ... [--long]``: the ways are ``as-it-is``, what JAX was set to by
the environment, and ``turned-round``, with the other precision and strict promotion of types. Those
that take long run with ``--long`` alone.
"""

import dataclasses
import io
import pickle
import shutil
import sys
import traceback
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import xarray as xr
from examples import EXAMPLES, LONG, Material
from rich.console import Console
from rich.table import Table

from torture._results import DECLARED, results


def leaves(value, name=""):
    """Yield the name of every part of a result, and the part as something that compares whole."""
    if isinstance(value, xr.Dataset):
        for each in value.variables:
            yield from leaves(value[each].variable.to_numpy(), f"{name}.{each}")
            yield from leaves(value[each].attrs, f"{name}.{each}.attrs")
        yield from leaves(value.attrs, f"{name}.attrs")
    elif isinstance(value, pd.DataFrame):
        yield name, value.to_csv()
    elif isinstance(value, np.ndarray) and value.dtype.kind in "OUT":
        yield name, [str(each) for each in value.ravel()]
    elif isinstance(value, np.ndarray | np.generic | jax.Array):
        array = np.asarray(jax.random.key_data(value) if is_key(value) else value)
        yield name, (str(array.dtype), array.shape, array.tobytes())
    elif isinstance(value, Path) and value.is_dir():
        yield name, results(value)
    elif isinstance(value, Table):
        console = Console(width=200, file=io.StringIO(), record=True)
        console.print(value)
        yield name, console.export_text()
    elif isinstance(value, Mapping):
        for each in value:
            yield from leaves(value[each], f"{name}.{each}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from leaves(each, f"{name}[{number}]")
    elif dataclasses.is_dataclass(value) or isinstance(value, eqx.Module):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{name}.{field.name}")
    elif isinstance(value, bytes):
        yield name, DECLARED.sub(b"declared", value)
    else:
        yield name, repr(value)


def is_key(value):
    return isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


def returned(names, setting, folder):
    """Return the leaves of what each example returns; the error where it returns nothing."""
    found = {}
    with setting:
        given = Material(folder)
        for name in names:
            try:
                found[name] = dict(leaves(EXAMPLES[name](given)))
            except Exception:  # noqa: BLE001  (all of them are to be told, not the first alone)
                found[name] = {"error": traceback.format_exc()}
    return found


def main():
    path, *ways = sys.argv[1:]
    names = [name for name in EXAMPLES if "--long" in ways or name not in LONG]
    warnings.simplefilter("ignore")
    double = jax.config.jax_enable_x64
    each = {}
    for way in ("as-it-is", "turned-round"):
        if way not in ways:
            continue
        # Some results name the folder of their files: it is called the same in every run.
        folder = Path(path).with_suffix(".files")
        folder.mkdir()
        with ExitStack() as settings:
            if way == "turned-round":
                settings.enter_context(jax.numpy_dtype_promotion("strict"))
                settings.enter_context(jax.enable_x64(not double))
            each[jax.config.jax_enable_x64] = returned(names, nullcontext(), folder)
        shutil.rmtree(folder)
    Path(path).write_bytes(pickle.dumps(each))


if __name__ == "__main__":
    main()
