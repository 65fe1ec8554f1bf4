"""NWB files: spike times from the units table, stimuli from a table of intervals."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import sha256, shown
from canonica.data._recording import recording
from canonica.data._response_windows import EVOKED
from canonica.data._spike_trains import (
    COARSE,
    COARSE_TIMES,
    DOUBLED,
    OVERLAPPING,
    SHUFFLED,
    SpikeTrains,
    counted_recording,
)
from canonica.recordings._columns import columns_of
from canonica.recordings._hdf5 import HDF5_MAGIC
from canonica.recordings._reading import Reading
from canonica.recordings._stimulation import Stimulation, stimulation
from canonica.recordings.nwb._columns import objects_of, read_column
from canonica.recordings.nwb._extras import read_extras
from canonica.recordings.nwb._pharmacology import pharmacology
from canonica.recordings.nwb._types import check_types
from canonica.recordings.nwb._units import (
    SpikingUnits,
    check_size,
    electrode_names,
    has_spike_times,
    spiking_units,
)

EVENTS = "EventsTable"  # a table of NWB with a timestamp instead of start and stop
TABLES = ("TimeIntervals", EVENTS)  # types that can hold stimuli
READY = "responses"  # column of counts, where the spike times are not known
NOMINAL = "nominal_onsets"  # attribute in files of ours: the times of the trials are made up
ARGUMENTS = {  # names that attributes of a file must not take
    *("trains", "size", "onsets", "stimuli", "sources", "session", "electrodes", "window", "truth"),
    *("responses", "self"),
}
COUNTED = {  # attributes that counting the spikes gives anew
    *("response_start", "response_stop", "spikes", "first_spike", "last_spike"),
    *(COARSE, COARSE_TIMES, DOUBLED, OVERLAPPING),
}


def recognises(path: Path) -> bool:
    """Return whether this is an HDF5 file that says that it is NWB, or is called so."""
    import h5py  # noqa: PLC0415

    with path.open("rb") as file:
        if file.read(len(HDF5_MAGIC)) != HDF5_MAGIC:
            return False
    try:
        with h5py.File(path, "r") as root:
            return "nwb_version" in root.attrs
    except Exception:  # noqa: BLE001  (too damaged to say: then its name counts)
        return path.suffix.lower() == ".nwb"


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield the recording of the file; spikes are read unit by unit, and counted as they come.

    Raises
    ------
    RecordingError
        If the file cannot be used.
    """
    with _opened(path) as nwbfile:
        found = _contents(nwbfile, path, reading)
        if found.units is None:
            recorded = _ready(found, reading)
        else:
            recorded = counted_recording(
                found.units.trains(),
                len(found.units),
                onsets=found.stimulation.onsets,
                stimuli=found.stimulation.stimuli,
                sources=found.stimulation.sources,
                session=found.stimulation.session,
                electrodes=found.units.electrodes,
                window=reading.window,
                truth=found.truth,
                **found.attrs,
            )
    yield recorded


def read_trains(path: Path, reading: Reading) -> SpikeTrains | xr.Dataset:
    """Return the spike trains of the file; or its recording, if it has no spike times.

    Raises
    ------
    RecordingError
        If the file cannot be used.
    """
    with _opened(path) as nwbfile:
        found = _contents(nwbfile, path, reading)
        if found.units is None:
            return _ready(found, reading)
        times, bounds, unsorted = found.units.all_trains()
        earlier = found.attrs.get(SHUFFLED, 0)
        attrs = found.attrs | ({SHUFFLED: earlier + unsorted} if unsorted else {})
        return SpikeTrains(
            times=times,
            bounds=bounds,
            onsets=found.stimulation.onsets,
            stimuli=found.stimulation.stimuli,
            sources=found.stimulation.sources,
            session=found.stimulation.session,
            electrodes=found.units.electrodes,
            attrs=attrs,
            truth=found.truth,
        )


@dataclass(frozen=True, eq=False)
class _Contents:
    """What is in a file: `units`, or the ready `responses`."""

    stimulation: Stimulation
    units: SpikingUnits | None = None
    responses: np.ndarray | None = None
    electrodes: tuple[str, ...] = ()
    variables: xr.Dataset = field(default_factory=xr.Dataset)
    attrs: dict[str, Any] = field(default_factory=dict)
    nominal: bool = False

    @property
    def truth(self) -> xr.Dataset | None:
        return self.variables if self.variables.variables else None


def _contents(nwbfile: Any, path: Path, reading: Reading) -> _Contents:
    source = shown(path)
    table = _stimulus_table(nwbfile, reading, source)
    where = f"{source}:{table.name}"
    if table.neurodata_type == EVENTS and reading.onset is None:
        reading = replace(reading, onset="timestamp")
    found = stimulation(
        table.colnames, lambda name: read_column(table, name, where), reading, where
    )
    attributes, variables = read_extras(nwbfile, source)
    nominal = attributes.pop(NOMINAL, False) is True
    attrs = _attributes(nwbfile, path, reading, attributes)
    told = f"{table.name}: {found.description}"
    if has_spike_times(nwbfile.units):
        units = spiking_units(nwbfile, reading, source)
        check_size(len(found.onsets), len(units), source)
        start, stop = (f"{1000 * limit:g}" for limit in reading.window)
        attrs["reading"] = f"{units.description}, {start} to {stop} ms after onset; {told}"
        attrs = {name: value for name, value in attrs.items() if name not in COUNTED}
        return _Contents(found, units=units, variables=variables, attrs=attrs)
    if READY not in table.colnames:
        raise RecordingError(
            source,
            "units",
            found="no spike times" if nwbfile.units else "no table of units",
            expected="a table of units with a column spike_times",
            advice="Sort or detect spikes first, and write their times there.",
        )
    told = f"{told}; onsets are nominal" if nominal else told
    attrs["reading"] = f"responses as counted, from {READY}; {told}"
    responses = found.rows.one_of_each(_ready_responses(table, where), READY, where)
    return _Contents(
        found,
        responses=responses,
        electrodes=electrode_names(nwbfile.electrodes, responses.shape[1], source),
        variables=variables,
        attrs=attrs,
        nominal=nominal,
    )


