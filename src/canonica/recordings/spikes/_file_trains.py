"""Spike trains of a file: its spikes and stimuli, and where they are from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._files import sha256, shown
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._reading import Reading
from canonica.recordings.isolation._file_progress import sha256_of
from canonica.recordings.spikes._grouped_spikes import GroupedSpikes
from canonica.recordings.stimuli._stimulation import Stimulation


def file_trains(
    path: Path,
    spikes: GroupedSpikes,
    trials: Stimulation,
    reading: Reading,
    *,
    told: str,
    name: str | None = None,
    stimulus_file: Path | None = None,
) -> SpikeTrains:
    """Return the spike trains of a file, with where they are from in their attributes.

    Parameters
    ----------
    path : path
        The file of the spikes.
    spikes : GroupedSpikes
    trials : Stimulation
    reading : Reading
        What the user said.
    told : str
        Which parts of the file were taken for what: attribute `reading`.
    name : str, optional
        What the culture is called; as the file by default.
    stimulus_file : path, optional
        Where the stimuli are, if in another file.
    """
    attrs = file_attributes(path, reading, told=told, name=name, stimulus_file=stimulus_file)
    return trains_at(spikes, trials, attrs)


def trains_at(spikes: GroupedSpikes, trials: Stimulation, attrs: Mapping[str, Any]) -> SpikeTrains:
    """Return spike trains and the stimuli that they followed, with some attributes."""
    return SpikeTrains(
        times=spikes.times,
        bounds=spikes.bounds,
        onsets=trials.onsets,
        stimuli=trials.stimuli,
        sources=trials.sources,
        session=trials.session,
        electrodes=spikes.electrodes,
        attrs={**attrs, **spikes.attributes},
    )


def file_attributes(
    path: Path,
    reading: Reading,
    *,
    told: str,
    name: str | None = None,
    stimulus_file: Path | None = None,
) -> dict[str, Any]:
    """Return what a recording should keep of where it is from; parameters as in `file_trains`."""
    source = shown(path)
    attrs: dict[str, Any] = {
        "name": name or shown(Path(path.stem)),
        "condition": reading.condition or "unknown",
        "origin": source,
        "input_file": source,
        "input_sha256": sha256_of(path),
    }
    if stimulus_file is not None:
        attrs["stimulus_file"] = shown(stimulus_file)
        attrs["stimulus_sha256"] = sha256(stimulus_file)
    return attrs | {"reading": told}


def with_inputs(recorded: xr.Dataset, trials: Stimulation) -> xr.Dataset:
    """Return a recording that knows what its inputs are called, where they were listed."""
    if not trials.inputs:
        return recorded
    return recorded.assign_coords(input_name=("input", np.asarray(trials.inputs, str)))
