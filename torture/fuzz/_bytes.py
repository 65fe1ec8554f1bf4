"""What copies, disks and networks do to any file."""

import random
from pathlib import Path

STEERING = (512, 4096)  # first bytes, in which most stands that steers a reader


def _cut(path: Path, draw: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))])


def _zeroed_end(path: Path, draw: random.Random) -> None:
    """Do what a copy does that was interrupted after the room for it was taken."""
    content = path.read_bytes()
    zeros = min(len(content), draw.choice([40, 400, 4000, 2 ** draw.randrange(1, 17)]))
    path.write_bytes(content[: len(content) - zeros] + bytes(zeros))


def _zeroed_block(path: Path, draw: random.Random) -> None:
    """Do what a disk does that has lost a block."""
    content = bytearray(path.read_bytes())
    begin = draw.randrange(len(content))
    length = len(content[begin : begin + 512])
    content[begin : begin + length] = bytes(length)
    path.write_bytes(content)


def _overwritten(path: Path, draw: random.Random) -> None:
    content = bytearray(path.read_bytes())
    begin, length = draw.randrange(len(content)), 2 ** draw.randrange(10)
    content[begin : begin + length] = draw.randbytes(len(content[begin : begin + length]))
    path.write_bytes(content)


def _bits_flipped(path: Path, draw: random.Random) -> None:
    content = bytearray(path.read_bytes())
    end = min(draw.choice([*STEERING, len(content)]), len(content))
    for _ in range(draw.choice([1, 3, 30])):
        content[draw.randrange(end)] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def _doubled(path: Path, draw: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))] + content)


def _newlines_translated(path: Path, draw: random.Random) -> None:
    """Do what a transfer does that takes the file for text."""
    ends = draw.choice([(b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\r", b"")])
    path.write_bytes(path.read_bytes().replace(*ends))


OF_BYTES = [
    _cut,
    _zeroed_end,
    _zeroed_block,
    _overwritten,
    _bits_flipped,
    _doubled,
    _newlines_translated,
]
