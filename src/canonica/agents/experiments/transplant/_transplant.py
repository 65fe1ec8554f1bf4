"""A decision prior read from behaviour, and what it foretells of learning elsewhere."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._checks import checked_kind, checked_path, checked_seed, checked_size
from canonica._errors import CanonicaError, listed
from canonica._float64 import double_precision
from canonica._pieces import Maker
from canonica.agents.designs._maze_agent import POLICY_LENGTH, agent_with_prior
from canonica.agents.experiments.decisions._estimated_prior import By, estimated_priors
from canonica.agents.experiments.decisions._observed_decisions import observed_decisions
from canonica.agents.experiments.maze._agent_in_maze import AgentInMaze
from canonica.agents.experiments.maze._experiment_store import ExperimentStore
from canonica.agents.experiments.maze._finished_runs import Progress, finished_runs
from canonica.agents.experiments.maze._maze_experiment import TRIALS
from canonica.agents.experiments.transplant._transplant_result import transplant_result
from canonica.agents.network._policies import sequences
from canonica.agents.worlds._maze import HEIGHT, MOVES, WIDTH, WINDOW
from canonica.agents.worlds._maze_task import MAX_STEPS, MazeTask

LOG_MAZES = 10


def transplant(
    source: xr.Dataset,
    *,
    estimation_trials: int = 1,
    by: By = "first_move",
    mazes: int | None = None,
    trials: int | None = None,
    max_steps: int | None = None,
    height: int | None = None,
    width: int | None = None,
    window: int | None = None,
    seed: int | None = None,
    store: str | Path | None = None,
    maker: Maker | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how fresh agents learn that decide as others were seen to.

    The decision prior of each observed agent is estimated from its decisions alone, and given to
    fresh agents in mazes that it has not met. Estimates differ from agent to agent as chance has
    it, so that the spread of predictions holds that of the estimates.

    Parameters
    ----------
    source : xarray.Dataset
        A result of `maze_experiment` by the published agent, or a `decision_log`.
    estimation_trials, by
        As in `estimated_priors`.
    mazes : int
        New mazes, a fresh agent in each; agents that were observed are taken in turn. Without
        it, one for each observed agent, or 10 for a log.
    trials : int
        To be predicted; without it, as many as were observed, or 100 if that is one alone.
    max_steps, height, width, window : int
        As in `maze_experiment`; without them, those of the source.
    seed : int
        Decides everything random; without it, that of the source, in mazes of later numbers.
    store, maker, progress
        As in `maze_experiment`.

    Returns
    -------
    xarray.Dataset
        With a dimension `group` of length 1: `predicted_steps`, `predicted_reached` (maze,
        trial); `observed_steps`, `observed_reached` (agent, trial), NaN where nothing was
        observed; `donor` (maze,), whose prior a fresh agent has;
        `estimated_decision_prior` (agent, policy), `estimated_first_move` (agent, move) and
        `decisions_observed` (agent,), behind each; `true_prior_right` where it is known.

    Raises
    ------
    CanonicaError
        If the source is nothing of the kind, or a setting is out of range.

    References
    ----------
    [CB22] Fig. 5; section 5 of the theory.
    """
    checked_kind("source", source, xr.Dataset, "an xarray.Dataset")
    decisions, name = _decisions_of(source)
    priors = estimated_priors(decisions, estimation_trials=estimation_trials, by=by)
    known = decisions.attrs
    task = MazeTask(
        seed=checked_seed(_first_known(seed, known.get("seed"), 0)),
        height=checked_size("height", _first_known(height, known.get("height"), HEIGHT)),
        width=checked_size("width", _first_known(width, known.get("width"), WIDTH)),
        window=checked_size("window", _first_known(window, known.get("window"), WINDOW)),
        max_steps=checked_size(
            "max_steps", _first_known(max_steps, known.get("max_steps"), MAX_STEPS)
        ),
    )
    observed = decisions.sizes["trial"]
    trials = trials if trials is not None else observed if observed > 1 else TRIALS
    simulated = "maze" in source.dims
    count = mazes if mazes is not None else len(priors) if simulated else LOG_MAZES
    count, trials = checked_size("mazes", count), checked_size("trials", trials)
    taken = source["maze"].to_numpy().max() if simulated and seed in (None, known["seed"]) else 0
    numbers = np.arange(count) + int(taken) + 1
    donors = np.arange(count) % len(priors)
    settings = {"estimation_trials": estimation_trials, "by": by, **vars(task)}
    kept = None
    if store is not None:
        asked = {"mazes": count, "trials": trials, "first_maze": int(numbers[0])}
        digest = hashlib.sha256(priors[donors].tobytes()).hexdigest()
        kept = ExperimentStore(checked_path("store", store), settings | asked | {"priors": digest})
    with double_precision():
        policies = sequences(len(MOVES), POLICY_LENGTH)
        worlds = task.mazes(numbers.tolist())
        agents = [
            AgentInMaze(number, agent_with_prior(maze, policies, np.stack([1 - E, E])), maze)
            for number, maze, E in zip(numbers.tolist(), worlds, priors[donors], strict=True)
        ]
        found = finished_runs(agents, task, trials, store=kept, maker=maker, progress=progress)
    return transplant_result(
        decisions, priors, found, numbers=numbers, donors=donors, name=name, settings=settings
    )


def _decisions_of(source: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Return observed decisions, and what to call those who made them."""
    if "move_count" in source:
        return source, "observed"
    agent = source.attrs.get("agent")
    if agent not in ("published", None):
        raise CanonicaError(
            f"source: found decisions of the {agent} agent; expected those of the published one. "
            "The other does not decide by its prior alone, not even in its first trial."
        )
    decisions = observed_decisions(source)
    missing = {"seed", "height", "width", "window", "max_steps", "prior_right"} - set(source.attrs)
    if missing:
        raise CanonicaError(
            f"source: found no {listed(sorted(missing))} among its attributes; expected a result "
            "of maze_experiment."
        )
    return decisions, f"e = {float(source.attrs['prior_right']):g}"


def _first_known(*values: Any) -> Any:
    return next(value for value in values if value is not None)
