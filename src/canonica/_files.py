"""Files: whole or not at all, and known by their hash."""

import errno
import glob
import hashlib
import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from canonica._errors import CanonicaError
from canonica._leftovers import LeftoverWarning, Owner

AnyPath: TypeAlias = str | PathLike[str]
NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
LONGEST_STEM = 40  # characters of a name that its unfinished file shares


def sha256(path: Path, told: Callable[[int, int], object] | None = None) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits.

    Parameters
    ----------
    path : Path
        The file.
    told : callable, optional
        Called with the number of bytes that were read, and of all, for every mebibyte.
    """
    digest, buffer, done = hashlib.sha256(), memoryview(bytearray(1 << 20)), 0
    with path.open("rb", buffering=0) as file:
        total = os.fstat(file.fileno()).st_size
        while read := file.readinto(buffer):
            digest.update(buffer[:read])
            done += read
            if told is not None:
                told(done, total)
    return digest.hexdigest()


def shown(path: Path) -> str:
    """Return a path as text that can be printed and saved, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def check_there(path: Path, expected: str) -> None:
    """Refuse a file that is not there.

    Parameters
    ----------
    path : Path
        That was given.
    expected : str
        What should be there.

    Raises
    ------
    CanonicaError
        If it is not.

    Examples
    --------
    >>> check_there(Path("no.csv"), "a table")
    Traceback (most recent call last):
    canonica._errors.CanonicaError: no.csv: found no such file; expected a table. Check the path.
    """
    if not path.is_file():
        raise CanonicaError(
            f"{shown(path)}: found no such file; expected {expected}. Check the path."
        )


_unfinished: dict[Path, Callable[[Path], object]] = {}  # with what removes each


@contextmanager
def unfinished(path: Path, remove: Callable[[Path], object]) -> Iterator[None]:
    """Have something removed by `remove_unfinished`, as long as this lasts."""
    _unfinished[path] = remove
    try:
        yield
    finally:
        _unfinished.pop(path, None)


_in_place: list[Path] = []


def in_place(path: Path) -> None:
    """Note that results are in place, whatever may still happen to the call."""
    _in_place.append(path)


def results_in_place(*, anew: bool = False) -> list[Path]:
    """Return the results that were put in place, in order; forget them with `anew`."""
    found = list(_in_place)
    if anew:
        _in_place.clear()
    return found


def remove_unfinished() -> None:
    """Remove what is unfinished in this process, which is about to end without cleaning up."""
    for path, remove in reversed(list(_unfinished.items())):
        with suppress(OSError):
            remove(path)


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Say which results there was no room for, where something that writes them says that alone.

    Raises
    ------
    CanonicaError
        In place of an OSError that says that the disk is full, or a file too large for it.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.errno not in NO_ROOM:
            raise
        raise CanonicaError(
            f"{shown(path)}: found no room to write it ({os.strerror(error.errno)}); expected "
            "enough for all of it. Make room, or choose another disk."
        ) from error


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, which takes its place only once all is written.

    Raises
    ------
    CanonicaError
        If no file can be made there, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        partial = _new_file(path)
    except OSError as error:
        raise CanonicaError(
            f"{shown(path)}: found no way to write it ({error.strerror}); expected a folder that "
            "can be made or written to. Choose another."
        ) from error
    try:
        with unfinished(partial, Path.unlink), room_for(path):
            yield partial
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what processes that are no more had begun of this file, and name it in a warning."""
    prefix, removed = _prefix(path), []
    for partial in sorted(path.parent.glob(f"{glob.escape(prefix)}*")):
        mark = partial.name.removeprefix(prefix).removesuffix(path.suffix).rpartition("-")[0]
        owner = Owner.of(mark)
        if owner is not None and owner.gone:
            partial.unlink(missing_ok=True)
            removed.append(partial.name)
    if removed:
        warnings.warn(
            f"{shown(path)}: found what calls that were killed had left unfinished "
            f"({', '.join(removed)}); removed it.",
            LeftoverWarning,
            stacklevel=4,
        )


def _prefix(path: Path) -> str:
    """Return how the names of the unfinished files of this one begin."""
    return f".{path.stem[:LONGEST_STEM]}-"


def _new_file(path: Path) -> Path:
    """Return a new, empty, hidden file beside `path`, with the permissions of any new file.

    Those that `tempfile` makes are the owner's alone; and to ask for the process's mask, so as to
    widen theirs, one must change it for a moment, in all threads.
    """
    name = f"{_prefix(path)}{Owner.this().mark}-{secrets.token_hex(4)}{path.suffix}"
    partial = path.with_name(name)
    partial.touch(exist_ok=False)
    return partial
