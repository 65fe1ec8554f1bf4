"""Sessions, each from a file of its own, put together into one recording.

Of every file the counts are kept and no spikes, so that memory is bounded by the counts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import RecordingError, how_many, listed
from canonica._files import shown
from canonica.data._recording import counted
from canonica.data._spike_trains import DOUBLED, OVERLAPPING, SHUFFLED
from canonica.recordings._columns import natural_order
from canonica.recordings._known_responses import (
    ELECTRODES_LEFT_OUT,
    INVALID_TRIALS,
    MISSING_SESSIONS,
    TRIALS_LEFT_OUT,
    UNKNOWN_RESPONSES,
    known_responses,
)
from canonica.recordings._reading import Reading
from canonica.recordings.experiments._grouping import Experiment, described, named

SUMMED = ("spikes", SHUFFLED, DOUBLED, OVERLAPPING)
SAID_IF_ANY = (UNKNOWN_RESPONSES, INVALID_TRIALS, TRIALS_LEFT_OUT)
OF_ONE_FILE = {"reading", "input_file", "input_sha256", "origin", "converted_from", "name"}

ReadFile = Callable[[Path, Reading], Iterator[xr.Dataset | RecordingError]]


@dataclass(frozen=True, eq=False)
class _SessionData:
    """The responses, stimuli and clock of one session's file."""

    number: int
    later: float  # seconds from the clock of the first file to that of this one
    counts: np.ndarray  # (trial, electrode)
    electrodes: tuple[str, ...]
    stimuli: np.ndarray  # (trial, input)
    inputs: tuple[str, ...]
    listed: bool  # whether inputs have names: one that is not among them was never on
    sources: np.ndarray | None
    onsets: np.ndarray
    attrs: dict[str, Any]


