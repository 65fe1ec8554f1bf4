"""NWB files: spike times from the units table, stimuli from a table of intervals."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError
from canonica._files import shown
from canonica.data._recording import recording
from canonica.data._response_windows import EVOKED
from canonica.data._spike_trains import (
    ARGUMENTS,
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
from canonica.recordings._known_responses import KnownResponses, known_responses, part_of
from canonica.recordings._largest import check_size
from canonica.recordings._reading import Reading
from canonica.recordings.isolation._file_progress import sha256_of
from canonica.recordings.nwb._causes import (
    cause,
    has_nwb_1,
    import_extensions,
    is_locked,
    refuse_nwb_1,
)
from canonica.recordings.nwb._columns import read_column
from canonica.recordings.nwb._extras import read_extras
from canonica.recordings.nwb._library import pynwb
from canonica.recordings.nwb._pharmacology import pharmacology
from canonica.recordings.nwb._stimulus_table import stimulus_table
from canonica.recordings.nwb._types import check_types
from canonica.recordings.nwb._units import (
    SpikingUnits,
    electrode_names,
    spiking_units,
    units_table,
)
from canonica.recordings.nwb._validity import invalid_trials, unknown_responses
from canonica.recordings.stimuli._other_onsets import OTHER_ONSETS, other_onsets
from canonica.recordings.stimuli._stimulation import Stimulation, stimulation

READY = "responses"  # column of counts, where the spike times are not known
NOMINAL = "nominal_onsets"  # attribute in files of ours: the times of the trials are made up
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
            return "nwb_version" in root.attrs or has_nwb_1(root)
    except Exception as error:  # noqa: BLE001  (too damaged to say: then its name counts)
        return path.suffix.lower() == ".nwb" or is_locked(error)


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
    if found.stimulation.inputs:
        inputs = ("input", np.asarray(found.stimulation.inputs, str))
        recorded = recorded.assign_coords(input_name=inputs)
    known = found.known
    yield recorded if known.all else recorded.isel(trial=known.trials, electrode=known.electrodes)


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
        trains = SpikeTrains(
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
        known = found.known
        return trains if known.all else part_of(trains, known.trials, known.electrodes)


@dataclass(frozen=True, eq=False)
class _Contents:
    """What is in a file: `units`, or the ready `responses`; and what of it is `known`."""

    stimulation: Stimulation
    known: KnownResponses
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
    table, reading = stimulus_table(nwbfile, reading, source)
    where = f"{source}:{table.name}"
    found = stimulation(
        table.colnames, lambda name: read_column(table, name, where), reading, where
    )
    attributes, variables = read_extras(nwbfile, source)
    nominal = attributes.pop(NOMINAL, False) is True
    attrs = _attributes(nwbfile, path, reading, attributes)
    attrs |= _said_of_onsets(table, reading, where)
    told = f"{table.name}: {found.description}"
    if units_table(nwbfile, reading, source) is not None:
        units = spiking_units(nwbfile, reading, source)
        check_size(len(found.onsets), len(units), source)
        known = _known(nwbfile, units, found.onsets, reading, source)
        start, stop = (f"{1000 * limit:g}" for limit in reading.window)
        counted = f"{units.description}, {start} to {stop} ms after onset"
        attrs = {name: value for name, value in attrs.items() if name not in COUNTED}
        attrs |= units.attrs | known.attrs
        if not known.trials.all():
            attrs.pop("trials_per_session", None)  # no longer the same in each
        attrs["reading"] = "; ".join([counted, told, *known.description])
        return _Contents(found, known, units=units, variables=variables, attrs=attrs)
    if READY not in table.colnames:
        raise RecordingError(
            source,
            "units",
            found="no table of units" if nwbfile.units is None else "no spike times",
            expected="a table of units with a column spike_times",
            advice="Sort or detect spikes first, and write their times there.",
        )
    told = f"{told}; onsets are nominal" if nominal else told
    responses = found.rows.one_of_each(_ready_responses(table, where), READY, where)
    known = _known_counts(nwbfile, responses, None if nominal else found.onsets, reading, source)
    attrs |= known.attrs
    attrs["reading"] = "; ".join([f"responses as counted, from {READY}", told, *known.description])
    return _Contents(
        found,
        known,
        responses=responses,
        electrodes=electrode_names(nwbfile.electrodes, responses.shape[1], source),
        variables=variables,
        attrs=attrs,
        nominal=nominal,
    )


def _said_of_onsets(table: Any, reading: Reading, source: str) -> dict[str, str]:
    """Return which other columns may hold the onsets, as a recording keeps it."""
    onset = columns_of(table.colnames, reading, source).onset
    if reading.onset is not None or onset is None:
        return {}
    others = other_onsets(table.colnames, lambda name: read_column(table, name, source), onset)
    return {OTHER_ONSETS: ", ".join(others)} if others else {}


def _known(
    nwbfile: Any, units: SpikingUnits, onsets: np.ndarray, reading: Reading, source: str
) -> KnownResponses:
    """Return which responses of the units are known."""
    return known_responses(
        unknown_responses(
            units.observed, units.electrode, len(units), onsets=onsets, window=reading.window
        ),
        invalid=invalid_trials(nwbfile, onsets, reading.window, source),
        keep_invalid=reading.invalid_times == "keep",
        unobserved=reading.unobserved,
        electrodes=units.electrodes,
        source=source,
    )


def _known_counts(
    nwbfile: Any, responses: np.ndarray, onsets: np.ndarray | None, reading: Reading, source: str
) -> KnownResponses:
    """Return which of the responses that were counted before are known."""
    invalid = np.zeros(len(responses), bool)
    if onsets is not None:
        invalid = invalid_trials(nwbfile, onsets, reading.window, source)
    return known_responses(
        np.zeros(responses.shape, bool),
        invalid=invalid,
        keep_invalid=reading.invalid_times == "keep",
        unobserved=reading.unobserved,
        electrodes=(),
        source=source,
    )


def _ready(found: _Contents, reading: Reading) -> xr.Dataset:
    """Return the recording of a file whose responses are counts already."""
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
        "input_sha256": sha256_of(path),
    }


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Give the contents of the file, closed again; whatever is amiss with it is one error."""
    import h5py  # noqa: PLC0415

    with suppress(ImportError):
        import hdf5plugin  # type: ignore[import-not-found]  # noqa: F401, PLC0415  (filters)
    library = pynwb()
    try:
        with h5py.File(path, "r") as file, _quiet():
            refuse_nwb_1(file, path)
            check_types(file, shown(path))
            yield _content(library, file)
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
        if (known := cause(path, error)) is not None:
            raise known from error
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise RecordingError(
            shown(path),
            None,
            found=f"an NWB file that is cut short, damaged or against the standard ({reason})",
            expected="a complete file",
            advice="Copy or export it again, and check it with pynwb-validate.",
        ) from error


def _content(library: Any, file: Any) -> Any:
    """Return what is in an open file, with extensions that are installed imported as needed."""
    try:
        return library.NWBHDF5IO(file=file, mode="r", load_namespaces=True).read()
    except Exception:
        if not import_extensions(file):
            raise
    return library.NWBHDF5IO(file=file, mode="r", load_namespaces=True).read()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pynwb's remarks on versions of extensions and broken links from the user.

    What matters of them is an error here, or said in the attribute `reading`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
