"""From what laboratories have on disk to one labelled, checked thing: the recording."""

from canonica._errors import RecordingError, RecordingWarning
from canonica.data._recording import recording
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._from_spikes import from_spikes, spike_trains_from
from canonica.recordings._inspection import Finding, inspect
from canonica.recordings._read import is_recording, read, read_contents, read_each
from canonica.recordings._reading import Reading
from canonica.recordings._write import write, writer
from canonica.recordings.download._fetch import fetch
from canonica.recordings.matlab._matlab_5 import write as write_matlab
from canonica.recordings.tables._spikes import spikes_beside

__all__ = [
    "Finding",
    "Reading",
    "RecordingError",
    "RecordingWarning",
    "SpikeTrains",
    "fetch",
    "from_spikes",
    "inspect",
    "is_recording",
    "read",
    "read_contents",
    "read_each",
    "recording",
    "spike_trains_from",
    "spikes_beside",
    "write",
    "write_matlab",
    "writer",
]
