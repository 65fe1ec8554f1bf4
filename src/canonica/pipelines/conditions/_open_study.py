"""The results of a whole study as one dataset, of which is read what is asked for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._files import AnyPath, shown
from canonica.pipelines.conditions._study_store import ENDINGS
from canonica.pipelines.results._netcdf_variables import netcdf_outline, netcdf_variables
from canonica.reverse_engineering.conditions import GROUPINGS

TABLE = "cultures"
LABELS = ("condition", *GROUPINGS, "drug", "dose", "note")
ALONG = "recording"
Part: TypeAlias = Literal["analysis", "forecast", "scores"]


@checked_arguments
def open_study(folder: AnyPath, part: Part = "analysis") -> xr.Dataset:
    """Open the results of a whole study as one dataset, without reading them.

    The table of a study, cultures.parquet, has a row a recording; here is all else, which is in a
    NetCDF file for each. Variables are arrays of Dask, a chunk a recording, read when
    they are computed: no more is held than is computed at a time. Where recordings differ in
    sessions, trials, electrodes or states of the sources, each variable has all that occur, and NaN
    where a recording has none.

    Parameters
    ----------
    folder : path-like
        What `study` wrote.
    part : "analysis", "forecast" or "scores"
        Which results: of `reverse_engineer`, `forecast` or `score`.

    Returns
    -------
    xarray.Dataset
        Variables as those functions return them, in their units, with `recording` as the first
        dimension, in the order of the table; the session of each trial and the horizon of each
        session are among them. Coordinates: the name of each recording, and what the table of the
        study says of it. Attributes that all have in common.

    Raises
    ------
    CanonicaError
        If the folder holds no results of a study, they are damaged, or Dask is not installed.

    See Also
    --------
    study : Makes them.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.pipelines import study
    >>> from canonica.recordings import Reading, write
    >>> from canonica.simulate import culture
    >>> folder = Path(mkdtemp())
    >>> for seed in (2, 3):
    ...     write(folder / f"{seed}.mat", culture(seed, sessions=12, trials_per_session=64))
    >>> rows = [{"file": f"{folder}/{n}.mat", "condition": c} for n, c in ((2, "a"), (3, "b"))]
    >>> _ = study(rows, folder / "out", model="ridge", reading=Reading(trials_per_session=64))
    >>> opened = open_study(folder / "out")
    >>> opened.free_energy.dims, opened.condition.values.tolist()
    (('recording', 'session'), ['a', 'b'])
    >>> opened.free_energy.groupby("condition").mean("recording").compute().sizes["session"]
    12
    """
    _check_dask()
    place = Path(folder)
    try:
        table = pd.read_parquet(place / f"{TABLE}.parquet")
        paths = [place / f"{name}.{ENDINGS[part]}" for name in table["name"]]
        outline = _Outline()
        for path in paths:
            outline.add(path)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise CanonicaError(
            f"folder: found no results of a study in {shown(place)} that can be read ({error}); "
            "expected what canonica study wrote. Check the path."
        ) from error
    variables = {
        name: ((ALONG, *dims), outline.lazily(name, paths)) for name, dims in outline.dims.items()
    }
    said = {name: pd.Index(table[name]) for name in LABELS if name in table}
    labels = {
        name: (ALONG, _values(column)) for name, column in said.items() if column.notna().any()
    }
    return xr.Dataset(
        variables,
        {ALONG: _values(pd.Index(table["name"])), **labels, **outline.labels},
        outline.attrs,
    )


@dataclass
class _Outline:
    """What is in the files, but for the values of variables, which may be many.

    Parameters
    ----------
    files : int
        How many there are.
    dims, types : dict
        Dimensions of each variable, and the type of its values.
    indexes : dict
        All labels along each dimension.
    attrs : dict
        Attributes that all have in common.
    """

    files: int = 0
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    types: dict[str, np.dtype] = field(default_factory=dict)
    indexes: dict[str, pd.Index] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)
    _holders: Counter[str] = field(default_factory=Counter)
    _differing: set[str] = field(default_factory=set)

    def add(self, path: Path) -> None:
        """Take up one more file."""
        found = netcdf_outline(path)
        for name, (dims, kind) in found.variables.items():
            self.dims[name] = dims
            self.types[name] = np.result_type(kind, self.types.get(name, kind))
        self._holders.update(found.variables.keys())
        for name, values in found.indexes.items():
            index, known = pd.Index(values), self.indexes.get(name)
            if known is not None and not known.equals(index):
                self._differing.add(name)
                index = known.append(index.difference(known, sort=False))
            self.indexes[name] = index
        attrs = found.attrs if self.files == 0 else self.attrs
        self.attrs = {name: one for name, one in attrs.items() if found.attrs.get(name) == one}
        self.files += 1

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """All labels along each dimension."""
        return {name: _values(index) for name, index in self.indexes.items()}

    def lazily(self, name: str, paths: Sequence[Path]) -> Any:
        """Return a variable of all files, a chunk a file."""
        import dask.array  # noqa: PLC0415  (an extra)

        indexes = {dim: self.indexes[dim] for dim in self.dims[name]}
        gaps = self._holders[name] < self.files or not self._differing.isdisjoint(indexes)
        return dask.array.map_blocks(
            partial(_chunk, [str(path) for path in paths], name, indexes),
            chunks=((1,) * self.files, *((len(index),) for index in indexes.values())),
            dtype=np.result_type(self.types[name], np.float64) if gaps else self.types[name],
            meta=np.empty((0,) * (1 + len(indexes))),
        )


def _values(labels: pd.Index) -> np.ndarray:
    """Return numbers, or text as NumPy has it, empty where nothing was said."""
    if pd.api.types.is_numeric_dtype(labels):
        return labels.to_numpy()
    return np.array(labels.fillna(""), dtype=str)


def _chunk(
    paths: Sequence[str],
    name: str,
    indexes: Mapping[str, pd.Index],
    block_id: tuple[int, ...],
) -> np.ndarray:
    """Return what one file has of a variable, NaN where it has none."""
    found = netcdf_variables(Path(paths[block_id[0]]), [name])
    if name not in found:
        return np.full((1, *map(len, indexes.values())), np.nan)
    return found[name].reindex(indexes).to_numpy()[None]


def _check_dask() -> None:
    try:
        import dask.array  # noqa: F401, PLC0415  (an extra)
    except ImportError as error:
        raise CanonicaError(
            "open_study: found no Dask; expected it to be installed. Install it: "
            'pip install "canonica[cluster]".'
        ) from error
