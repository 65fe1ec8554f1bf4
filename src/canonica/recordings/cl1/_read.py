"""Recordings of the CL1: HDF5 as the cl API writes it, which its `RecordingView` shows.

A table `spikes` has a row for every spike that was detected, a table `stims` one for every stimulus
that a channel delivered: the frame and the channel of each. Rows of one frame are one trial. The
package `cl-sdk` is not needed to read them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError
from canonica._files import shown
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._claims import check_claim
from canonica.recordings._hdf5 import hdf5_root
from canonica.recordings._reading import Reading
from canonica.recordings.spikes._file_trains import file_trains, with_inputs
from canonica.recordings.spikes._grouped_spikes import GroupedSpikes, grouped_by_channel
from canonica.recordings.stimuli._stimulation import Stimulation, stimulation
from canonica.recordings.tables._spikes import stimuli_of_table

RATE, CHANNELS = "frames_per_second", "channel_count"  # attributes of the file
STARTED, LASTED = "start_timestamp", "duration_frames"
MARKS = {RATE, CHANNELS, "uV_per_sample_unit"}
TABLES = SPIKES, STIMS = "spikes", "stims"
FRAME, CHANNEL = "timestamp", "channel"  # columns of both


def recognises(path: Path) -> bool:
    """Return whether this is an HDF5 file with what the cl API says of a recording."""
    return hdf5_root(path).attributes >= MARKS


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield the recording of the file.

    Raises
    ------
    RecordingError
        If the file cannot be used.
    """
    trains, trials = _trains_and_stimuli(path, reading)
    yield with_inputs(trains.recording(window=reading.window), trials)


def read_trains(path: Path, reading: Reading) -> SpikeTrains:
    """Return the spike trains of the file, with the stimuli that the CL1 delivered.

    Raises
    ------
    RecordingError
        If the file cannot be used.
    """
    return _trains_and_stimuli(path, reading)[0]


def _trains_and_stimuli(path: Path, reading: Reading) -> tuple[SpikeTrains, Stimulation]:
    with _opened(path) as file:
        spikes = _spikes(file, path)
        if reading.stimulus_file is None:
            trials = _stimuli(file, path, reading)
            told = f"stimuli from {STIMS}, {trials.description}"
        else:
            trials = stimuli_of_table(reading.stimulus_file, reading)
            told = f"of {shown(Path(reading.stimulus_file.name))}, {trials.description}"
    told = f"a recording of a CL1: {SPIKES} of all its channels; {told}"
    trains = file_trains(
        path, spikes, trials, reading, told=told, stimulus_file=reading.stimulus_file
    )
    return trains, trials


def _spikes(file: Any, path: Path) -> GroupedSpikes:
    frames, channels = _table(file, SPIKES, path)
    electrodes = range(int(file.attrs[CHANNELS]))
    return grouped_by_channel(_seconds(frames, file), channels, electrodes, shown(path))


def _stimuli(file: Any, path: Path, reading: Reading) -> Stimulation:
    frames, channels = _table(file, STIMS, path)
    columns = {FRAME: _seconds(frames, file), CHANNEL: channels}
    as_listed = replace(reading, onset=FRAME, stimuli=(CHANNEL,), coding="electrodes")
    return stimulation(columns, columns.__getitem__, as_listed, f"{shown(path)}:{STIMS}")


def _table(file: Any, name: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the frame and the channel of every row of a table."""
    if name not in file:
        raise RecordingError(
            shown(path),
            name,
            found=f"a recording of a CL1 without {name}",
            expected="detected spikes and delivered stimuli",
            advice=f"Record with include_{name}=True"
            + ("." if name == SPIKES else "; or give a table of stimuli: --stimulus-file PATH."),
        )
    table = file[name]
    check_claim(path, name, table.size * table.dtype.itemsize)
    frames, channels = (table.fields(column)[:] for column in (FRAME, CHANNEL))
    return frames, channels


def _seconds(frames: np.ndarray, file: Any) -> np.ndarray:
    """Return frames, of whichever table, in seconds since the recording began."""
    return (frames - _first_frame(file)) / float(file.attrs[RATE])


def _first_frame(file: Any) -> int:
    """Return the frame that both tables count from: 0, or one on the clock of the whole device.

    Which it is shows where a frame is later than the recording is long. One answer for both tables,
    as one of them may hold no such frame.
    """
    start, length = (int(file.attrs[name]) for name in (STARTED, LASTED))
    frames = np.concatenate([file[name].fields(FRAME)[:] for name in TABLES if name in file])
    on_clock_of_device = frames.size and frames.max() > length and frames.min() >= start
    return start if on_clock_of_device else 0


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Give the open file; whatever is amiss with it is one error."""
    import h5py  # noqa: PLC0415

    try:
        with h5py.File(path, "r") as file:
            yield file
    except CanonicaError:
        raise
    except Exception as error:  # of many kinds, depending on what is damaged
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise RecordingError(
            shown(path),
            None,
            found=f"a recording of a CL1 that is cut short or damaged ({reason})",
            expected="a complete file",
            advice="Copy it again from the device.",
        ) from error
