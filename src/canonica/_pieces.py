"""Pieces of a long work: each can be made by itself, anywhere and in any order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import xarray as xr


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a long work.

    Parameters
    ----------
    decided_by : mapping
        All that decides what it will be: inputs, settings, seeds.
    make : callable
        Makes it, the same to the bit whoever calls it.
    """

    decided_by: Mapping[str, Any]
    make: Callable[[], xr.Dataset]


Maker: TypeAlias = Callable[[Sequence[Piece]], Iterator[tuple[int, xr.Dataset]]]
"""Who makes pieces, here or elsewhere, and perhaps keeps them: yields the number of each, from 0,
with what it became, in any order."""


def made_in_order(pieces: Sequence[Piece]) -> Iterator[tuple[int, xr.Dataset]]:
    """Make each piece here, one after the other."""
    for number, piece in enumerate(pieces):
        yield number, piece.make()
