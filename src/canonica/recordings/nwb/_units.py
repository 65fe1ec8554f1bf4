"""The units table of an NWB file: whose spikes are whose, and their times, read as needed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int

from canonica._errors import RecordingError, how_many, listed
from canonica.recordings._columns import Ragged
from canonica.recordings._reading import Reading
from canonica.recordings.isolation._file_progress import tell_progress
from canonica.recordings.nwb._columns import (
    bounds_of,
    check_stored,
    objects_of,
    read_column,
    row_count,
    row_ids,
)
from canonica.recordings.nwb._labels import labelled_units
from canonica.recordings.nwb._validity import observed_intervals

BLOCK = 2**21  # spikes to read at a time: 16 MiB
GROUP = "electrode_group"
NAMES = ("electrode_name", "channel_name", "unit_name", "label", "name")


@dataclass(frozen=True, eq=False)
class SpikingUnits:
    """Units, each with its spikes and the electrode that they count for.

    Parameters
    ----------
    times : (spike,)
        On disk, in seconds, unit by unit.
    bounds : (unit + 1,)
        Where each unit's spikes begin, and where the last one's end.
    electrode : (unit,)
        Number of its electrode, from 0; -1 for a unit that does not count.
    size : int
        How many electrodes there are.
    electrodes : tuple of str
        What they are called; none where they are only numbered from 1.
    description : str
        What was taken for what.
    observed : Ragged or None
        The intervals in which each unit was observed, where that is said.
    attrs : dict
        What a recording keeps of the units.
    """

    times: Any
    bounds: Int[np.ndarray, " unit_bound"]
    electrode: Int[np.ndarray, " unit"]
    size: int
    electrodes: tuple[str, ...]
    description: str
    observed: Ragged | None = None
    attrs: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.size

    def trains(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield electrode and spike times of one unit after the other, a few units at a time.

        A unit with more spikes than are read at a time comes in parts.
        """
        unit, total = 0, int(self.bounds[-1])
        while unit < len(self.electrode):
            tell_progress("spikes", int(self.bounds[unit]), total)
            if self.electrode[unit] < 0:
                unit += 1
                continue
            begin = self.bounds[unit]
            last = int(np.searchsorted(self.bounds, begin + BLOCK, side="right")) - 1
            if last <= unit:
                for part in range(begin, self.bounds[unit + 1], BLOCK):
                    end = min(part + BLOCK, self.bounds[unit + 1])
                    yield int(self.electrode[unit]), self.times[part:end]
                    tell_progress("spikes", int(end), total)
                unit += 1
                continue
            block = self.times[begin : self.bounds[last]]
            for number in unit + np.flatnonzero(self.electrode[unit:last] >= 0):
                inside = slice(self.bounds[number] - begin, self.bounds[number + 1] - begin)
                yield int(self.electrode[number]), block[inside]
            unit = last
        tell_progress("spikes", total, total)

    def all_trains(self) -> tuple[np.ndarray, np.ndarray, int]:
        """Return all spike times, bounds, and how many spikes came before an earlier one.

        The times are electrode by electrode, rising within each.
        """
        trains: list[list[np.ndarray]] = [[] for _ in range(self.size)]
        unsorted = 0
        for electrode, train in self.trains():
            times = np.asarray(train, np.float64)
            unsorted += int(np.count_nonzero(times[1:] < times[:-1]))
            trains[electrode].append(times)
        joined = [np.sort(np.concatenate(parts)) if parts else np.zeros(0) for parts in trains]
        bounds = np.concatenate([[0], np.cumsum([len(times) for times in joined], dtype=np.int64)])
        return np.concatenate(joined) if joined else np.zeros(0), bounds, unsorted


def units_table(nwbfile: Any, reading: Reading, source: str) -> Any:
    """Return the table of units with spike times: the file's own, or the only one elsewhere.

    Parameters
    ----------
    nwbfile : pynwb.NWBFile
    reading : Reading
        The name of the table, where there are several.
    source : str
        The file, for messages.

    Returns
    -------
    pynwb.misc.Units or None
        None if there is none; in a processing module it is found too.

    Raises
    ------
    RecordingError
        If there are several, or none of that name.
    """
    found = [one for one in objects_of(nwbfile, "Units") if "spike_times" in one.colnames]
    if reading.units is None:
        own = [one for one in found if one is nwbfile.units]
        if own or not found:
            return own[0] if own else None
        named = found
    else:
        named = [one for one in found if reading.units in (one.name, _place(one))]
    if len(named) == 1:
        return named[0]
    raise RecordingError(
        source,
        "units",
        found=f"tables of units {listed(sorted(map(_place, found)))}",
        expected="one" if reading.units is None else f"one called {reading.units}",
        advice="Name it: --units NAME, or MODULE/NAME.",
    )


def _place(table: Any) -> str:
    parent = table.parent
    inside = getattr(parent, "neurodata_type", None) == "ProcessingModule"
    return f"{parent.name}/{table.name}" if inside else table.name


