"""The published protocol [NC23] as a value: its constants, which a user can replace."""

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from canonica._errors import CanonicaError

LARGEST = 1e15


@dataclass(frozen=True)
class PublishedProtocol:
    """The protocol of [NC23], its constants as fields.

    Replace any of them with `dataclasses.replace`.

    Parameters
    ----------
    minimum_mean_response : float
        An electrode is active if its mean over sessions exceeds this many spikes ...
    minimum_session_response : float
        ... and the lowest of its session means this many.
    minimum_preference : float
        An active electrode belongs to the ensemble of the source it prefers by more than this
        many spikes.
    prior_strength : float
        Lambda, the insensitivity to plasticity.
    initial_sessions : int
        Sessions that thresholds are estimated from and the forecast starts after.
    initial_gain : float
        Weight of prior and initial sessions in the forecast's sums.
    epsilon : float
        Added inside the logarithms of the activity.

    Raises
    ------
    CanonicaError
        If a setting is out of its range.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(PublishedProtocol(), prior_strength=1e4).prior_strength
    10000.0
    """

    name: ClassVar[str] = "published"

    minimum_mean_response: float = 1.0
    minimum_session_response: float = 0.1
    minimum_preference: float = 0.5
    prior_strength: float = 3000.0
    initial_sessions: int = 10
    initial_gain: float = 2.0
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        for field in fields(self):
            finite = math.isfinite(getattr(self, field.name))
            self._require(field.name, finite, "a finite number")
        for setting in ("prior_strength", "initial_gain"):
            self._require(setting, getattr(self, setting) > 0, "a number above 0")
        whole = isinstance(self.initial_sessions, int) and self.initial_sessions >= 1
        self._require("initial_sessions", whole, "a whole number >= 1")
        # Beyond this, sums of prior and activity are no longer told apart in double precision.
        for setting in ("prior_strength", "initial_gain"):
            self._require(setting, getattr(self, setting) <= LARGEST, f"at most {LARGEST:g}")
        thresholds = ("minimum_mean_response", "minimum_session_response", "minimum_preference")
        for setting in (*thresholds, "epsilon"):
            self._require(setting, getattr(self, setting) >= 0, "a number >= 0")

    def _require(self, setting: str, holds: bool, expected: str) -> None:
        if not holds:
            found = getattr(self, setting)
            raise CanonicaError(f"protocol setting {setting}: found {found}; expected {expected}.")

    @property
    def settings(self) -> dict[str, str | float | int]:
        """Name and every setting, as attributes of a result."""
        return {"protocol": self.name, **{f.name: getattr(self, f.name) for f in fields(self)}}
