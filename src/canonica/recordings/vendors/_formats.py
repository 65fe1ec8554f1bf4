"""Formats of recording systems: how each is known, which library reads it, and what it lacks.

A format is known by the bytes that it begins with, or by what an HDF5 or NumPy archive holds. No
library is loaded for that: every file of a folder is looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from canonica.recordings._hdf5 import Root, hdf5_root
from canonica.recordings.vendors._contents import VendorContents
from canonica.recordings.vendors._neo import contents_by_neo
from canonica.recordings.vendors._spikeinterface import mcs_hdf5, sorting

SORT = (
    "Detect or sort its spikes with SpikeInterface ({how}), save them by "
    "NpzSortingExtractor.write_sorting(sorting, 'sorted.npz'), and read that file with its "
    "stimuli: --stimulus-file PATH."
)
LONGEST = 16  # bytes that formats are known by


@dataclass(frozen=True)
class Format:
    """A format, and how to come by spikes and stimuli from it.

    Parameters
    ----------
    name : str
        What it is called.
    contents : callable
        Reads a file of it, by a library; none if no library does.
    advice : str
        What to do where a file of it holds no spikes, or no library reads it.
    spikes : bool
        Whether a file of it may hold spikes that the library reads.
    starts : tuple of bytes
        What files of it begin with.
    root : callable
        Whether what an HDF5 file has at its root is of this format.
    """

    name: str
    contents: Callable[[Path], VendorContents] | None
    advice: str = ""
    spikes: bool = False
    starts: tuple[bytes, ...] = ()
    root: Callable[[Root], bool] | None = None


FORMATS = (
    Format(
        "NeuroExplorer (.nex)",
        contents_by_neo("NeuroExplorerRawIO"),
        "Export the spike trains, too.",
        spikes=True,
        starts=(b"NEX1",),
    ),
    Format(
        "NeuroExplorer 5 (.nex5)",
        None,
        "Save it as .nex (NEX1) in NeuroExplorer.",
        starts=(b"NEX5",),
    ),
    Format(
        "Plexon (.plx)",
        contents_by_neo("PlexonRawIO", progress_bar=False),
        "Detect spikes in Offline Sorter, and save them as .plx.",
        spikes=True,
        starts=(b"PLEX",),
    ),
    Format(
        "Multi Channel Systems, MC_Rack (.mcd)",
        None,
        "Export it by Multi Channel DataManager, with its spikes and events as NeuroExplorer .nex.",
        starts=(b"MCSSTRM",),
    ),
    Format(
        "Multi Channel Systems, MC_DataTool (.raw)",
        contents_by_neo("RawMCSRawIO"),
        SORT.format(how="read_mcsraw"),
        starts=(b"MC_DataTool",),
    ),
    Format(
        "Multi Channel Systems, HDF5",
        mcs_hdf5,
        SORT.format(how="read_mcsh5"),
        root=lambda root: root.members == {"Data"},
    ),
    Format(
        "MaxWell (.raw.h5)",
        contents_by_neo("MaxwellRawIO"),
        SORT.format(how="read_maxwell"),
        root=lambda root: (
            "version" in root.members
            and ("wells" in root.members or {"mapping", "settings"} <= root.members)
        ),
    ),
    Format(
        "3Brain, raw data (.brw)",
        contents_by_neo("BiocamRawIO"),
        SORT.format(how="read_biocam"),
        root=lambda root: (
            ("3BRecInfo" in root.members and "3BResults" not in root.members)
            or ("TOC" in root.members and "SpikeTOC" not in root.members)
        ),
    ),
    Format(
        "3Brain, results (.bxr)",
        None,
        "Export its spikes as a table in BrainWave, and read that: time, channel.",
        root=lambda root: bool({"3BResults", "SpikeTOC"} & root.members),
    ),
    Format(
        "Intan (.rhd, .rhs)",
        contents_by_neo("IntanRawIO"),
        SORT.format(how="read_intan"),
        starts=(b"\x02\x27\x91\xc6", b"\xac\x27\x91\xd6"),
    ),
    Format(
        "Axion (.raw, .spk)",
        None,
        "Export its spike list and its stimulations as tables in AxIS, and read these: time, "
        "channel.",
        starts=(b"AxionBio",),
    ),
)
SORTED = Format(
    "a sorting of SpikeInterface (.npz)", sorting, "Save a sorting that has spikes.", spikes=True
)


def format_of(path: Path) -> Format | None:
    """Return the format of a file, if it is one of these."""
    with path.open("rb") as file:
        start = file.read(LONGEST)
    for known in FORMATS:
        if start.startswith(known.starts or (b"\0" * LONGEST * 2,)):
            return known
    root = hdf5_root(path)
    for known in FORMATS:
        if root.members and known.root is not None and known.root(root):
            return known
    return SORTED if start.startswith(b"PK") and _is_sorting(path) else None


def _is_sorting(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return {"unit_ids.npy", "num_segment.npy"} <= set(archive.namelist())
    except (BadZipFile, NotImplementedError, ValueError):
        return False