def spiking_units(nwbfile: Any, reading: Reading, source: str) -> SpikingUnits:
    """Return the units of a file, by electrode or by unit.

    Parameters
    ----------
    nwbfile : pynwb.NWBFile
        With spike times.
    reading : Reading
        Whether by electrode or by unit; where the file names no electrodes, by unit.
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If the table is empty or damaged, or its units have several electrodes each.
    """
    table = units_table(nwbfile, reading, source)
    where = f"{source}:{table.name}"
    times, bounds = _spike_times(table, where)
    number = row_count(table, where)
    counting, attrs, told = labelled_units(table, number, reading.quality, where)
    rows = _electrode_rows(table, where) if reading.by == "electrode" else None
    if rows is None:
        electrode, size = np.where(counting, np.cumsum(counting) - 1, -1), int(counting.sum())
        names = _of_these(_names(table, number, where), np.flatnonzero(counting))
        description = f"spikes by unit ({size})"
    else:
        electrodes = _electrode_table(nwbfile, table, where)
        size, electrode = row_count(electrodes, where), np.where(counting, rows, -1)
        _check_rows(rows, size, where)
        names = electrode_names(electrodes, size, source)
        silent = size - len(np.unique(rows[counting]))
        several = "" if counting.sum() == size - silent else f", {how_many(counting.sum(), 'unit')}"
        description = f"spikes by electrode ({size}, {silent} without units{several})"
    if not size:
        raise RecordingError(
            where,
            None,
            found="no units",
            expected="at least one",
            advice="Check that this file is the one with the spikes.",
        )
    return SpikingUnits(
        times,
        bounds,
        electrode,
        size,
        names,
        "; ".join(part for part in (description, told) if part),
        observed=observed_intervals(table, number, where),
        attrs=attrs,
    )


def _of_these(names: tuple[str, ...], units: np.ndarray) -> tuple[str, ...]:
    """Return what these units are called: where all have numbers only, those of the table."""
    if names or (units == np.arange(len(units))).all():
        return tuple(names[unit] for unit in units) if names else ()
    return tuple(str(unit + 1) for unit in units)


def _check_rows(rows: np.ndarray, size: int, source: str) -> None:
    if len(rows) and (rows.min() < 0 or rows.max() >= size):
        raise RecordingError(
            source,
            "electrodes",
            found=f"rows {rows.min()} to {rows.max()} of a table of {how_many(size, 'electrode')}",
            expected="rows of that table, from 0",
            advice="The file is damaged; or read it by unit (--by unit).",
        )


def electrode_names(table: Any, size: int, source: str) -> tuple[str, ...]:
    """Return what the electrodes are called; nothing where they are only numbered from 1.

    Parameters
    ----------
    table : pynwb's electrodes table, or None
    size : int
        How many electrodes there are; those of another number are not these.
    source : str
        The file, for messages.
    """
    if table is None or len(table.id) != size:
        return ()
    return _names(table, size, f"{source}:electrodes")


def _names(table: Any, size: int, source: str) -> tuple[str, ...]:
    """Return the names in a table, if there are any and each is there once; else its ids."""
    columns = [read_column(table, name, source) for name in NAMES if name in table.colnames]
    for column in columns:
        if isinstance(column, np.ndarray) and column.ndim == 1:
            names = tuple(str(name) for name in column)
            if len(set(names)) == size and all(names):
                return names
    groups = _group_names(table)
    if len(set(groups)) == size:
        return groups
    ids = row_ids(table, source)
    if (ids == np.arange(1, size + 1)).all() or len(np.unique(ids)) < size:
        return ()
    return tuple(str(number) for number in ids)


def _group_names(table: Any) -> tuple[str, ...]:
    """Return the name of the group of electrodes of every unit, where units have one."""
    if getattr(table, "neurodata_type", None) != "Units" or GROUP not in table.colnames:
        return ()
    return tuple(str(getattr(group, "name", "")) for group in table[GROUP].data[:])


def _spike_times(units: Any, source: str) -> tuple[Any, np.ndarray]:
    """Return the data set of times, unread, and where each unit's begin and end."""
    index = units["spike_times"]
    flat = getattr(index, "target", None)
    data = getattr(flat, "data", None)
    ragged = data is not None and not hasattr(flat, "target")
    dtype, shape = getattr(data, "dtype", None), getattr(data, "shape", ())
    if not ragged or getattr(dtype, "kind", None) not in ("f", "i", "u") or len(shape) != 1:
        raise RecordingError(
            source,
            "spike_times",
            found=f"values of type {dtype} and shape {shape}" if ragged else "no list per unit",
            expected="for each unit, its spike times in seconds",
            advice="Write it with pynwb's add_unit(spike_times=...).",
        )
    check_stored(data, "spike_times", source)
    return data, bounds_of(index, row_count(units, source), shape[0], source)


def _electrode_rows(units: Any, source: str) -> np.ndarray | None:
    """Return the row of each unit's electrode, or None if no unit names one."""
    if "electrodes" not in units.colnames:
        return None
    column = read_column(units, "electrodes", source)
    if isinstance(column, Ragged):
        lengths, rows = np.diff(column.bounds), column.values
    else:
        rows = column.ravel()
        lengths = np.full(len(column), column.size // max(len(column), 1))
    if not rows.size and len(lengths):
        return None
    if (lengths != 1).any():
        unit = int(np.flatnonzero(lengths != 1)[0])
        raise RecordingError(
            source,
            "electrodes",
            found=f"{how_many(lengths[unit], 'electrode')} of unit {unit + 1} "
            f"({how_many(np.count_nonzero(lengths != 1), 'such unit')})",
            expected="one electrode of each unit, to count spikes by electrode",
            advice="Count them by unit (--by unit).",
        )
    if rows.dtype.kind not in "ui":
        raise RecordingError(
            source,
            "electrodes",
            found=f"values of type {rows.dtype}",
            expected="rows of the table of electrodes",
            advice="Read it by unit (--by unit).",
        )
    return rows.astype(np.int64)


def _electrode_table(nwbfile: Any, units: Any, source: str) -> Any:
    column = units["electrodes"]
    region = getattr(column, "target", column)
    table = getattr(region, "table", None)
    table = nwbfile.electrodes if table is None else table
    if table is None:
        raise RecordingError(
            source,
            "electrodes",
            found="units with electrodes, but no table of electrodes",
            expected="the table that they are rows of",
            advice="Read it by unit (--by unit).",
        )
    return table
