"""The published protocol [NC23] as a value: its constants, which a user can replace."""

from dataclasses import dataclass, fields
from typing import ClassVar

from canonica._checks import checked_number, checked_size

LARGEST = 1e15
# Beyond these, sums of prior and activity are no longer told apart in double precision.
RANGES = {"prior_strength": (1e-6, LARGEST), "initial_gain": (1e-3, LARGEST)}


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
        Lambda, the insensitivity to plasticity, from 1e-6 to 1e15.
    initial_sessions : int
        Sessions that thresholds are estimated from and the forecast starts after.
    initial_gain : float
        Weight of prior and initial sessions in the forecast's sums, from 1e-3 to 1e15.
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
            name, value = f"protocol setting {field.name}", getattr(self, field.name)
            if field.name == "initial_sessions":
                sound = checked_size(name, value)
            else:
                lowest, highest = RANGES.get(field.name, (0.0, LARGEST))
                sound = checked_number(name, value, lowest=lowest, highest=highest)
            object.__setattr__(self, field.name, sound)

    @property
    def settings(self) -> dict[str, str | float | int]:
        """Name and every setting, as attributes of a result."""
        return {"protocol": self.name, **{f.name: getattr(self, f.name) for f in fields(self)}}
