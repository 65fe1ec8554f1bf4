"""An error for many recordings at once."""

from collections.abc import Sequence

from canonica._errors import CanonicaError, RecordingError


class NothingUsableError(CanonicaError):
    """Raised when not a single one of many recordings can be used.

    Parameters
    ----------
    message : str
        What could not be done with any of them.
    failures : sequence of RecordingError
        What is wrong with each.
    """

    def __init__(self, message: str, failures: Sequence[RecordingError] = ()) -> None:
        self.message = message
        self.failures = tuple(failures)
        super().__init__(message, self.failures)

    def __str__(self) -> str:
        """Return the message with what is wrong with the first."""
        first = "".join(f" {failure}" for failure in self.failures[:1])
        more = len(self.failures) - 1
        return f"{self.message}{first}{f' And {more} more.' if more > 0 else ''}"
