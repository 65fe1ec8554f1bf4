"""Sound recordings in every format there is, to be damaged."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from canonica.recordings import SpikeTrains, write
from canonica.simulate import spike_trains

MATLAB_7_3 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 ."
USER_BLOCK = 512  # bytes before the HDF5 in such a file


def culture(seed: int) -> SpikeTrains:
    """Return a culture that the published protocol can analyse."""
    return spike_trains(
        seed,
        sessions=12,
        trials_per_session=24,
        inputs=8,
        electrodes=24,
        repeated=True,
        direct=0.3,
    )


def every_format(folder: Path, seed: int) -> dict[str, list[Path]]:
    """Write one culture in every format; return the files of each, the one to be read first."""
    trains = culture(seed)
    ready = trains.recording()
    writers = {
        "nwb": lambda place: _written(place / "spikes.nwb", trains),
        "nwb of counts": lambda place: _written(place / "counts.nwb", ready),
        "matlab 5": lambda place: _written(place / "culture.mat", ready),
        "matlab 7.3": lambda place: _matlab_7_3(place / "culture.mat", ready),
        "csv": lambda place: _written(place / "responses.csv", ready),
        "parquet": lambda place: _written(place / "responses.parquet", ready),
        "spikes csv": lambda place: _pair(place, trains, ".csv"),
        "spikes parquet": lambda place: _pair(place, trains, ".parquet"),
        "zarr": _zarr,
    }
    files = {}
    for kind, write_to in writers.items():
        place = folder / kind
        place.mkdir()
        files[kind] = write_to(place)
    return files


def _written(path: Path, content: SpikeTrains | xr.Dataset) -> list[Path]:
    write(path, content)
    return [path]


def _matlab_7_3(path: Path, ready: xr.Dataset) -> list[Path]:
    """Write a cell with a struct, as MATLAB's ``save(..., "-v7.3")`` does."""
    fields = {"r": ready["responses"], "o": ready["stimuli"], "s": ready["sources"]}
    with h5py.File(path, "w", userblock_size=USER_BLOCK) as file:
        struct = file.create_group("#refs#/b")
        struct.attrs["MATLAB_class"] = np.bytes_("struct")
        for name, values in fields.items():
            item = struct.create_dataset(name, data=values.to_numpy().T, compression="gzip")
            item.attrs["MATLAB_class"] = np.bytes_("double")
        cells = file.create_dataset("data_test", (1, 1), h5py.ref_dtype)
        cells[0, 0] = struct.ref
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
    with path.open("r+b") as raw:
        raw.write(MATLAB_7_3.ljust(USER_BLOCK - 4) + b"\0\2IM")
    return [path]


def _pair(folder: Path, trains: SpikeTrains, suffix: str) -> list[Path]:
    """Write a table of spikes and one of stimuli."""
    channel = np.repeat(np.arange(len(trains.bounds) - 1), np.diff(trains.bounds))
    spikes = pd.DataFrame({"time": trains.times, "channel": channel}).sort_values("time")
    stimuli = pd.DataFrame(
        {"onset": trains.onsets, "session": trains.session}
        | {f"input_{i + 1}": column for i, column in enumerate(trains.stimuli.T)}
    )
    files = [folder / f"culture_{name}{suffix}" for name in ("spikes", "stimuli")]
    for frame, path in zip((spikes, stimuli), files, strict=True):
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path, index=False)
    return files


def _zarr(folder: Path) -> list[Path]:
    """Write what a folder of Zarr is known by."""
    mark = folder / "culture.nwb.zarr" / ".zgroup"
    mark.parent.mkdir()
    mark.write_text('{"zarr_format": 2}')
    return [mark.parent, mark]
