"""From what laboratories have on disk to one labelled, checked thing: the recording."""

from canonica._errors import RecordingError, RecordingWarning
from canonica.recordings._read import read, read_each
from canonica.recordings._recording import recording

__all__ = ["RecordingError", "RecordingWarning", "read", "read_each", "recording"]
