"""Columns with times after a trial's start: where stimuli may begin, if not at the start."""

import re
from collections.abc import Callable, Iterable

import numpy as np

from canonica.recordings._columns import Ragged

OTHER_ONSETS = "other_onsets"  # attribute of a recording: columns that may hold the onsets
ENDS = {"start_time", "stop_time", "start", "stop", "end", "end_time", "stop_times", "end_times"}
OF_A_STIMULUS = re.compile(r"stim|onset|pulse|cue|led|light|opto", re.IGNORECASE)
START, STOP = "start_time", "stop_time"


def other_onsets(
    names: Iterable[str], column: Callable[[str], np.ndarray | Ragged], onset: str
) -> tuple[str, ...]:
    """Return columns, called after stimuli, with times from their trial's start to the next one's.

    Parameters
    ----------
    names : iterable of str
        The columns of the table.
    column : function of str
        Gives the values of one of them.
    onset : str
        The column that the onsets are taken from.
    """
    names = [str(name) for name in names]
    if onset != START or not {START, STOP} <= set(names):
        return ()
    starts, stops = (_numbers(column(name)) for name in (START, STOP))
    if starts is None or stops is None:
        return ()
    limits = np.fmax(stops, _next(starts))  # a stimulus may outlast what is called its trial
    found = []
    for name in names:
        if name.lower() in ENDS or not OF_A_STIMULUS.search(name):
            continue
        times = _numbers(column(name))
        if times is None or times.shape != starts.shape or not np.isfinite(times).any():
            continue
        told = np.isfinite(times)
        inside = (times >= starts) & ~(times > limits)  # where the end is not known, any is within
        if inside[told].all() and (times > starts)[told].any():
            found.append(name)
    return tuple(found)


def _numbers(values: np.ndarray | Ragged) -> np.ndarray | None:
    if isinstance(values, Ragged) or values.ndim != 1 or values.dtype.kind not in "uif":
        return None
    return values.astype(np.float64)


def _next(starts: np.ndarray) -> np.ndarray:
    """Return when the next trial starts; infinity where there is none."""
    order = np.argsort(starts, kind="stable")
    following = np.full(len(starts), np.inf)
    following[order[:-1]] = starts[order[1:]]
    return following
