"""A recording from spike times in memory, and the stimuli they followed."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_kind, described, refusal
from canonica._errors import CanonicaError, RecordingError
from canonica.data._masked import unmasked
from canonica.data._response_windows import EVOKED
from canonica.data._spike_trains import ARGUMENTS, SpikeTrains
from canonica.recordings._reading import Coding, Reading, checked_gap, checked_window
from canonica.recordings.spikes._file_trains import trains_at
from canonica.recordings.spikes._grouped_spikes import (
    GroupedSpikes,
    grouped_by_channel,
    grouped_trains,
)
from canonica.recordings.spikes._spike_objects import trains_of
from canonica.recordings.spikes._time_values import seconds
from canonica.recordings.stimuli._stimulation import Stimulation, stimulation

MEMORY = "memory"
NONE: Mapping[str, Any] = MappingProxyType({})


@checked_arguments
def from_spikes(
    times: Any,
    channels: Any = None,
    *,
    onsets: Any,
    stimuli: Any,
    sources: Any = None,
    session: Any = None,
    trials_per_session: int | None = None,
    session_gap: Any = None,
    window: tuple[Any, Any] = EVOKED,
    electrodes: Sequence[Any] | None = None,
    segment_index: int | None = None,
    coding: Coding = "guess",
    name: str = "recording",
    condition: str = "unknown",
    attributes: Mapping[str, Any] = NONE,
) -> xr.Dataset:
    """Return a recording counted from spike times.

    Parameters
    ----------
    times : (spike,), list or dict of (spike,), or object
        Spike times in seconds from the start of the recording, in any order: those of all
        electrodes, with `channels`; or a list of times per electrode, or a dictionary by its
        name. Or a SpikeInterface sorting (`BaseSorting`); a Neo `Block`, `Segment` or list of
        `SpikeTrain`; a pynapple `TsGroup` or list of `Ts` or `Tsd`, whose times count, not their
        values. Values with a unit, as Neo's, are converted to seconds.
    channels : (spike,), optional
        Number or name of the channel of every spike.
    onsets : (trial,) or Neo Event or Epoch, or pynapple Ts or IntervalSet
        Onset of each stimulus in seconds, on the clock of the spikes. Trials are sorted by it.
    stimuli : (trial, input), or a list of numbers per trial
        0/1; or the inputs that were on.
    sources : (trial, source), optional
        0/1: the hidden states that the stimuli were mixed from, where known.
    session : (trial,)
        Number or name of each trial's session. Or give one of the next two.
    trials_per_session : int
        Length of every session.
    session_gap : float
        Seconds between two onsets that begin a new session; ``math.inf`` if there is but one.
    window : (float, float)
        Limits of the response in seconds after the onset: 10 to 30 ms [PC15].
    electrodes : sequence, optional
        All electrodes, by number or name, in the order wanted. Without it, those in `times`: of an
        array with `channels`, those that have a spike.
    segment_index : int, optional
        Which segment of a sorting or a block, from 0, where there are several.
    coding : "guess", "vector" or "electrodes"
        Whether each trial of `stimuli` holds 0 and 1 for every input, or lists those that are on.
    name, condition : str
        What the recording is called, and the group it belongs to.
    attributes : mapping
        Further attributes to keep with it.

    Returns
    -------
    xarray.Dataset
        `responses` (trial, electrode) in spikes, `stimuli` (trial, input) and, where given,
        `sources` (trial, source) 0/1; coordinates `session` and `onset` on trial and
        `electrode_name` on electrode, where it has names.

    Raises
    ------
    RecordingError
        If a time is not finite or negative, if lengths do not fit each other, if a channel is
        none, or if spikes and stimuli are at different times altogether.
    CanonicaError
        If it is not said how trials divide into sessions, or the window is empty.

    References
    ----------
    [PC15] Isomura, Kotani & Jimbo, PLoS Comput. Biol. 11(12), 2015: the experiment.

    Examples
    --------
    >>> times = [0.020, 1.015, 1.025, 2.050]
    >>> channels = ["A1", "A1", "A1", "B2"]
    >>> culture = from_spikes(
    ...     times,
    ...     channels,
    ...     onsets=[0.0, 1.0, 2.0],
    ...     stimuli=[[1, 0], [0, 1], [1, 1]],
    ...     trials_per_session=3,
    ... )
    >>> culture.responses.values.tolist()
    [[1.0, 0.0], [2.0, 0.0], [0.0, 0.0]]
    """
    limits = _limits(window)
    trains = spike_trains_from(
        times,
        channels,
        onsets=onsets,
        stimuli=stimuli,
        sources=sources,
        session=session,
        trials_per_session=trials_per_session,
        session_gap=session_gap,
        electrodes=electrodes,
        segment_index=segment_index,
        coding=coding,
        name=name,
        condition=condition,
        attributes=attributes,
    )
    return trains.recording(window=limits)


def spike_trains_from(
    times: Any,
    channels: Any = None,
    *,
    onsets: Any,
    stimuli: Any,
    sources: Any = None,
    session: Any = None,
    trials_per_session: int | None = None,
    session_gap: Any = None,
    electrodes: Sequence[Any] | None = None,
    segment_index: int | None = None,
    coding: Coding = "guess",
    name: str = "recording",
    condition: str = "unknown",
    attributes: Mapping[str, Any] = NONE,
) -> SpikeTrains:
    """Return spike trains with their stimuli, to be kept, or counted in several windows.

    Parameters are those of `from_spikes`.

    Returns
    -------
    SpikeTrains
        Their `recording(window=...)` is what `from_spikes` returns.

    Raises
    ------
    CanonicaError
        As of `from_spikes`.

    Examples
    --------
    >>> trains = spike_trains_from(
    ...     {"A1": [0.020, 1.015], "B2": []},
    ...     onsets=[0.0, 1.0],
    ...     stimuli=[[1, 0], [0, 1]],
    ...     session=["first", "second"],
    ... )
    >>> trains.recording(window=(0.0, 0.018)).responses.values.tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    spikes = _grouped(times, channels, electrodes, segment_index)
    trials = _trials(
        {"onset": seconds(onsets, MEMORY, "onset"), "stimuli": stimuli}
        | {"sources": sources, "session": session},
        Reading(
            trials_per_session=trials_per_session,
            session_gap=_gap(session_gap),
            coding=coding,
        ),
    )
    attrs = {"name": name, "condition": condition, "origin": MEMORY}
    attrs |= {"reading": trials.description} | _more(attributes)
    return trains_at(spikes, trials, attrs)


