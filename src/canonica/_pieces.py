"""Pieces of a long work: each can be made by itself, anywhere and in any order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
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
    units : int, optional
        How much of the work it is, as progress counts it.
    """

    decided_by: Mapping[str, Any]
    make: Callable[[], xr.Dataset]
    units: int = 1


Maker: TypeAlias = Callable[[Sequence[Piece]], Iterator[tuple[int, xr.Dataset]]]
"""Who makes pieces, here or elsewhere, and perhaps keeps them: yields the number of each, from 0,
with what it became, in any order."""


def made_in_order(pieces: Sequence[Piece]) -> Iterator[tuple[int, xr.Dataset]]:
    """Make each piece here, one after the other."""
    for number, piece in enumerate(pieces):
        yield number, piece.make()


def all_made(
    pieces: Sequence[Piece],
    maker: Maker = made_in_order,
    progress: Callable[[int, int], object] | None = None,
) -> list[xr.Dataset]:
    """Return what became of each piece, in their order.

    Parameters
    ----------
    pieces : sequence of Piece
        All of them.
    maker : Maker, optional
        Who makes them.
    progress : callable, optional
        Told how many units are done, and of how many: at first, and after each piece.
    """
    parts: list[xr.Dataset] = [xr.Dataset()] * len(pieces)
    done, total = 0, sum(piece.units for piece in pieces)
    if progress:
        progress(done, total)
    for number, part in maker(pieces):
        parts[number] = part
        done += pieces[number].units
        if progress:
            progress(done, total)
    return parts


def as_piece(arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Return arrays as what a piece may become, without words on their axes."""
    return xr.Dataset(
        {
            name: (tuple(f"{name}_{axis}" for axis in range(np.ndim(value))), np.asarray(value))
            for name, value in arrays.items()
        }
    )


def piece_of(
    function: Callable[..., Mapping[str, np.ndarray]], *args: Any, **settings: Any
) -> xr.Dataset:
    """Return the arrays that a function returns, as what a piece may become."""
    return as_piece(function(*args, **settings))


def joined_pieces(parts: Sequence[xr.Dataset], axis: int = 0) -> dict[str, np.ndarray]:
    """Return the arrays of several pieces, one after the other along an axis."""
    # Laid out alike wherever pieces come from: in what order a mean adds up depends on it.
    return {
        str(name): np.ascontiguousarray(
            np.concatenate([part[name].to_numpy() for part in parts], axis=axis)
        )
        for name in parts[0]
    }
