"""NWB in Zarr, a folder of many small files: told, not read."""

from pathlib import Path

from canonica._errors import RecordingError
from canonica._files import shown

MARKS = (".zgroup", ".zmetadata", ".zattrs", "zarr.json")  # of versions 2 and 3 of Zarr


def is_zarr(path: Path) -> bool:
    """Return whether this is a folder that Zarr keeps arrays in."""
    return path.is_dir() and any((path / mark).is_file() for mark in MARKS)


def refuse_zarr(path: Path) -> None:
    """Refuse a Zarr folder, with the way to a file that can be read.

    Raises
    ------
    RecordingError
        If it is one.
    """
    if not is_zarr(path):
        return
    raise RecordingError(
        shown(path),
        None,
        found="a folder of Zarr",
        expected="NWB in HDF5, one file",
        advice="Export it with hdmf-zarr: read it with NWBZarrIO, and write it with pynwb's "
        "NWBHDF5IO(...).export(...).",
    )
