"""NWB in Zarr, a folder of many small files: read by way of a temporary NWB file in HDF5."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xarray as xr

from canonica import _files
from canonica._errors import RecordingError
from canonica._files import shown
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._reading import Reading
from canonica.recordings.nwb import _read as _hdf5
from canonica.recordings.nwb._library import pynwb

MARKS = (".zgroup", ".zmetadata", ".zattrs", "zarr.json")  # of versions 2 and 3 of Zarr


def is_zarr(path: Path) -> bool:
    """Return whether this is a folder that Zarr keeps arrays in."""
    return path.is_dir() and any((path / mark).is_file() for mark in MARKS)


recognises = is_zarr


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield the recording of the folder.

    Raises
    ------
    RecordingError
        If hdmf-zarr is not there, or the folder cannot be used.
    """
    with _in_hdf5(path) as copy:
        for found in _hdf5.read(copy, reading):
            if isinstance(found, RecordingError):
                yield found
            else:
                yield found.assign_attrs(_provenance(path))


def read_trains(path: Path, reading: Reading) -> SpikeTrains | xr.Dataset:
    """Return the spike trains of the folder; or its recording, if it has no spike times.

    Raises
    ------
    RecordingError
        As `read` does.
    """
    with _in_hdf5(path) as copy:
        found = _hdf5.read_trains(copy, reading)
    told = _provenance(path)
    if isinstance(found, xr.Dataset):
        return found.assign_attrs(told)
    return replace(found, attrs={**found.attrs, **told})


@contextmanager
def _in_hdf5(path: Path) -> Iterator[Path]:
    """Give the contents as an NWB file in HDF5, for as long as this lasts."""
    try:
        from hdmf_zarr import NWBZarrIO  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise RecordingError(
            shown(path),
            None,
            found="a folder of Zarr, and no hdmf-zarr to read it",
            expected="NWB in HDF5, one file; or hdmf-zarr",
            advice="Install it: pip install hdmf-zarr.",
        ) from error
    library = pynwb()
    with TemporaryDirectory(prefix="canonica-zarr-") as folder:
        copy = Path(folder) / f"{_name(path)}.nwb"
        try:
            with (
                NWBZarrIO(str(path), mode="r") as source,  # pyright: ignore[reportCallIssue]
                library.NWBHDF5IO(str(copy), mode="w") as target,
            ):
                target.export(src_io=source, write_args={"link_data": False})
        except Exception as error:  # whatever hdmf and zarr think of a folder that is damaged
            raise RecordingError(
                shown(path),
                None,
                found=f"a folder of Zarr that cannot be read ({type(error).__name__}: {error})",
                expected="NWB, complete",
                advice="Copy it again, with all that is in it, or export it again.",
            ) from error
        try:
            yield copy
        except RecordingError as error:
            raise RecordingError(
                error.source.replace(shown(copy), shown(path)),
                error.variable,
                found=error.found,
                expected=error.expected,
                advice=error.advice,
            ) from error


def _provenance(path: Path) -> dict[str, Any]:
    """Return what the temporary file cannot know: where the recording is from."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    told = [f"{file.relative_to(path).as_posix()} {_files.sha256(file)}" for file in files]
    source = shown(path)
    digest = sha256("\n".join(told).encode(errors="replace")).hexdigest()
    return {"origin": source, "input_file": source, "input_sha256": digest}


def _name(path: Path) -> str:
    return path.name.removesuffix(".zarr").removesuffix(".nwb") or "recording"
