"""Pieces of a long run, kept in the folder of its results to go on with after an interruption."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._errors import CanonicaError
from canonica._files import complete_file, shown
from canonica._provenance import versions
from canonica.pipelines.results._hidden_folders import HIDDEN
from canonica.pipelines.results._results_files import write_netcdf
from canonica.pipelines.results._results_folder import SUMMARY, results_folder

KEPT = f"{HIDDEN}pieces"


class Pieces:
    """A folder of pieces, each by a hash of all that decides it.

    Parameters
    ----------
    folder : Path
        Made when the first piece is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, decided_by: Mapping[str, Any], make: Callable[[], xr.Dataset]) -> xr.Dataset:
        """Return the piece as it was kept, or make and keep it."""
        text = json.dumps({**decided_by, **versions()}, sort_keys=True, default=str)
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.nc"
        try:
            with xr.open_dataset(path, engine="h5netcdf") as dataset:
                return dataset.load()
        except (OSError, ValueError):  # not there, or cut short
            made = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        with complete_file(path) as partial:
            write_netcdf(made, partial)
        return made


@contextmanager
def resumable_folder(out: Path, *, resume: bool, overwrite: bool) -> Iterator[tuple[Path, Pieces]]:
    """Give an empty folder to fill with results, and one that keeps pieces until all is there.

    Parameters
    ----------
    out : Path
        Folder for the results.
    resume : bool
        Whether to go on with the pieces of an interrupted run.
    overwrite : bool
        Whether earlier results, or such pieces, may be replaced.

    Raises
    ------
    CanonicaError
        As `results_folder` does; and if there is an interrupted run and neither is asked for, or
        none to go on with.
    """
    pieces = Pieces(out / KEPT)
    there, earlier = pieces.folder.is_dir(), (out / SUMMARY).is_file()
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
    with results_folder(out, overwrite=overwrite or (resume and earlier)) as folder:
        if not resume:
            shutil.rmtree(pieces.folder, ignore_errors=True)
        yield folder, pieces
    shutil.rmtree(pieces.folder, ignore_errors=True)
