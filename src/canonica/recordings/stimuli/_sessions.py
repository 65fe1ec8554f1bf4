"""Which session each trial belongs to."""

from typing import Any

import numpy as np

from canonica._errors import RecordingError, how_many
from canonica.recordings._reading import TRIALS_PER_SESSION, Reading

LONG = 5  # times the usual interval between stimuli that make a pause


def session_numbers(
    reading: Reading,
    trials: int,
    *,
    column: Any = None,
    onsets: np.ndarray | None = None,
    source: str,
) -> tuple[np.ndarray, str]:
    """Return the session number of every trial, and in words where it comes from.

    Parameters
    ----------
    reading : Reading
        What the user said.
    trials : int
        How many there are.
    column : (trial,), optional
        What the file says: numbers, or names, which are numbered in the order they come in.
    onsets : (trial,), optional
        Seconds, never falling.
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If the trials do not divide into the sessions asked for.
    """
    if reading.session_gap is not None:
        if onsets is None:
            raise RecordingError(
                source,
                "session",
                found="no onsets of stimuli",
                expected=f"onsets, to find gaps of {reading.session_gap:g} s between sessions",
                advice="Give the number of trials per session instead (--trials-per-session).",
            )
        gap = float(reading.session_gap)
        new = np.diff(onsets, prepend=onsets[:1]) >= gap
        return np.cumsum(new) + 1, (
            f"sessions parted by gaps of {gap:g} s or more" if np.isfinite(gap) else "one session"
        )
    if reading.trials_per_session is None and column is not None:
        return _numbered(np.asarray(column), source), "sessions as the file says"
    length = reading.trials_per_session or TRIALS_PER_SESSION
    if reading.trials_per_session is None and onsets is not None:
        _refuse_other_pauses(onsets, length, source)
    if trials % length:
        raise RecordingError(
            source,
            "session",
            found=how_many(trials, "trial"),
            expected=f"a multiple of {how_many(length, 'trial')} per session",
            advice="Say how they divide: --trials-per-session, or --session-gap where onsets are "
            "known, or a column with the session of every trial.",
        )
    assumed = "" if reading.trials_per_session else ", assumed for want of a session column"
    return np.arange(trials) // length + 1, f"sessions of {how_many(length, 'trial')}{assumed}"


def _refuse_other_pauses(onsets: np.ndarray, length: int, source: str) -> None:
    """Refuse to assume sessions where stimuli pause, but elsewhere than these would end."""
    steps = np.diff(onsets)
    if not len(steps):
        return
    pauses = np.flatnonzero(steps > LONG * np.median(steps)) + 1
    if len(pauses) and (pauses % length != 0).any():
        raise RecordingError(
            source,
            "session",
            found=f"no sessions, but {how_many(len(pauses), 'pause')} of "
            f"{steps[pauses - 1].min():.3g} s or "
            f"more between stimuli, the first after {how_many(pauses[0], 'trial')}",
            expected="to be told whether sessions end there",
            advice=f"If so: --session-gap {steps[pauses - 1].min() / 2:.3g}; or give "
            "--trials-per-session, or a column with the session of every trial.",
        )


def _numbered(column: np.ndarray, source: str) -> np.ndarray:
    """Return whole numbers as they are, and names numbered as they come."""
    if column.dtype.kind in "ui":
        return column
    if column.dtype.kind == "f":
        if np.isfinite(column).all() and (column % 1 == 0).all():
            return column.astype(np.int64)
        bad = int(np.flatnonzero(~(np.isfinite(column) & (column == np.floor(column))))[0])
        raise RecordingError(
            source,
            "session",
            found=f"{column[bad]:g} in trial {bad + 1}",
            expected="a whole number for every trial",
            advice="Number the sessions in order, one number per trial.",
        )
    if not len(column):
        return np.zeros(0, np.int64)
    names = column.astype(str)
    begins = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    if len(set(names[begins])) < len(begins):
        raise RecordingError(
            source,
            "session",
            found="a session that comes back after another "
            f"({how_many(len(begins), 'run')} of trials)",
            expected="the trials of a session one after the other",
            advice="Sort the trials by session and onset.",
        )
    return np.cumsum(np.isin(np.arange(len(names)), begins))
