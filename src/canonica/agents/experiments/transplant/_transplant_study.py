"""Transplants of agents whose decision prior is known, to see whether it comes out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from canonica._checks import checked_array, checked_choice, checked_path, checked_size
from canonica._errors import CanonicaError
from canonica._pieces import Maker
from canonica.agents.experiments.decisions._estimated_prior import By
from canonica.agents.experiments.maze._finished_runs import Progress
from canonica.agents.experiments.maze._maze_experiment import maze_experiment
from canonica.agents.experiments.transplant._transplant import transplant
from canonica.agents.worlds._maze import HEIGHT, WIDTH, WINDOW
from canonica.agents.worlds._maze_task import MAX_STEPS

PRIORS_RIGHT = (0.15, 0.25, 0.35)
STUDY_MAZES, STUDY_TRIALS = 6, 30


def transplant_study(
    prior_right: Sequence[float] = PRIORS_RIGHT,
    *,
    mazes: int = STUDY_MAZES,
    trials: int = STUDY_TRIALS,
    store: str | Path | None = None,
    maker: Maker | None = None,
    progress: Progress | None = None,
    estimation_trials: int = 1,
    by: By = "first_move",
    max_steps: int = MAX_STEPS,
    height: int = HEIGHT,
    width: int = WIDTH,
    window: int = WINDOW,
    seed: int = 0,
) -> xr.Dataset:
    """Return transplants of agents whose decision prior is known, one group for each.

    Parameters
    ----------
    prior_right : sequence of float
        Prior probabilities e of a move to the right; each meets the same mazes.
    mazes, trials : int
        Of the originals and as many again for the fresh agents, in other mazes.
    store : Path, optional
        Folder with a folder in it for each group of agents, as `maze_experiment` keeps them.
    maker, progress
        As in `maze_experiment`.
    estimation_trials, by
        As in `estimated_priors`.
    max_steps, height, width, window, seed
        As in `maze_experiment`.

    Returns
    -------
    xarray.Dataset
        Of `transplant`, along `group`.

    Raises
    ------
    CanonicaError
        If priors are none or the same, or a setting is out of range.

    References
    ----------
    [CB22] Fig. 5; section 5 of the theory.
    """
    priors = checked_array("prior_right", prior_right, dims=["group"], lowest=0, highest=0.5)
    if len(np.unique(priors)) < len(priors):
        raise CanonicaError(f"prior_right: found {priors.tolist()}; expected different numbers.")
    mazes, trials = checked_size("mazes", mazes), checked_size("trials", trials)
    checked_choice("by", by, ("first_move", "policy"))
    advice = "No agent has more trials."
    checked_size("estimation_trials", estimation_trials, most=trials, advice=advice)
    folder = None if store is None else checked_path("store", store)
    parts: list[xr.Dataset] = []
    each = mazes * trials
    for k, e in enumerate(priors.tolist()):
        originals = maze_experiment(
            prior_right=e,
            mazes=mazes,
            trials=trials,
            store=None if folder is None else folder / f"{e!r}-observed",
            maker=maker,
            progress=_shifted(progress, 2 * k * each, 2 * len(priors) * each),
            max_steps=max_steps,
            height=height,
            width=width,
            window=window,
            seed=seed,
        )
        parts.append(
            transplant(
                originals,
                estimation_trials=estimation_trials,
                by=by,
                store=None if folder is None else folder / f"{e!r}-fresh",
                maker=maker,
                progress=_shifted(progress, (2 * k + 1) * each, 2 * len(priors) * each),
            )
        )
    return xr.concat(parts, dim="group", join="override", combine_attrs="override")


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    return None if progress is None else lambda done, _: progress(before + done, total)