def _more(attributes: Any) -> dict[str, Any]:
    """Return the user's attributes, which must not take the place of what trains consist of."""
    more = dict(checked_kind("attributes", attributes, Mapping, "a dict"))
    for name in more:
        if not isinstance(name, str) or name in ARGUMENTS:
            raise refusal("attributes", described(name), "other names", "Call it otherwise.")
    return more


def _limits(window: Any) -> tuple[float, float]:
    with suppress(TypeError):  # no pair at all is refused as it is
        window = [seconds(limit, MEMORY, "window") for limit in window]
    return checked_window(window)


def _gap(session_gap: Any) -> float | None:
    if session_gap is None:
        return None
    return checked_gap("session_gap", seconds(session_gap, MEMORY, "session_gap"))


def _grouped(
    times: Any, channels: Any, electrodes: Sequence[Any] | None, segment_index: int | None
) -> GroupedSpikes:
    if channels is not None:
        return grouped_by_channel(
            seconds(times, MEMORY, "spike times"), _column(channels, "channels"), electrodes, MEMORY
        )
    trains = trains_of(times, segment_index, MEMORY)
    if trains is None:
        trains = _trains(times)
    return grouped_trains(trains, electrodes, MEMORY)


def _trains(times: Any) -> Mapping[Any, Any] | list[Any]:
    """Return a list or a mapping of trains, in seconds each."""
    if isinstance(times, Mapping):
        return {name: seconds(train, MEMORY, "spike times") for name, train in times.items()}
    if not isinstance(times, Sequence | np.ndarray) or _is_flat(times):
        raise RecordingError(
            MEMORY,
            "spike times",
            found=f"{type(times).__name__} without channels",
            expected="spike times with the channel of each, or a list of times per electrode",
            advice="Give the channels, or one list or array for each electrode.",
        )
    return [seconds(train, MEMORY, "spike times") for train in times]


def _is_flat(times: Any) -> bool:
    if isinstance(times, str) or not len(times):
        return isinstance(times, str)
    return np.ndim(seconds(times[0], MEMORY, "spike times")) == 0


def _trials(columns: dict[str, Any], reading: Reading) -> Stimulation:
    """Return the stimuli, read as if they were the columns of a table."""
    table = {name: _column(values, name) for name, values in columns.items() if values is not None}
    _check_lengths(table)
    if "session" not in table and reading.trials_per_session is None is reading.session_gap:
        raise CanonicaError(
            "sessions: found nothing that says which trial is in which; expected session, "
            "trials_per_session or session_gap. Give session_gap=math.inf if there is but one."
        )
    return stimulation(table, table.__getitem__, reading, MEMORY)


def _column(values: Any, name: str) -> np.ndarray:
    values = unmasked(values, MEMORY, name)
    try:
        return np.atleast_1d(np.asarray(values))
    except ValueError:  # lists of different lengths
        column = np.empty(len(values), object)
        column[:] = list(values)
        return column


def _check_lengths(table: dict[str, np.ndarray]) -> None:
    lengths = {name: len(values) for name, values in table.items()}
    if len(set(lengths.values())) > 1:
        raise RecordingError(
            MEMORY,
            " / ".join(lengths),
            found="trials: " + ", ".join(f"{name} {n}" for name, n in lengths.items()),
            expected="the same number of trials in each",
            advice="Find out which of them lost trials, and export again.",
        )
