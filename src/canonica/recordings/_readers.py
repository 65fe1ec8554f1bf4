"""Which reader a file is for, from what is in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError
from canonica._files import shown
from canonica.recordings._hdf5 import HDF5_MAGIC
from canonica.recordings.cl1 import _read as _cl1
from canonica.recordings.isolation._isolated import isolated
from canonica.recordings.matlab import _matlab_5, _matlab_7_3
from canonica.recordings.nwb import _read as _nwb
from canonica.recordings.nwb import _zarr
from canonica.recordings.tables import _responses, _spikes
from canonica.recordings.tables._spikes import is_partner
from canonica.recordings.vendors import _read as _vendors

# Each with recognises(path) and read(path, reading); those that know spike times, with
# read_trains(path, reading) too.
READERS = (_zarr, _nwb, _matlab_5, _matlab_7_3, _cl1, _vendors, _spikes, _responses)
FORMATS = (
    "NWB, MATLAB in the published layout, a recording of a CL1, spikes of another system that Neo "
    "or SpikeInterface reads, spikes and stimuli as CSV or Parquet, or a table of responses as CSV "
    "or Parquet"
)
SUFFIXES = {".nwb", ".mat", ".parquet", ".csv", ".tsv"}  # files called so are meant as recordings


@checked_arguments
def is_recording(path: Path) -> bool:
    """Return whether this file is meant as a recording, one that is not read with another.

    So is every file that has a recording's suffix, however damaged, and every other in which a
    reader knows its format, but for formats that hold voltages alone.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    try:
        return next(isolated(_is_recording, path))
    except RecordingError:  # so damaged that nobody can look into it
        return True


def _is_recording(path: Path) -> Iterator[bool]:
    """Yield whether the file is meant as a recording, looking into it in this process."""
    named_so = path.suffix.lower() in SUFFIXES
    try:
        known = named_so or any(one.recognises(path) for one in READERS)
        yield known and not is_partner(path) and not _vendors.is_without_spikes(path)
    except OSError:
        yield named_so


def reader_of(path: Path) -> Any:  # a module
    """Return the reader that knows this file.

    Raises
    ------
    RecordingError
        If the file is not there, or none knows it.
    """
    try:
        for reader in READERS:
            if reader.recognises(path):
                return reader
        with path.open("rb") as file:
            start = file.read(len(HDF5_MAGIC) + 512)
    except OSError as error:
        raise RecordingError(
            shown(path),
            None,
            found=f"nothing readable ({error.strerror or error})",
            expected="a file",
            advice="Check the path and the permissions.",
        ) from error
    raise RecordingError(
        shown(path),
        None,
        found=_description(start),
        expected=FORMATS,
        advice="Convert it to one of these, or give its arrays to canonica.from_spikes or "
        "canonica.recordings.recording.",
    )


def _description(start: bytes) -> str:
    if not start:
        return "an empty file"
    if HDF5_MAGIC in start:
        return "an HDF5 file, but neither of NWB nor of MATLAB, nor of a system that is known"
    return f"a file that begins with {start[:16]!r}"
