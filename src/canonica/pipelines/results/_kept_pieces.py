"""Pieces of a long run, kept in the folder of its results to go on with after an interruption."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._files import AnyPath, complete_file, shown
from canonica._pieces import Piece
from canonica._provenance import versions
from canonica.pipelines.executors._executor import Executor, in_order
from canonica.pipelines.executors._makers import made_by
from canonica.pipelines.executors._opened import ClusterLike, opened_executor
from canonica.pipelines.results._hidden_folders import HIDDEN
from canonica.pipelines.results._results_files import write_netcdf
from canonica.pipelines.results._results_folder import SUMMARY, results_folder

KEPT = f"{HIDDEN}pieces"


class KeptPieces:
    """Makes pieces, and keeps each in a folder, by a hash of all that decides it, as it comes.

    Parameters
    ----------
    folder : Path
        Made when the first piece is kept.
    executor : Executor, optional
        Who makes them; this process, in order, by default.
    """

    def __init__(self, folder: Path, executor: Executor = in_order) -> None:
        self.folder = folder
        self.executor = executor

    def __call__(self, pieces: Sequence[Piece]) -> Iterator[tuple[int, xr.Dataset]]:
        """Yield each piece by its number: those that were kept, then all others as they come.

        Raises
        ------
        CanonicaError
            If some could not be made, when all others are kept.
        """
        keys = [piece_key(piece.decided_by) for piece in pieces]
        missing = {}
        for number, key in enumerate(keys):
            kept = self._kept(key)
            if kept is None:
                missing.setdefault(key, []).append(number)
            else:
                yield number, kept
        first = {key: pieces[own[0]] for key, own in missing.items()}
        for key, made in made_by(self.executor, first):
            self.folder.mkdir(parents=True, exist_ok=True)
            with complete_file(self._path(key)) as partial:
                write_netcdf(made, partial)
            for number in missing[key]:
                yield number, made

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.nc"

    def _kept(self, key: str) -> xr.Dataset | None:
        try:
            with xr.open_dataset(self._path(key), engine="h5netcdf") as dataset:
                return dataset.load()
        except (OSError, ValueError):  # not there, or cut short
            return None


@checked_arguments
def unfinished_pieces(out: AnyPath) -> int:
    """Return how many pieces of an interrupted run are kept in a folder.

    Parameters
    ----------
    out : path-like
        As it was given to `lesion`, `recovery` or another that works in pieces.

    Returns
    -------
    int
        0 where there is nothing to go on with.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> unfinished_pieces("nowhere")
    0
    """
    return len(list((Path(out) / KEPT).glob("*.nc")))


def piece_key(decided_by: Mapping[str, Any]) -> str:
    """Return a hash of all that decides a piece, and of the versions that make it."""
    text = json.dumps({**decided_by, **versions()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def resumable_folder(
    out: Path, *, resume: bool, overwrite: bool, cluster: ClusterLike = None
) -> Iterator[tuple[Path, KeptPieces]]:
    """Give an empty folder to fill with results, and who makes pieces and keeps them until then.

    Parameters
    ----------
    out : Path
        Folder for the results.
    resume : bool
        Whether to go on with the pieces of an interrupted run.
    overwrite : bool
        Whether earlier results, or such pieces, may be replaced.
    cluster : str, path-like or distributed.Client, optional
        Whose workers make pieces; this process, in order, by default.

    Raises
    ------
    CanonicaError
        As `results_folder` and `opened_executor` do; and if there is an interrupted run and
        neither is asked for, or none to go on with.
    """
    kept = out / KEPT
    there, earlier = kept.is_dir(), (out / SUMMARY).is_file()
    if there and not (resume or overwrite):
        raise CanonicaError(
            f"out: found an unfinished run in {shown(out)}; expected none. Add --resume "
            "(resume=True) to go on with it, or --overwrite (overwrite=True) to start anew."
        )
    if resume and not (there or earlier):
        raise CanonicaError(
            f"resume: found no unfinished run in {shown(out)}; expected one. Leave out --resume, "
            "or check the folder."
        )
    with (
        results_folder(out, overwrite=overwrite or (resume and earlier)) as folder,
        opened_executor(cluster) as executor,
    ):
        if not resume:
            shutil.rmtree(kept, ignore_errors=True)
        yield folder, KeptPieces(kept, executor)
    shutil.rmtree(kept, ignore_errors=True)
