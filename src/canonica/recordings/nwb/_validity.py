"""What an NWB file says of validity: times in which units were observed, and invalid times."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from canonica._errors import RecordingError
from canonica.recordings._columns import Ragged
from canonica.recordings.nwb._columns import read_column

OBSERVED = "obs_intervals"
PAIR = 2  # numbers of an interval: from, to
ROUNDING = 1e-9  # seconds by which a window may leave an interval


def observed_intervals(units: Any, number: int, source: str) -> Ragged | None:
    """Return the intervals in which each unit was observed, or None if nothing is said of them.

    Parameters
    ----------
    units : pynwb's table of units
    number : int
        How many units there are.
    source : str
        The table, for messages.

    Raises
    ------
    RecordingError
        If they are no intervals.
    """
    if OBSERVED not in units.colnames:
        return None
    column = read_column(units, OBSERVED, source)
    if not isinstance(column, Ragged):
        values = np.asarray(column)
        column = Ragged(values.reshape(-1, values.shape[-1]), np.arange(number + 1))
    values = column.values
    pairs = values.ndim == PAIR and values.shape[1] == PAIR and values.dtype.kind in "uif"
    if not values.size:
        return None
    if not pairs or not (values[:, 1] >= values[:, 0]).all():
        raise RecordingError(
            source,
            OBSERVED,
            found="something that is no interval of time, from and to",
            expected="for each unit, rows of two times in seconds, the earlier first",
            advice="Write them again, or leave the column out.",
        )
    return column


def covered(
    intervals: Float[np.ndarray, "interval pair"], begins: np.ndarray, ends: np.ndarray
) -> Bool[np.ndarray, " window"]:
    """Return which windows lie within the intervals, those that touch being one.

    Parameters
    ----------
    intervals : (interval, 2)
        From and to, in seconds, in any order.
    begins, ends : (window,)
        Limits of the windows in seconds.
    """
    starts, stops = intervals[np.argsort(intervals[:, 0], kind="stable")].T
    stops = np.maximum.accumulate(stops)
    new = np.concatenate([[True], starts[1:] > stops[:-1] + ROUNDING])
    starts, stops = starts[new], stops[np.concatenate([new[1:], [True]])]
    place = np.searchsorted(starts, begins + ROUNDING, side="right") - 1
    return (place >= 0) & (ends <= stops[np.maximum(place, 0)] + ROUNDING)


def unknown_responses(
    observed: Ragged | None,
    electrode: np.ndarray,
    size: int,
    *,
    onsets: Float[np.ndarray, " trial"],
    window: tuple[float, float],
) -> Bool[np.ndarray, "trial electrode"]:
    """Return the responses during which a unit of their electrode was not observed.

    A unit without any interval counts as observed throughout: nothing is said of it.

    Parameters
    ----------
    observed : Ragged or None
        As `observed_intervals` returns it.
    electrode : (unit,)
        Number of each unit's electrode, from 0; -1 for one that does not count.
    size : int
        How many electrodes there are.
    onsets : (trial,)
        Seconds.
    window : (float, float)
        In which spikes count, in seconds after the onset.
    """
    unknown = np.zeros((size, len(onsets)), bool)
    if observed is None:
        return unknown.T
    begins, ends = onsets + window[0], onsets + window[1]
    known: dict[bytes, np.ndarray] = {}  # units often share their intervals
    for unit in np.flatnonzero(electrode >= 0):
        intervals = observed.values[observed.bounds[unit] : observed.bounds[unit + 1]]
        if len(intervals):
            key = intervals.tobytes()
            if key not in known:
                known[key] = ~covered(intervals, begins, ends)
            unknown[electrode[unit]] |= known[key]
    return unknown.T


def invalid_trials(
    nwbfile: Any, onsets: Float[np.ndarray, " trial"], window: tuple[float, float], source: str
) -> Bool[np.ndarray, " trial"]:
    """Return the trials whose response overlaps with a time that the file calls invalid.

    Raises
    ------
    RecordingError
        If these are no times.
    """
    invalid = np.zeros(len(onsets), bool)
    table = nwbfile.invalid_times
    if table is None or not len(table.id):
        return invalid
    where = f"{source}:invalid_times"
    starts, stops = (read_column(table, name, where) for name in ("start_time", "stop_time"))
    for name, values in (("start_time", starts), ("stop_time", stops)):
        if isinstance(values, Ragged) or values.dtype.kind not in "uif" or np.isnan(values).any():
            raise RecordingError(
                where,
                name,
                found="something that is no time",
                expected="when each invalid time begins and ends, in seconds",
                advice="Write them again, or count all trials (--invalid-times keep).",
            )
    for start, stop in zip(np.asarray(starts), np.asarray(stops), strict=True):
        invalid |= (onsets + window[0] < stop) & (onsets + window[1] > start)
    return invalid
