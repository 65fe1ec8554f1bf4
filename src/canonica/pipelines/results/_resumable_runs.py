"""Runs of agents in mazes, kept trial by trial in the folder of their results until these come."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from canonica._pieces import Maker
from canonica.agents.experiments import is_store, trials_done
from canonica.pipelines.executors._makers import opened_maker
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._results_folder import results_folder
from canonica.pipelines.results._unfinished import (
    UNFINISHED,
    check_there_to_resume,
    unfinished_run_there,
)


class ResumableRuns(NamedTuple):
    """Where runs are kept, who makes them, and where results go.

    Attributes
    ----------
    folder : Path
        Empty, to be filled with results.
    store : Path
        Folder for what is not finished: of one experiment, or with a folder in it for each.
    maker : Maker or None
        Who runs mazes; None for this process.
    """

    folder: Path
    store: Path
    maker: Maker | None


@contextmanager
def resumable_runs(
    out: Path, *, resume: bool, overwrite: bool, cluster: ClusterLike
) -> Iterator[ResumableRuns]:
    """Give what runs of agents need, and remove what they kept when the results are there.

    Parameters
    ----------
    out : Path
        Folder for the results.
    resume : bool
        Whether to go on with an unfinished run.
    overwrite : bool
        Whether earlier results, or an unfinished run, may be replaced.
    cluster : str, path-like or distributed.Client, optional
        Whose workers run mazes; this process, on all cores, by default.

    Raises
    ------
    CanonicaError
        As `results_folder` and `opened_executor` do; and if there is an unfinished run and neither
        is asked for, or no folder to go on in.
    """
    store = out / UNFINISHED
    check_there_to_resume(out, resume=resume)
    with (
        results_folder(out, overwrite=overwrite) as folder,
        opened_maker(cluster) as maker,
    ):
        if _stores(store) and not resume:
            if not overwrite:
                raise unfinished_run_there(out)
            shutil.rmtree(store)
        try:
            yield ResumableRuns(folder, store, maker)
        except (KeyboardInterrupt, SystemExit):
            if not any(done for done, _ in kept_trials(out)):  # nothing worth going on with
                shutil.rmtree(store, ignore_errors=True)
            raise
    shutil.rmtree(store, ignore_errors=True)


def kept_trials(out: Path) -> list[tuple[int, int]]:
    """Return of each unfinished experiment how many trials are done, and how many there will be."""
    return [trials_done(store) for store in _stores(out / UNFINISHED)]


def _stores(store: Path) -> list[Path]:
    return [one for one in (store, *sorted(store.glob("*"))) if is_store(one)]
