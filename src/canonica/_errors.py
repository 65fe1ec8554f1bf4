"""The errors that a user can meet, each saying what to do next."""

from collections.abc import Iterable
from functools import partial
from operator import index
from typing import Any, SupportsIndex


class CanonicaError(ValueError):
    """Anything wrong with a call or its input that the user can mend.

    A `ValueError`, so that code which knows nothing of canonica catches it as such.
    """


class RecordingError(CanonicaError):
    """A recording, or the file it should come from, that cannot be used.

    Parameters
    ----------
    source : str
        The file, or the name of the recording.
    variable : str or None
        The variable in it that is at fault, where it is one.
    found, expected, advice : str
        What was there, what should have been, and what to do about it.
    """

    def __init__(
        self, source: str, variable: str | None, *, found: str, expected: str, advice: str
    ) -> None:
        self.source = source
        self.variable = variable
        self.found = found
        self.expected = expected
        self.advice = advice
        where = source if variable is None else f"{source}, variable {variable}"
        super().__init__(f"{where}: found {found}; expected {expected}. {advice}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how to build it anew from its parts, so that it can leave its process."""
        parts = {"found": self.found, "expected": self.expected, "advice": self.advice}
        return partial(type(self), **parts), (self.source, self.variable), self.__dict__


class RecordingWarning(UserWarning):
    """A recording that can be used, but may not be what it seems."""


class LostEndingWarning(RecordingWarning):
    """A recording whose end may be lost, as that of a file that was copied in part."""


def listed(items: Iterable[object], limit: int = 8) -> str:
    """Return the items as one readable line, cut after `limit` of them."""
    words = [str(item) for item in items]
    shown = ", ".join(words[:limit])
    more = len(words) - limit
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def how_many(count: SupportsIndex, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> how_many(1, "recording"), how_many(2, "recording"), how_many(1000, "index", "indices")
    ('1 recording', '2 recordings', '1,000 indices')
    """
    number = index(count)
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
