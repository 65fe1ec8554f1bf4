"""From what laboratories have on disk to one labelled, checked thing: the recording."""

from canonica._errors import RecordingError, RecordingWarning
from canonica._recording import recording
from canonica.recordings._matlab import write as write_matlab
from canonica.recordings._read import read, read_each

__all__ = ["RecordingError", "RecordingWarning", "read", "read_each", "recording", "write_matlab"]
