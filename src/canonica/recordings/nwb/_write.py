"""Write a recording as an NWB file."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError
from canonica._files import complete_file, shown
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings.nwb._extras import add_extras
from canonica.recordings.nwb._metadata import checked, new_file
from canonica.recordings.nwb._read import COUNTED, NOMINAL, READY

NOMINAL_INTERVAL = 1.0  # seconds from stimulus to stimulus in [PC15], where nothing else is known
SPIKE_CHUNK = 2**16  # spikes: 512 KiB, which fit the cache that HDF5 has for a data set
PLACED = {"responses", "stimuli", "sources", "session", "onset", "electrode_name"}
NUMBERED = ("trial", "electrode", "input", "source")
OF_THE_FILE = {"input_file", "input_sha256", "reading", "origin", "converted_from"}


def write(path: Path, content: SpikeTrains | xr.Dataset, metadata: Mapping[str, str]) -> None:
    """Write one recording as an NWB file, whole or not at all.

    Spike trains become a table of units, one per electrode. A recording, of which only counts are
    known, has no units: its responses are a column of the trials. What is written can be read
    again: variables, coordinates and attributes, but for those that say where it was read
    (`origin`, which comes back as `converted_from`, `input_file`, `input_sha256`, `reading`).

    Parameters
    ----------
    path : pathlib.Path
        The file.
    content : SpikeTrains or xarray.Dataset
        What to write.
    metadata : mapping
        What else is known of the experiment, by the names of `canonica convert`'s options; the
        rest is left out, or marked as unknown.

    Raises
    ------
    CanonicaError
        If the metadata are not sound, or the recording has anything that NWB cannot hold.
    """
    attrs = dict(content.attrs)
    told = _with_known(checked(metadata), attrs)
    try:
        image = _image(_filled(content, attrs, told))
    except CanonicaError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise CanonicaError(
            f"{shown(path)}: found something that NWB cannot hold ({error}); expected numbers, and "
            "texts in Unicode. Leave it out, or rename it."
        ) from error
    with complete_file(path) as partial:
        partial.write_bytes(image)


def write_image(path: Path, nwbfile: Any) -> None:
    """Write a file that `session_file` made, whole or not at all."""
    image = _image(nwbfile)
    with complete_file(path) as partial:
        partial.write_bytes(image)


def session_file(trains: SpikeTrains, told: Mapping[str, str]) -> Any:
    """Return an NWB file of one session with nothing but what was measured.

    Parameters
    ----------
    trains : SpikeTrains
        Of this session alone.
    told : mapping
        Metadata, as `checked` returns them.

    Returns
    -------
    pynwb.NWBFile
        With electrodes, units and trials, whose column `stimulation_electrodes` lists the inputs
        that were on by their numbers from 1.
    """
    nwbfile = new_file(str(trains.attrs.get("name", "recording")), told)
    _add_electrodes(nwbfile, len(trains), trains.electrodes)
    _add_units(nwbfile, trains, told)
    _add_stimulations(nwbfile, trains.onsets, trains.stimuli)
    return nwbfile


def _image(nwbfile: Any) -> memoryview:
    """Return the bytes of the file; the HDF5 library itself would crash where a disk is full."""
    import h5py  # noqa: PLC0415
    from pynwb import NWBHDF5IO  # noqa: PLC0415

    image = BytesIO()
    with h5py.File(image, "w") as memory, NWBHDF5IO(file=memory, mode="w") as file:
        file.write(container=nwbfile)
    return image.getbuffer()


def _filled(content: SpikeTrains | xr.Dataset, attrs: dict[str, Any], told: dict[str, str]) -> Any:
    nwbfile = new_file(str(attrs.get("name", "recording")), told)
    kept = _kept(attrs, told)
    if isinstance(content, SpikeTrains):
        _add_electrodes(nwbfile, len(content), content.electrodes)
        _add_units(nwbfile, content, told)
        _add_trials(
            nwbfile,
            content.onsets,
            content.session,
            {"stimuli": content.stimuli, "sources": content.sources},
        )
        kept = {name: value for name, value in kept.items() if name not in COUNTED}
        variables = xr.Dataset() if content.truth is None else content.truth
    else:
        names = content["electrode_name"].to_numpy() if "electrode_name" in content else ()
        _add_electrodes(nwbfile, content.sizes["electrode"], tuple(map(str, names)))
        roles = ("stimuli", "sources", "responses")
        matrices = {role: content[role].to_numpy() if role in content else None for role in roles}
        onsets = content["onset"].to_numpy() if "onset" in content else None
        trials, interval = content.sizes["trial"], told.get("stimulus_interval")
        if onsets is None:
            kept[NOMINAL] = True
        _add_trials(
            nwbfile,
            np.arange(trials) * float(interval or NOMINAL_INTERVAL) if onsets is None else onsets,
            content["session"].to_numpy(),
            matrices,
            remark=_remark(interval) if onsets is None else "",
        )
        variables = content
    placed = PLACED | {name for name in NUMBERED if _is_numbered(variables, name)}
    add_extras(nwbfile, kept, variables.drop_vars(placed, errors="ignore"))
    return nwbfile


def _with_known(metadata: dict[str, str], attrs: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata, with what the recording itself knows of drugs and sampling."""
    known = {"sampling_rate": "sampling_rate"}
    if "drug" not in metadata:
        known |= {"drug": "drug", "concentration": "drug_concentration"}
    found = {field: str(attrs[name]) for field, name in known.items() if name in attrs}
    return checked(found | metadata)


