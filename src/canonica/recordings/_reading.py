"""How to read a file, where it does not say so itself."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from canonica._errors import CanonicaError
from canonica._files import shown
from canonica.data._response_windows import EVOKED

TRIALS_PER_SESSION = 256  # of the published experiment: what is assumed where nothing is said
Coding = Literal["guess", "vector", "electrodes"]
Responder = Literal["electrode", "unit"]


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
        The table of stimuli.
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
        if self.trials_per_session is not None and self.trials_per_session < 1:
            raise CanonicaError(
                f"trials_per_session: found {self.trials_per_session}; expected 1 or more."
            )
        if self.session_gap is not None and not self.session_gap > 0:
            raise CanonicaError(
                f"session_gap: found {self.session_gap}; expected seconds, more than 0."
            )
        for name, kind in (("coding", Coding), ("by", Responder)):
            value, allowed = getattr(self, name), get_args(kind)
            if value not in allowed:
                raise CanonicaError(f"{name}: found {value!r}; expected {' or '.join(allowed)}.")
