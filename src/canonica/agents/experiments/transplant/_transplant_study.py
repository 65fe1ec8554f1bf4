"""Transplants of agents whose decision prior is known, to see whether it comes out."""

from collections.abc import Sequence
from typing import Any

import xarray as xr

from canonica._errors import CanonicaError
from canonica.agents.experiments.decisions._estimated_prior import By
from canonica.agents.experiments.maze._all_cores import Progress
from canonica.agents.experiments.maze._maze_experiment import maze_experiment
from canonica.agents.experiments.transplant._transplant import transplant

PRIORS_RIGHT = (0.15, 0.25, 0.35)
STUDY_MAZES, STUDY_TRIALS = 6, 30


def transplant_study(
    prior_right: Sequence[float] = PRIORS_RIGHT,
    *,
    mazes: int = STUDY_MAZES,
    trials: int = STUDY_TRIALS,
    progress: Progress | None = None,
    estimation_trials: int = 1,
    by: By = "first_move",
    **task: Any,
) -> xr.Dataset:
    """Return transplants of agents whose decision prior is known, one group for each.

    Parameters
    ----------
    prior_right : sequence of float
        Prior probabilities e of a move to the right; each meets the same mazes.
    mazes, trials : int
        Of the originals and as many again for the fresh agents, in other mazes.
    progress : function of (int, int), optional
        Called with the number of trials done and their total.
    estimation_trials, by
        As in `estimated_priors`.
    **task
        `seed`, `height`, `width`, `window` and `max_steps` of `maze_experiment`.

    Returns
    -------
    xarray.Dataset
        Of `transplant`, along `group`.

    References
    ----------
    [CB22] Fig. 5; section 5 of the theory.
    """
    if not prior_right or len(set(prior_right)) < len(prior_right):
        raise CanonicaError(
            f"prior_right: found {list(prior_right)}; expected different numbers, one at least."
        )
    if estimation_trials > trials:
        raise CanonicaError(
            f"estimation_trials: found {estimation_trials}; expected {trials} at most, the trials "
            "of each agent."
        )
    parts: list[xr.Dataset] = []
    each = mazes * trials
    for k, e in enumerate(prior_right):
        originals = maze_experiment(
            prior_right=e,
            mazes=mazes,
            trials=trials,
            progress=_shifted(progress, 2 * k * each, 2 * len(prior_right) * each),
            **task,
        )
        parts.append(
            transplant(
                originals,
                estimation_trials=estimation_trials,
                by=by,
                progress=_shifted(progress, (2 * k + 1) * each, 2 * len(prior_right) * each),
            )
        )
    return xr.concat(parts, dim="group", join="override", combine_attrs="override")


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    return None if progress is None else lambda done, _: progress(before + done, total)
