"""NWB and MATLAB 7.3 files whose objects are gone, or other than they should be."""

import random
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

EXTREMES = (-1, 0, 2**31 - 1, 127, 128)
NOT_FINITE = (float("nan"), float("inf"), -float("inf"), 1e300, 5e-324)


def _removed(path: Path, draw: random.Random) -> None:
    with h5py.File(path, "a") as file:
        places: list[str] = []
        file.visit(places.append)
        del file[draw.choice(places)]


def _attribute_removed(path: Path, draw: random.Random) -> None:
    with h5py.File(path, "a") as file:
        places: list[str] = ["/"]
        file.visit(places.append)
        chosen = file[draw.choice([place for place in places if len(file[place].attrs)])]
        del chosen.attrs[draw.choice(list(chosen.attrs))]


def _retyped(path: Path, draw: random.Random) -> None:
    with h5py.File(path, "a") as file:
        dataset = draw.choice(_datasets(file))
        size = max(1, dataset.size or 0)
        text = np.array([b"\xff\x00", b"nonsense"] * size, object)
        arrays = [np.zeros(size, "f2"), np.zeros((size, 2)), text, np.zeros(size, "c16")]
        _replaced(file, dataset, draw.choice([*arrays, 3.5, "text", "2024"]))


def _resized(path: Path, draw: random.Random) -> None:
    with h5py.File(path, "a") as file:
        dataset = draw.choice(_datasets(file, lambda one: one.ndim > 0))
        values = dataset[...]
        _replaced(
            file, dataset, draw.choice([values[:0], values[: len(values) // 2], values[::-1]])
        )


def _values_changed(path: Path, draw: random.Random) -> None:
    """Write extreme numbers from some place on."""
    with h5py.File(path, "a") as file:
        dataset = draw.choice(_datasets(file, lambda one: one.ndim > 0 and one.dtype.kind in "fiu"))
        values = dataset[...]
        flat = values.reshape(-1)
        extremes = EXTREMES + (NOT_FINITE if values.dtype.kind == "f" else ())
        with np.errstate(all="ignore"):
            flat[draw.randrange(len(flat)) :] = np.array(draw.choice(extremes)).astype(values.dtype)
        dataset[...] = values


def _datasets(
    file: h5py.File, wanted: Callable[[h5py.Dataset], bool] = lambda _: True
) -> list[h5py.Dataset]:
    found: list[h5py.Dataset] = []

    def keep(_: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and wanted(item):
            found.append(item)

    file.visititems(keep)
    return found


def _replaced(file: h5py.File, dataset: h5py.Dataset, values: object) -> None:
    """Put other values in the place of a dataset, with its attributes."""
    name, attributes = dataset.name, dict(dataset.attrs)
    del file[name]
    made = file.create_dataset(name, data=values)
    for key, value in attributes.items():
        made.attrs[key] = value


OF_HDF5 = [_removed, _attribute_removed, _retyped, _resized, _values_changed]