def _ready(found: _Contents, reading: Reading) -> xr.Dataset:
    """Return the recording of responses that were counted before."""
    counted_in = tuple(found.attrs.get(f"response_{end}") for end in ("start", "stop"))
    if reading.window not in (EVOKED, counted_in):
        raise RecordingError(
            found.attrs["origin"],
            READY,
            found="responses that are counts, without the times of the spikes",
            expected="spike times, to count them in another window",
            advice="Leave the window out, or go back to the file with the spikes.",
        )
    recorded = recording(
        found.responses,
        found.stimulation.stimuli,
        found.stimulation.sources,
        session=found.stimulation.session,
        **found.attrs,
    )
    if not found.nominal:
        onsets = ("trial", found.stimulation.onsets, {"units": "s"})
        recorded = recorded.assign_coords(onset=onsets)
    if found.electrodes:
        names = ("electrode", np.asarray(found.electrodes, str))
        recorded = recorded.assign_coords(electrode_name=names)
    recorded = recorded.assign_coords(found.variables.coords)
    return recorded.assign(found.variables.data_vars)


def _ready_responses(table: Any, source: str) -> np.ndarray:
    responses = read_column(table, READY, source)
    if not isinstance(responses, np.ndarray) or responses.ndim != 2:  # noqa: PLR2004
        raise RecordingError(
            source,
            READY,
            found="a column that is no matrix",
            expected="in every trial, the spikes of every electrode",
            advice="Add a table of units with spike times: without it, responses must be counts.",
        )
    return responses


def _stimulus_table(nwbfile: Any, reading: Reading, source: str) -> Any:
    """Return the table that is asked for; or the trials, or the only other one with stimuli."""
    tables = sorted(objects_of(nwbfile, *TABLES), key=lambda table: table.name)
    names = [one.name for one in tables]
    if reading.table is not None:
        wanted = [one for one in tables if one.name == reading.table]
        if len(wanted) == 1:
            return wanted[0]
        raise RecordingError(
            source,
            None,
            found=f"{len(wanted) or 'no'} tables {reading.table}, among {listed(names)}",
            expected="one table of stimuli of this name",
            advice="Check its name: --table NAME.",
        )
    candidates = [one for one in tables if _has_stimuli(one, reading, source)] or [
        one for one in tables if one.name == "trials"
    ]
    trials = [one for one in candidates if one.name == "trials"]
    if len(candidates) == 1 or len(trials) == 1:
        return (trials or candidates)[0]
    if candidates:
        raise RecordingError(
            source,
            None,
            found=f"several tables with stimuli: {listed(one.name for one in candidates)}",
            expected="one",
            advice="Name it: --table NAME.",
        )
    raise RecordingError(
        source,
        None,
        found=f"no trials; other tables of intervals: {listed(names)}",
        expected="a table of stimuli: start_time, and a column or columns with the stimuli",
        advice="Write the stimuli as trials; or name table and columns: --table, --stimuli.",
    )


def _has_stimuli(table: Any, reading: Reading, source: str) -> bool:
    try:
        return bool(columns_of(table.colnames, reading, source).stimuli)
    except RecordingError:  # a column that the user names is not in this one
        return False


def _attributes(nwbfile: Any, path: Path, reading: Reading, kept: dict[str, Any]) -> dict[str, Any]:
    """Return the recording's attributes: as it had them before, where the file is ours."""
    condition, drugs = pharmacology(nwbfile)
    kept = {name: value for name, value in kept.items() if name not in ARGUMENTS}
    before = kept.pop("origin", None)
    origin = {} if before is None else {"converted_from": before}
    given = {} if reading.condition is None else {"condition": reading.condition}
    attrs = {"condition": condition, "name": shown(Path(path.stem)), **drugs, **origin, **kept}
    for label in ("name", "condition"):
        attrs[label] = str(attrs[label])
    if not isinstance(attrs.get(SHUFFLED, 0), int):
        del attrs[SHUFFLED]
    return attrs | {
        **given,
        "origin": shown(path),
        "input_file": shown(path),
        "input_sha256": sha256(path),
    }


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Give the contents of the file, closed again; whatever is amiss with it is one error."""
    import h5py  # noqa: PLC0415
    import ndx_cell_culture  # noqa: F401, PLC0415  (makes its types known)
    from pynwb import NWBHDF5IO  # noqa: PLC0415

    try:
        with h5py.File(path, "r") as file, _quiet():
            check_types(file, shown(path))
            with NWBHDF5IO(file=file, mode="r", load_namespaces=True) as opened:
                yield opened.read()
    except CanonicaError:
        raise
    except MemoryError as error:
        raise RecordingError(
            shown(path),
            None,
            found="an NWB file that asks for more memory than there is",
            expected="a recording that fits",
            advice="It is damaged, or its stimuli are too many: split it.",
        ) from error
    except Exception as error:  # of dozens of kinds, depending on what is damaged
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise RecordingError(
            shown(path),
            None,
            found=f"an NWB file that is cut short, damaged or against the standard ({reason})",
            expected="a complete file",
            advice="Copy or export it again, and check it with pynwb-validate.",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pynwb's remarks on versions of extensions and broken links from the user.

    What matters of them is an error here, or said in the attribute `reading`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