def _kept(attrs: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes to keep: those that NWB says otherwise are left out."""
    kept = {name: value for name, value in attrs.items() if name not in OF_THE_FILE}
    if kept.get("condition") == "unknown":
        del kept["condition"]  # the drug may say more
    if "drug" in told and told["drug"] != attrs.get("drug"):
        kept = {name: value for name, value in kept.items() if not name.startswith("drug")}
    origin = attrs.get("converted_from", attrs.get("origin"))
    return kept if origin is None else kept | {"origin": origin}


def _is_numbered(variables: xr.Dataset, dimension: str) -> bool:
    if dimension not in variables.coords or variables[dimension].attrs:
        return False
    labels = variables[dimension].to_numpy()
    return labels.dtype.kind in "ui" and bool((labels == np.arange(1, len(labels) + 1)).all())


def _add_electrodes(nwbfile: Any, number: int, names: tuple[str, ...]) -> None:
    from hdmf.common import VectorData  # noqa: PLC0415
    from pynwb.ecephys import ElectrodesTable  # noqa: PLC0415

    (device,) = nwbfile.devices.values()
    group = nwbfile.create_electrode_group(
        name="electrodes", description="All electrodes.", location="unknown", device=device
    )
    columns = [
        VectorData(name="location", description="Where it is.", data=["unknown"] * number),
        VectorData(name="group", description="Its group.", data=[group] * number),
        VectorData(name="group_name", description="Its name.", data=[group.name] * number),
    ]
    if names:
        columns.append(
            VectorData(name="electrode_name", description="What it is called.", data=list(names))
        )
    nwbfile.electrodes = ElectrodesTable(id=np.arange(1, number + 1), columns=columns)


def _add_units(nwbfile: Any, trains: SpikeTrains, told: Mapping[str, str]) -> None:
    from hdmf.common import DynamicTableRegion, VectorData, VectorIndex  # noqa: PLC0415
    from pynwb.misc import Units  # noqa: PLC0415

    number = len(trains)
    times = VectorData(
        name="spike_times",
        description="Spike times in seconds.",
        data=_packed(trains.times, chunks=(min(SPIKE_CHUNK, max(len(trains.times), 1)),)),
    )
    electrodes = DynamicTableRegion(
        name="electrodes",
        description="The electrode that recorded these spikes.",
        data=np.arange(number),
        table=nwbfile.electrodes,
    )
    ends = VectorIndex(name="electrodes_index", target=electrodes, data=np.arange(1, number + 1))
    index = VectorIndex(name="spike_times_index", target=times, data=trains.bounds[1:])
    rate = told.get("sampling_rate")
    nwbfile.units = Units(
        name="units",
        description="All spikes of an electrode, as one unit: they are not sorted by neuron.",
        id=np.arange(1, number + 1),
        columns=[index, times, ends, electrodes],
        resolution=None if rate is None else 1 / float(rate),
    )


def _add_trials(
    nwbfile: Any,
    onsets: np.ndarray,
    session: np.ndarray,
    matrices: Mapping[str, np.ndarray | None],
    *,
    remark: str = "",
) -> None:
    from hdmf.common import VectorData  # noqa: PLC0415
    from pynwb.epoch import TimeIntervals  # noqa: PLC0415

    if not (np.isfinite(onsets).all() and (onsets >= 0).all() and (np.diff(onsets) >= 0).all()):
        raise CanonicaError(
            "onsets: found some that are before the start, fall, or are no numbers; expected "
            "seconds from the start of the recording, never falling. Count time from its start."
        )
    meanings = {
        "start_time": f"Onset of the stimulus in seconds.{remark}",
        "stop_time": "Onset of the next stimulus of the session; NaN where there is none.",
        "session": "Number of the session.",
        "stimuli": "Which inputs were stimulated: 1 for those that were, 0 for the others.",
        "sources": "Which hidden sources were on: 1 for those that were, 0 for the others.",
        READY: "Spikes of every electrode after the stimulus. When they came is not known.",
    }
    columns = {
        "start_time": onsets,
        "stop_time": _stops(onsets, session),
        "session": session,
        **{role: _compact(matrix) for role, matrix in matrices.items() if matrix is not None},
    }
    nwbfile.trials = TimeIntervals(
        name="trials",
        description=f"One row per stimulus.{remark}",
        id=np.arange(len(onsets)),
        columns=[
            VectorData(name=name, description=meanings[name], data=_packed(values))
            for name, values in columns.items()
        ],
    )


def _add_stimulations(nwbfile: Any, onsets: np.ndarray, stimuli: np.ndarray) -> None:
    from hdmf.common import VectorData, VectorIndex  # noqa: PLC0415
    from pynwb.epoch import TimeIntervals  # noqa: PLC0415

    trial, electrode = np.nonzero(stimuli)
    listed = VectorData(
        name="stimulation_electrodes",
        description="Electrodes that were stimulated, by number.",
        data=electrode + 1,
    )
    ends = np.searchsorted(trial, np.arange(len(onsets)), side="right")
    nwbfile.trials = TimeIntervals(
        name="trials",
        description="One row per stimulus.",
        id=np.arange(len(onsets)),
        columns=[
            VectorData(name="start_time", description="Stimulation time in seconds.", data=onsets),
            VectorData(
                name="stop_time",
                description="Onset of the next stimulus; NaN where there is none.",
                data=np.append(onsets[1:], np.nan),
            ),
            VectorIndex(name="stimulation_electrodes_index", target=listed, data=ends),
            listed,
        ],
    )


def _remark(interval: str | None) -> str:
    spaced = f"{float(interval or NOMINAL_INTERVAL):g} s"
    why = "as was given" if interval else "for want of a better number"
    return f" Onsets are not known: these are nominal, {spaced} apart, {why}."


def _stops(onsets: np.ndarray, session: np.ndarray) -> np.ndarray:
    """Return when each trial ends: at the next of its session, if there is one, and later."""
    stops = np.full(len(onsets), np.nan)
    follows = (session[1:] == session[:-1]) & (onsets[1:] > onsets[:-1])
    stops[:-1][follows] = onsets[1:][follows]
    return stops


def _compact(values: np.ndarray) -> np.ndarray:
    """Return counts in as few bytes as hold them, everything else as it is."""
    if values.dtype.kind == "b" or values.size == 0:
        return values.astype(np.uint8)
    if not np.isfinite(values).all() or values.min() < 0 or (values % 1 != 0).any():
        return values
    kept = [one for one in (np.uint8, np.uint16, np.uint32) if values.max() <= np.iinfo(one).max]
    return values.astype(kept[0]) if kept else values


def _packed(values: np.ndarray, chunks: tuple[int, ...] | None = None) -> Any:
    """Return values to be compressed on writing: bytes of a kind stand together first."""
    from hdmf.backends.hdf5 import H5DataIO  # noqa: PLC0415

    if not values.size:
        return values
    return H5DataIO(
        data=values, compression="gzip", compression_opts=1, shuffle=True, chunks=chunks or True
    )
