"""What a MATLAB 5 file claims to hold, before it is loaded: few bytes can claim millions of arrays.

A file is a header and elements: a tag of type and length, and as many bytes. An element may be
compressed. An array has its flags, sizes and name as elements within; cells and structs have
arrays within.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from canonica._errors import RecordingError, how_many
from canonica._files import shown
from canonica.recordings._claims import COMPRESSION, SMALL

HEADER = 128  # bytes
MATRIX, COMPRESSED = 14, 15  # types of elements
CONTAINERS = (1, 2, 3)  # classes of arrays that hold arrays: cell, struct, object
MOST_ARRAYS = 100_000  # of which a culture has four
TAG, WORD = 8, 4  # bytes


def check_arrays(path: Path) -> None:
    """Refuse a file that holds more than it can, once it is unpacked, or far too many arrays.

    Raises
    ------
    RecordingError
        If it does. What is damaged is left to be found when it is loaded.
    """
    content = path.read_bytes()
    order = ">" if content[HEADER - 2 : HEADER] == b"MI" else "<"
    allowed = max(SMALL, COMPRESSION * len(content))
    arrays = 0
    for kind, element in _elements(content, HEADER, order):
        if kind == COMPRESSED:
            unpacked = _unpacked(element, allowed, path)
            allowed -= len(unpacked)
            within = _elements(unpacked, 0, order)
        else:
            within = iter([(kind, element)])
        for inner, part in within:
            if inner == MATRIX:
                arrays += _arrays_in(part, order, MOST_ARRAYS - arrays)
        if arrays >= MOST_ARRAYS:
            raise _too_much(path, f"{MOST_ARRAYS} arrays or more")


def has_checksums(path: Path) -> bool:
    """Return whether every variable is compressed, and so has a checksum, as MATLAB saves them."""
    content = path.read_bytes()
    order = ">" if content[HEADER - 2 : HEADER] == b"MI" else "<"
    return all(kind == COMPRESSED for kind, _ in _elements(content, HEADER, order))


def _unpacked(element: memoryview, allowed: int, path: Path) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(element, max(allowed, 1))
    except zlib.error:  # damaged: that is said when it is loaded
        return b""
    if unpacking.unconsumed_tail:
        raise _too_much(path, f"more than {allowed} bytes, packed")
    return unpacked


def _elements(
    content: bytes | memoryview, begin: int, order: str
) -> Iterator[tuple[int, memoryview]]:
    """Yield type and bytes of one element after the other, as far as there are any."""
    view = memoryview(content)
    while begin + TAG <= len(view):
        kind, size = struct.unpack_from(f"{order}II", view, begin)
        if kind >> 16:  # four bytes or fewer are kept in the tag itself
            kind, size, step = kind & 0xFFFF, min(kind >> 16, WORD), TAG
            yield kind, view[begin + WORD : begin + WORD + size]
        else:
            step = TAG + size + (-size % TAG if kind != COMPRESSED else 0)
            yield kind, view[begin + TAG : begin + TAG + size]
        begin += step


def _arrays_in(element: memoryview, order: str, most: int) -> int:
    """Return how many arrays there are in one, itself included, counted up to a number."""
    waiting, found = [element], 0
    while waiting and found < most:
        current = waiting.pop()
        found += 1
        parts = _elements(current, 0, order)
        _, flags = next(parts, (0, memoryview(b"")))
        if len(flags) < WORD or struct.unpack_from(f"{order}I", flags)[0] & 0xFF not in CONTAINERS:
            continue
        for kind, part in parts:
            if kind == MATRIX:
                waiting.append(part)
            if len(waiting) + found >= most:
                return most
    return found


def _too_much(path: Path, found: str) -> RecordingError:
    return RecordingError(
        shown(path),
        None,
        found=f"{found} in a file of {how_many(path.stat().st_size, 'byte')}",
        expected="no more than the recordings of a file can need",
        advice="It is damaged: copy it again; or leave out variables that are no recordings.",
    )
