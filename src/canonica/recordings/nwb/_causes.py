"""Why a sound NWB file cannot be read: the cause and its remedy, where it is not damage."""

import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from canonica._errors import RecordingError, listed
from canonica._files import shown

LOCKED = ("unable to lock file", "resource temporarily unavailable")
# Filters that HDF5 files of the field use and h5py does not bring, by their registered numbers.
FILTERS = {
    307: "bzip2",
    401: "MaxWell's compression",
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32012: "MAFISC",
    32013: "ZFP",
    32015: "Zstandard",
    32016: "FCIDECOMP",
    32017: "SZ",
    32024: "SZ3",
    32026: "Blosc2",
}
MAXWELL = 401
TYPED = ("namespace", "neurodata_type")
EXTENSION = re.compile("ndx-[a-z0-9-]+")  # as extensions are called that are published
CORE = {"core", "hdmf-common", "hdmf-experimental"}


def cause(path: Path, error: Exception) -> RecordingError | None:
    """Return what is in the way of reading a file that is sound; None where nothing is found.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    error : Exception
        What came of reading it.
    """
    import h5py  # noqa: PLC0415

    if is_locked(error):
        return _locked(path)
    try:
        with h5py.File(path, "r") as file:
            return _unknown_extensions(file, path) or _missing_filters(file, path)
    except Exception:  # noqa: BLE001  (so damaged that nothing can be said)
        return None


def is_locked(error: Exception) -> bool:
    """Return whether this error says that another program holds a file."""
    text = str(error).lower()
    return isinstance(error, OSError) and any(word in text for word in LOCKED)


def refuse_nwb_1(file: Any, path: Path) -> None:
    """Refuse a file of the first version of NWB.

    Parameters
    ----------
    file : h5py.File
    path : pathlib.Path
        For messages.

    Raises
    ------
    RecordingError
        If it is one.
    """
    if not has_nwb_1(file):
        return
    version = file["nwb_version"][()]
    version = version.decode("utf-8", "replace") if isinstance(version, bytes) else str(version)
    raise RecordingError(
        shown(path),
        None,
        found=f"NWB of version 1 ({version[:40]})",
        expected="NWB of version 2, of 2019 and later",
        advice="Ask for the file in NWB 2; or read its spike times and stimuli with h5py and give "
        "them to canonica.from_spikes.",
    )


def has_nwb_1(file: Any) -> bool:
    """Return whether an open HDF5 file keeps its version of NWB as the first one did."""
    import h5py  # noqa: PLC0415

    return isinstance(file.get("nwb_version"), h5py.Dataset)


def import_extensions(file: Any) -> bool:
    """Import extensions that an open file does not describe, if they are installed.

    Returns
    -------
    bool
        Whether any was imported, so that reading may go better now.
    """
    imported = False
    for name in _undescribed(file):
        if EXTENSION.fullmatch(name):
            with suppress(ImportError):
                import_module(name.replace("-", "_"))
                imported = True
    return imported


def _locked(path: Path) -> RecordingError:
    return RecordingError(
        shown(path),
        None,
        found="a file that another program has open for writing",
        expected="one that nobody writes to",
        advice="Close it there (a notebook, the acquisition, a viewer), or wait until it is done. "
        "If nobody has it open, as on some network drives, set HDF5_USE_FILE_LOCKING=FALSE.",
    )


def _unknown_extensions(file: Any, path: Path) -> RecordingError | None:
    """Return an error that names extensions which are neither in the file nor known here."""
    found = _undescribed(file)
    if not found:
        return None
    named = [f"{name} ({kind} at /{place})" for name, (kind, place) in found.items()]
    return RecordingError(
        shown(path),
        None,
        found=f"objects of NWB extensions that the file does not describe: {listed(named)}",
        expected="extensions that are described in the file, or installed",
        advice=f"The file is sound. Install them, most often by pip install {' '.join(found)}; or "
        "write the file again with its specifications (pynwb's cache_spec=True).",
    )


def _undescribed(file: Any) -> dict[str, tuple[str, str]]:
    """Return extensions that are not known, each with a type of it and where that is used."""
    from hdmf.common import get_type_map  # noqa: PLC0415
    from pynwb import get_type_map as get_nwb_types  # noqa: PLC0415

    known = {*CORE, *file.get("specifications", {})}
    for types in (get_type_map(), get_nwb_types()):
        known |= set(types.namespace_catalog.namespaces)
    found: dict[str, tuple[str, str]] = {}
    for place, namespace, kind in _typed_objects(file):
        if namespace not in known:
            found.setdefault(namespace, (kind, place))
    return found


def _typed_objects(file: Any) -> Iterator[tuple[str, str, str]]:
    objects: list[tuple[str, str, str]] = []

    def visit(name: str, found: Any) -> None:
        if all(attribute in found.attrs for attribute in TYPED):
            namespace, kind = (str(found.attrs[attribute]) for attribute in TYPED)
            objects.append((name, namespace, kind))

    file.visititems(visit)
    yield from objects


def _missing_filters(file: Any, path: Path) -> RecordingError | None:
    """Return an error that names filters which values are packed with and HDF5 lacks here."""
    import h5py  # noqa: PLC0415

    missing: dict[int, str] = {}

    def visit(name: str, found: Any) -> None:
        if not isinstance(found, h5py.Dataset):
            return
        properties = found.id.get_create_plist()
        for number in range(properties.get_nfilters()):
            code = properties.get_filter(number)[0]
            if not h5py.h5z.filter_avail(code):
                missing.setdefault(code, name)

    file.visititems(visit)
    if not missing:
        return None
    named = [
        f"{FILTERS.get(code, 'an unregistered one')} (filter {code}, at /{name})"
        for code, name in missing.items()
    ]
    advice = (
        "Install MaxWell's HDF5 plugin and set HDF5_PLUGIN_PATH to its folder"
        if MAXWELL in missing
        else "pip install hdf5plugin, which canonica then uses"
    )
    return RecordingError(
        shown(path),
        None,
        found=f"values packed by compression that HDF5 does not know here: {listed(named)}",
        expected="compression that can be undone",
        advice=f"The file is sound. {advice}; or write it again with gzip.",
    )
