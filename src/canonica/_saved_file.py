"""One file for one value: its settings as JSON, its arrays as NumPy's, a hash over all of it.

The file is a ZIP archive that `numpy.load` opens without canonica. Nothing in it is run, and the
hash, which ends the file, is looked at before anything else.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from canonica._checks import checked_path
from canonica._errors import CanonicaError, listed
from canonica._files import AnyPath, check_there, complete_file, shown
from canonica._provenance import versions
from canonica._saved_values import Arrays, decoded, encoded

FORMAT = 1  # what later versions of canonica tell files of today by
HEADER = "canonica.json"
BEGINNING = b"PK\x03\x04"  # of every ZIP archive
MARK = b"saved by canonica, sha256 "
ENDING = len(MARK) + 64
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same value makes the same file, whenever it is saved
EXPECTED = "a file that canonica saved"


class Saved(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    kind : str
        Name of the class that was saved.
    tree : Any
        The value, as `decoded` takes it.
    arrays : dict
        By their names in the tree.
    """

    kind: str
    tree: Any
    arrays: Arrays


def save_value(path: AnyPath, value: Any, parts: Iterable[type]) -> None:
    """Write a value to a file, whole or not at all; a file that is there is replaced.

    Parameters
    ----------
    path : path-like
        The file.
    value : Any
        Of a class that is listed where files are read.
    parts : iterable of type
        The classes of all that it may be made of, besides its own.

    Raises
    ------
    CanonicaError
        If it holds something else, or no file can be written there.
    """
    path = checked_path("path", path)
    if path.is_dir():
        raise CanonicaError(f"{shown(path)}: found a folder; expected a name for a file.")
    arrays: Arrays = {}
    kind = type(value).__name__
    tree = encoded(kind, value, [type(value), *parts], arrays)
    header = {"format": FORMAT, "kind": kind, **versions(), "value": tree}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        _put(archive, HEADER, json.dumps(header, indent=1).encode())
        for name, array in arrays.items():
            _put(archive, f"{name}.npy", _npy(array))
        archive.comment = MARK + b"0" * 64  # its length has to be known before
    data = content.getvalue()[: -len(MARK) - 64]
    with complete_file(path) as partial:
        partial.write_bytes(data + MARK + hashlib.sha256(data).hexdigest().encode())


def read_saved(path: AnyPath) -> Saved:
    """Return what a file holds, its hash having been looked at first.

    Raises
    ------
    CanonicaError
        If it is no such file, of a later format, or was damaged or cut short.
    """
    path = checked_path("path", path)
    check_there(path, EXPECTED)
    data = _intact(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            header = json.loads(archive.read(HEADER))
            found, version = header["format"], header["canonica_version"]
            names = [name for name in archive.namelist() if name != HEADER]
            arrays = {name.removesuffix(".npy"): _array(archive, name) for name in names}
            saved = Saved(str(header["kind"]), header["value"], arrays)
    except Exception as error:  # whatever a file that was made by hand brings about
        raise CanonicaError(
            f"{shown(path)}: found something that does not belong there ({error}); expected "
            f"{EXPECTED}. Save it anew."
        ) from error
    if found != FORMAT:
        raise CanonicaError(
            f"{shown(path)}: found format {found}; expected {FORMAT}. It was saved by canonica "
            f"{version}: use that, or a later one."
        )
    return saved


def value_of(path: AnyPath, saved: Saved, classes: Mapping[str, type]) -> Any:
    """Return the value that a file holds, made by the classes that it may be made of.

    Raises
    ------
    CanonicaError
        If it holds another class, or what a class refuses.
    """
    try:
        return decoded(saved.tree, saved.arrays, classes)
    except Exception as error:
        reason = f"{type(error).__name__}, {error}".splitlines()[0]
        raise CanonicaError(
            f"{shown(checked_path('path', path))}: found no sound {saved.kind} ({reason}); "
            "expected one as canonica saves it. Save it anew."
        ) from error


def check_kind_of(path: AnyPath, saved: Saved, kinds: Iterable[str]) -> None:
    """Refuse a file that holds a value of another kind."""
    known = list(kinds)
    if saved.kind not in known:
        raise CanonicaError(
            f"{shown(checked_path('path', path))}: found {saved.kind!r}; expected "
            f"{listed(known)}. A later version of canonica may know it."
        )


def _intact(path: Path) -> bytes:
    """Return a file, or say whether it is another one, or damaged."""
    with path.open("rb") as file:
        beginning = file.read(len(BEGINNING))
        size = file.seek(0, 2)
        file.seek(max(size - ENDING, 0))
        ending = file.read()
        if beginning != BEGINNING:
            raise CanonicaError(
                f"{shown(path)}: found another format; expected {EXPECTED} (agent.save). Check the "
                "path."
            )
        if not ending.startswith(MARK):
            raise CanonicaError(
                f"{shown(path)}: found no mark of canonica at its end; expected {EXPECTED}, whole. "
                "It is another archive, or was cut short: copy it anew."
            )
        file.seek(0)
        data = file.read()
    if hashlib.sha256(data[:-ENDING]).hexdigest().encode() != ending[len(MARK) :]:
        raise CanonicaError(
            f"{shown(path)}: found content whose SHA-256 is another than it says; expected "
            f"{EXPECTED}, unchanged. It was damaged: copy it anew."
        )
    return data


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content)  # stored as it is: no bombs


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, allow_pickle=False)
    return content.getvalue()


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise CanonicaError(f"{name} is compressed")
    return np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
