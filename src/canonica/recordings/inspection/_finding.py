"""What a user should know about a recording before it is analysed."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning", "unusable"]
SEVERITIES: tuple[Severity, ...] = ("note", "warning", "unusable")


@dataclass(frozen=True)
class Finding:
    """Something about a recording that its user should know.

    Parameters
    ----------
    severity : "note", "warning" or "unusable"
        Whether it matters for an analysis.
    what : str
        What was found.
    meaning : str
        What it means for an analysis.
    advice : str
        What to do.
    """

    severity: Severity
    what: str
    meaning: str
    advice: str

    def __str__(self) -> str:
        return f"{self.what}: {self.meaning}. {self.advice}"
