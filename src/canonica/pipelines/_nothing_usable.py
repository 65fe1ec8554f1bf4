"""An error for many recordings at once."""

from collections.abc import Sequence

from canonica._errors import CanonicaError, RecordingError


class NothingUsableError(CanonicaError):
    """Raised when not a single one of many recordings can be used.

    Parameters
    ----------
    message : str
        What could not be done with any of them. What is wrong with each is not repeated in it.
    failures : sequence of RecordingError
        What is wrong with each.
    """

    def __init__(self, message: str, failures: Sequence[RecordingError] = ()) -> None:
        self.failures = tuple(failures)
        super().__init__(message, self.failures)

    def __str__(self) -> str:
        """Return the message alone, without the failures."""
        return str(self.args[0])
