"""From what laboratories have on disk to one labelled, checked thing: the recording."""

from typing import TYPE_CHECKING

from canonica._lazy import lazily

if TYPE_CHECKING:
    from canonica._errors import RecordingError
    from canonica.data._recording import recording
    from canonica.data._spike_trains import SpikeTrains
    from canonica.recordings._read import read, read_contents, read_each
    from canonica.recordings._readers import is_recording
    from canonica.recordings._reading import Reading
    from canonica.recordings._recording_files import recording_files
    from canonica.recordings._write import write, writer
    from canonica.recordings.download._fetch import fetch
    from canonica.recordings.experiments._grouping import Experiment
    from canonica.recordings.inspection._inspection import Finding, inspect
    from canonica.recordings.isolation._file_progress import FileProgress
    from canonica.recordings.matlab._write import write_matlab
    from canonica.recordings.spikes._from_spikes import from_spikes, spike_trains_from
    from canonica.recordings.tables._spikes import spikes_beside

# Loaded when first asked for: a command that needs one part does not wait for the others.
_HOMES = {
    "Experiment": "canonica.recordings.experiments._grouping",
    "FileProgress": "canonica.recordings.isolation._file_progress",
    "Finding": "canonica.recordings.inspection._inspection",
    "Reading": "canonica.recordings._reading",
    "RecordingError": "canonica._errors",
    "SpikeTrains": "canonica.data._spike_trains",
    "fetch": "canonica.recordings.download._fetch",
    "from_spikes": "canonica.recordings.spikes._from_spikes",
    "inspect": "canonica.recordings.inspection._inspection",
    "is_recording": "canonica.recordings._readers",
    "read": "canonica.recordings._read",
    "read_contents": "canonica.recordings._read",
    "read_each": "canonica.recordings._read",
    "recording": "canonica.data._recording",
    "recording_files": "canonica.recordings._recording_files",
    "spike_trains_from": "canonica.recordings.spikes._from_spikes",
    "spikes_beside": "canonica.recordings.tables._spikes",
    "write": "canonica.recordings._write",
    "write_matlab": "canonica.recordings.matlab._write",
    "writer": "canonica.recordings._write",
}

__all__ = [
    "Experiment",
    "FileProgress",
    "Finding",
    "Reading",
    "RecordingError",
    "SpikeTrains",
    "fetch",
    "from_spikes",
    "inspect",
    "is_recording",
    "read",
    "read_contents",
    "read_each",
    "recording",
    "recording_files",
    "spike_trains_from",
    "spikes_beside",
    "write",
    "write_matlab",
    "writer",
]

__getattr__, __dir__ = lazily(__name__, _HOMES, __all__)
