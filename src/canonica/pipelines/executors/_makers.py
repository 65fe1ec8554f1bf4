"""From who does calls to who makes pieces."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import xarray as xr

from canonica._errors import CanonicaError, RecordingError
from canonica._pieces import Maker, Piece
from canonica.pipelines.executors._executor import Call, Executor
from canonica.pipelines.executors._opened import ClusterLike, opened_executor


@contextmanager
def opened_maker(cluster: ClusterLike) -> Iterator[Maker | None]:
    """Give who makes pieces on a cluster, and keeps none; None for this process.

    For work that has its own way to use all cores of this machine, and to keep what is done.

    Parameters
    ----------
    cluster : str, path-like or distributed.Client
        As in `opened_executor`.

    Raises
    ------
    CanonicaError
        As `opened_executor` does.
    """
    with opened_executor(cluster) as executor:

        def maker(pieces: Sequence[Piece]) -> Iterator[tuple[int, xr.Dataset]]:
            by_number = {str(number): piece for number, piece in enumerate(pieces)}
            for number, made in made_by(executor, by_number):
                yield int(number), made

        yield None if cluster is None else maker


def made_by(executor: Executor, pieces: Mapping[str, Piece]) -> Iterator[tuple[str, xr.Dataset]]:
    """Yield each piece by its key, as it comes.

    Raises
    ------
    CanonicaError
        If some could not be made, when all others have come.
    """
    lost: list[RecordingError] = []
    for key, made in executor(Call(key, piece.make) for key, piece in pieces.items()):
        if isinstance(made, RecordingError):
            lost.append(made)
        else:
            yield key, made
    if lost:
        raise _with_number(lost, len(pieces))


def _with_number(lost: Sequence[RecordingError], pieces: int) -> CanonicaError:
    if len(lost) == 1:
        return lost[0]
    return CanonicaError(f"{lost[0]} So it was with {len(lost)} of {pieces} pieces.")
