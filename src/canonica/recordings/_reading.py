"""How to read a file, where it does not say so itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from canonica._checks import (
    checked_choice,
    checked_kind,
    checked_number,
    checked_positive,
    checked_size,
    described,
    refusal,
)
from canonica._errors import CanonicaError
from canonica._files import shown
from canonica.data._response_windows import EVOKED

TRIALS_PER_SESSION = 256  # of the published experiment: what is assumed where nothing is said
Coding = Literal["guess", "vector", "electrodes"]
Responder = Literal["electrode", "unit"]
Unobserved = Literal["electrodes", "trials", "zero"]
InvalidTimes = Literal["leave-out", "keep"]
OneRecordingPer = Literal["guess", "file", "experiment"]
PAUSE = 3600.0  # seconds after which a file begins another experiment: sessions take minutes
TEXTS = ("session", "table", "onset", "condition", "units")
SEVERAL = ("stimuli", "sources", "quality")
KINDS = {
    "coding": Coding,
    "by": Responder,
    "unobserved": Unobserved,
    "invalid_times": InvalidTimes,
    "one_recording_per": OneRecordingPer,
}


@dataclass(frozen=True)
class Reading:
    """What a user says of a file; whatever is left out is taken from the file, or guessed.

    Parameters
    ----------
    trials_per_session : int, optional
        Length of every session.
    session_gap : float, optional
        Seconds between two onsets that begin a new session.
    session : str, optional
        Column with the session of every trial.
    window : (float, float)
        Limits of the response in seconds after the onset of a stimulus, where spikes are counted.
    by : "electrode" or "unit"
        Whose spikes make a response, where a file has both.
    table : str, optional
        The table of stimuli; of a recording system's file, the channel of events.
    onset : str, optional
        Column with the onset of every stimulus.
    stimuli, sources : tuple of str
        Columns with the stimuli and the sources: one of vectors, or one for each input or source.
        ``*`` stands for any letters.
    coding : "guess", "vector" or "electrodes"
        Whether a column of vectors holds 0 and 1 for every input, or lists the inputs that are on.
    stimulus_file : path, optional
        Where the stimuli are, if spikes and stimuli have a file each.
    condition : str, optional
        The group of cultures that the recording belongs to.
    units : str, optional
        Of an NWB file: the table of units, if it has several.
    quality : tuple of str
        Of an NWB file: the labels of the units that count, each ``LABEL`` or ``COLUMN=LABEL``;
        all if none are given.
    unobserved : "electrodes", "trials" or "zero"
        Which to leave out for a response outside of the times in which its unit was observed: the
        electrode, the trial, or nothing, so that it counts as 0 or what is there.
    invalid_times : "leave-out" or "keep"
        Whether trials in times that the file calls invalid are left out.
    infer_sources : bool
        Whether sources that are not there are inferred from the stimuli alone.
    one_recording_per : "guess", "file" or "experiment"
        Whether NWB files of one subject that follow one another are sessions of one recording:
        if they have no column of sessions, never, or always.
    experiment_gap : float
        Seconds from the start of one file to that of the next which begin another experiment.

    Raises
    ------
    CanonicaError
        If a setting is out of its range, or sessions are asked for in two ways.
    """

    trials_per_session: int | None = None
    session_gap: float | None = None
    session: str | None = None
    window: tuple[float, float] = EVOKED
    by: Responder = "electrode"
    table: str | None = None
    onset: str | None = None
    stimuli: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    coding: Coding = "guess"
    stimulus_file: Path | None = None
    condition: str | None = None
    units: str | None = None
    quality: tuple[str, ...] = ()
    unobserved: Unobserved = "electrodes"
    invalid_times: InvalidTimes = "leave-out"
    infer_sources: bool = False
    one_recording_per: OneRecordingPer = "guess"
    experiment_gap: float = PAUSE

    @property
    def given(self) -> dict[str, Any]:
        """What was said, by its names, as a result keeps it."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: shown(value) if isinstance(value, Path) else value
            for name, value in said.items()
            if name == "window" or value != defaults[name]
        }

    def __post_init__(self) -> None:
        ways = [
            name
            for name in ("trials_per_session", "session_gap", "session")
            if getattr(self, name) is not None
        ]
        if len(ways) > 1:
            raise CanonicaError(f"sessions: found {' and '.join(ways)}; expected one of them.")
        if self.trials_per_session is not None:
            checked_size("trials_per_session", self.trials_per_session)
        if self.session_gap is not None:
            checked_gap("session_gap", self.session_gap)
        checked_gap("experiment_gap", self.experiment_gap)
        checked_window(self.window)
        for name in TEXTS:
            if getattr(self, name) is not None:
                checked_kind(name, getattr(self, name), str, "a text")
        for name in SEVERAL:
            checked_texts(name, getattr(self, name))
        for name, kind in KINDS.items():
            checked_choice(name, getattr(self, name), get_args(kind))
        checked_kind("infer_sources", self.infer_sources, bool, "True or False")


def checked_gap(name: str, value: Any) -> float:
    """Return a pause in seconds, which may be infinite.

    Raises
    ------
    CanonicaError
        If it is no number above 0.
    """
    if isinstance(value, float) and value == math.inf:
        return math.inf
    return checked_positive(name, value, advice="In seconds; math.inf if there is no such pause.")


def checked_window(value: Any) -> tuple[float, float]:
    """Return the limits of the response, in seconds.

    Raises
    ------
    CanonicaError
        If they are no two numbers.
    """
    try:
        start, stop = value
    except (TypeError, ValueError):
        expected = "two numbers, its limits in seconds after the onset"
        raise refusal("window", described(value), expected) from None
    return checked_number("window", start), checked_number("window", stop)


def checked_texts(name: str, value: Any) -> tuple[str, ...]:
    """Return one text or several as several.

    Raises
    ------
    CanonicaError
        If there is anything else.
    """
    texts = (value,) if isinstance(value, str) else value
    if isinstance(texts, Sequence | set) and all(isinstance(one, str) for one in texts):
        return tuple(texts)
    raise refusal(name, described(value), "a text, or several")