def assembled(
    experiment: Experiment, reading: Reading, read_file: ReadFile
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield an error for every file that cannot be read, and the recording of all others.

    Sessions are numbered in order of their start, those that are missing too. Electrodes are
    matched by their names. Those that are not in every file have responses that are not known:
    `reading.unobserved` says what becomes of them. Onsets count from the clock of the first file.

    Parameters
    ----------
    experiment : Experiment
        Its files.
    reading : Reading
        How to read each.
    read_file : function
        Reads one of them.
    """
    of_one = replace(reading, trials_per_session=None, session=None, session_gap=np.inf)
    sessions: list[_SessionData] = []
    missing = []
    for number, file in enumerate(experiment.sessions, 1):
        later = (file.reference - experiment.sessions[0].reference).total_seconds()
        try:
            (found,) = read_file(file.path, of_one)
            if isinstance(found, RecordingError):
                raise found
            sessions.append(_session(number, later, found))
        except RecordingError as error:
            missing.append(file)
            yield error
    if sessions:
        try:
            attrs = {MISSING_SESSIONS: named(missing)} if missing else {}
            yield _together(experiment, sessions, reading, attrs)
        except RecordingError as error:
            yield error


def _session(number: int, later: float, found: xr.Dataset) -> _SessionData:
    responses = found["responses"].to_numpy()
    return _SessionData(
        number=number,
        later=later,
        counts=_small(responses),
        electrodes=_names(found, "electrode"),
        stimuli=found["stimuli"].to_numpy().astype(np.uint8),
        inputs=_names(found, "input"),
        listed="input_name" in found.coords,
        sources=found["sources"].to_numpy().astype(np.uint8) if "sources" in found else None,
        onsets=found["onset"].to_numpy(),
        attrs=dict(found.attrs),
    )


def _small(counts: np.ndarray) -> np.ndarray:
    """Return counts in two bytes each, where these hold them."""
    small = counts.astype(np.uint16)
    return small if (small == counts).all() else counts


def _names(found: xr.Dataset, dim: str) -> tuple[str, ...]:
    labels = found[f"{dim}_name"] if f"{dim}_name" in found.coords else found[dim]
    return tuple(map(str, labels.to_numpy()))


def _together(
    experiment: Experiment, sessions: Sequence[_SessionData], reading: Reading, more: dict[str, Any]
) -> xr.Dataset:
    source = str(experiment)
    electrodes = tuple(dict.fromkeys(name for one in sessions for name in one.electrodes))
    inputs = _all_inputs(sessions, source)
    lengths = [len(one.onsets) for one in sessions]
    responses = np.zeros((sum(lengths), len(electrodes)))
    unknown = np.ones(responses.shape, bool)
    stimuli = np.zeros((sum(lengths), len(inputs)))
    end = 0
    for one in sessions:
        rows, end = slice(end, end + len(one.onsets)), end + len(one.onsets)
        columns = _places(one.electrodes, electrodes)
        responses[rows, columns] = one.counts
        unknown[rows, columns] = False
        stimuli[rows, _places(one.inputs, inputs)] = one.stimuli
    known = known_responses(
        unknown,
        invalid=np.zeros(len(responses), bool),
        keep_invalid=True,
        unobserved=reading.unobserved,
        electrodes=electrodes,
        source=source,
    )
    attrs = _attributes(experiment, sessions, reading, known.attrs) | more
    attrs["reading"] = "; ".join([attrs["reading"], *known.description])
    recorded = counted(
        responses,
        stimuli,
        _all_sources(sessions, source),
        session=np.repeat([one.number for one in sessions], lengths),
        **attrs,
    )
    recorded = recorded.assign_coords(
        onset=("trial", _onsets(sessions, source), {"units": "s"}),
        electrode_name=("electrode", np.asarray(electrodes, str)),
        input_name=("input", np.asarray(inputs, str)),
    )
    return recorded if known.all else recorded.isel(trial=known.trials, electrode=known.electrodes)


def _places(names: Sequence[str], among: Sequence[str]) -> slice | np.ndarray:
    """Return where these names are; as a slice, which copies nothing, where they are all."""
    if tuple(names) == tuple(among):
        return slice(None)
    place = {name: number for number, name in enumerate(among)}
    return np.array([place[name] for name in names])


def _all_inputs(sessions: Sequence[_SessionData], source: str) -> tuple[str, ...]:
    """Return the inputs of all sessions: one that a session does not list was off in it."""
    first = sessions[0].inputs
    if all(one.inputs == first for one in sessions):
        return first
    if not all(one.listed for one in sessions):
        raise RecordingError(
            source,
            "stimuli",
            found=f"sessions of {listed(sorted({len(one.inputs) for one in sessions}))} inputs",
            expected="the same inputs in each",
            advice="Leave files of other stimuli out, or list the electrodes that are stimulated.",
        )
    return tuple(sorted({name for one in sessions for name in one.inputs}, key=natural_order))


def _all_sources(sessions: Sequence[_SessionData], source: str) -> np.ndarray | None:
    found = [one.sources for one in sessions if one.sources is not None]
    if not found:
        return None
    if len(found) < len(sessions) or len({one.shape[1] for one in found}) > 1:
        raise RecordingError(
            source,
            "sources",
            found=f"sources in {len(found)} of {how_many(len(sessions), 'file')}",
            expected="the same sources in each, or in none",
            advice="Leave files of another experiment out.",
        )
    return np.concatenate(found).astype(np.float64)


def _onsets(sessions: Sequence[_SessionData], source: str) -> np.ndarray:
    onsets = np.concatenate([one.onsets + one.later for one in sessions])
    if (np.diff(onsets) < 0).any():
        raise RecordingError(
            source,
            "onset",
            found="stimuli of a session after the next has begun",
            expected="sessions one after the other",
            advice="Check session_start_time of the files; or read each by itself: "
            "--one-recording-per file.",
        )
    return onsets


def _attributes(
    experiment: Experiment,
    sessions: Sequence[_SessionData],
    reading: Reading,
    left_out: dict[str, Any],
) -> dict[str, Any]:
    """Return the attributes of the whole: those of the first file, but for what adds up."""
    conditions = sorted({str(one.attrs["condition"]) for one in sessions})
    if len(conditions) > 1:
        raise RecordingError(
            str(experiment),
            "condition",
            found=f"files of conditions {listed(conditions)}",
            expected="one condition for the whole experiment",
            advice="Say which: --condition NAME; or read each file by itself: "
            "--one-recording-per file.",
        )
    first = {name: value for name, value in sessions[0].attrs.items() if name not in OF_ONE_FILE}
    for gone in (*SAID_IF_ANY, ELECTRODES_LEFT_OUT, "trials_per_session"):
        first.pop(gone, None)
    sums = {name: sum(one.attrs.get(name, 0) for one in sessions) for name in SUMMED}
    for name in SAID_IF_ANY:
        left = sum(one.attrs.get(name, 0) for one in sessions) + left_out.get(name, 0)
        sums |= {name: left} if left else {}
    with_spikes = [one for one in sessions if "last_spike" in one.attrs]
    if with_spikes:
        first["first_spike"] = min(one.attrs["first_spike"] + one.later for one in with_spikes)
        first["last_spike"] = max(one.attrs["last_spike"] + one.later for one in with_spikes)
    ways = list(dict.fromkeys(str(one.attrs["reading"]) for one in sessions))
    others = f" (and {how_many(len(ways) - 1, 'more way')})" if len(ways) > 1 else ""
    hashes = "".join(str(one.attrs["input_sha256"]) for one in sessions)
    return (
        first
        | left_out
        | sums
        | {
            "name": experiment.name,
            "origin": str(experiment),
            "input_file": shown(experiment.path),
            "input_sha256": sha256(hashes.encode()).hexdigest(),
            "experiment_files": len(experiment.sessions),
            "reading": f"{described(experiment, reading.experiment_gap)}; each: {ways[0]}{others}",
        }
    )
