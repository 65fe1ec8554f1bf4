"""A small culture as data frames, to be changed and written in every format there is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from scipy.io import savemat

SESSIONS, TRIALS, ELECTRODES, INPUTS = 12, 24, 12, 4


@dataclass
class World:
    """Spikes and stimuli that `canonica validate` finds nothing wrong with."""

    spikes: pd.DataFrame
    stimuli: pd.DataFrame
    responses: np.ndarray
    notes: dict = field(default_factory=dict)  # for the writers: "unit_times", "index" ...


def world(seed=0):
    """Return a culture whose electrodes follow one of two sources each."""
    generator = np.random.default_rng(seed)
    trials = SESSIONS * TRIALS
    sources = generator.integers(0, 2, (trials, 2))
    sources[:: TRIALS // 4] = [1, 1]  # every session begins with each joint state
    sources[1 :: TRIALS // 4] = [1, 0]
    sources[2 :: TRIALS // 4] = [0, 1]
    sources[3 :: TRIALS // 4] = [0, 0]
    own = np.arange(INPUTS) % 2
    copies = generator.random((trials, INPUTS)) < 0.75
    inputs = np.where(copies, sources[:, own], sources[:, 1 - own])
    session = np.repeat(np.arange(1, SESSIONS + 1), TRIALS)
    onsets = 0.5 + np.arange(trials) + 60.0 * (session - 1)
    electrodes = np.arange(ELECTRODES)
    responses = generator.poisson(1.5 + 3 * sources[:, electrodes % 2])
    trial, electrode = np.nonzero(responses)
    counts = responses[trial, electrode]
    delays = 0.0105 + 0.019 * generator.random(counts.sum())
    spikes = pd.DataFrame(
        {
            "time": np.repeat(onsets[trial], counts) + delays,
            "channel": np.repeat(electrode + 1, counts),
        }
    ).sort_values("time", ignore_index=True)
    stimuli = pd.DataFrame(
        {"onset": onsets, "session": session}
        | {f"input_{i + 1}": inputs[:, i] for i in range(INPUTS)}
        | {f"source_{j + 1}": sources[:, j] for j in range(2)}
    )
    return World(spikes, stimuli, responses)


def pair(folder, culture):
    """Write spikes and stimuli as CSV; return the file of spikes."""
    culture.spikes.to_csv(folder / "culture_spikes.csv", index=False)
    culture.stimuli.to_csv(folder / "culture_stimuli.csv", index=False)
    return folder / "culture_spikes.csv"


def parquet_pair(folder, culture):
    """Write spikes and stimuli as Parquet; return the file of spikes."""
    culture.spikes.to_parquet(folder / "culture_spikes.parquet", index=False)
    culture.stimuli.to_parquet(folder / "culture_stimuli.parquet", index=False)
    return folder / "culture_spikes.parquet"


def ready(culture):
    """Return the table of ready responses."""
    responses = pd.DataFrame(
        culture.responses, columns=[f"electrode_{i + 1}" for i in range(ELECTRODES)]
    )
    responses.insert(0, "trial", np.arange(1, len(responses) + 1))
    return pd.concat([responses, culture.stimuli.drop(columns="onset")], axis=1)


def table(folder, culture):
    """Write a CSV table of ready responses, changed by the note `table`."""
    found = culture.notes.get("table", lambda frame: frame)(ready(culture))
    found.to_csv(folder / "culture.csv", index=False)
    return folder / "culture.csv"


def parquet_table(folder, culture):
    """Write a Parquet table of ready responses, changed by the note `table`."""
    found = culture.notes.get("table", lambda frame: frame)(ready(culture))
    found.to_parquet(folder / "culture.parquet", index=False)
    return folder / "culture.parquet"


def matlab(folder, culture):
    """Write a MATLAB 5 file of the published layout."""
    cell = np.empty((1, 1), object)
    cell[0, 0] = {
        "r": culture.responses,
        "o": culture.stimuli.filter(like="input").to_numpy(),
        "s": culture.stimuli.filter(like="source").to_numpy(),
    }
    savemat(folder / "culture.mat", {"data_test": cell})
    return folder / "culture.mat"


def nwb(folder, culture):
    """Write an NWB file: a unit per channel, and the trials' columns as in the table of stimuli."""
    from pynwb import NWBHDF5IO, NWBFile

    file = NWBFile(
        session_description="a culture", identifier="x", session_start_time=datetime.now(UTC)
    )
    for channel in range(1, ELECTRODES + 1) if culture.notes.get("units", True) else ():
        times = culture.spikes["time"][culture.spikes["channel"] == channel].to_numpy(float)
        file.add_unit(spike_times=times)
    if culture.notes.get("trials", True):
        columns = [name for name in culture.stimuli if name != "onset"]
        for name in columns:
            file.add_trial_column(name, f"what {name} says")
        for row in culture.stimuli.itertuples(index=False):
            values = row._asdict()
            onset = float(values.pop("onset"))
            file.add_trial(start_time=onset, stop_time=onset + 0.5, **values)
    culture.notes.get("file", lambda _: None)(file)
    with NWBHDF5IO(folder / "culture.nwb", "w") as io:
        io.write(file)
    return folder / "culture.nwb"
