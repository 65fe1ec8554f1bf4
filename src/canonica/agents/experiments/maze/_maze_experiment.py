"""The experiment of [CB22]: an agent in each of many mazes, trial after trial."""

from dataclasses import asdict
from pathlib import Path

import xarray as xr

from canonica._checks import checked_choice, checked_number, checked_path, checked_size
from canonica._float64 import double_precision
from canonica._pieces import Maker
from canonica.agents.designs._maze_agent import PRIOR_RIGHT
from canonica.agents.designs._named_agents import AgentName
from canonica.agents.experiments.maze._agent_in_maze import agents_in_mazes
from canonica.agents.experiments.maze._experiment_store import ExperimentStore, stored_settings
from canonica.agents.experiments.maze._finished_runs import Progress, finished_runs
from canonica.agents.experiments.maze._maze_result import maze_result
from canonica.agents.experiments.maze._resumable_run import run_name
from canonica.agents.worlds._maze import HEIGHT, WIDTH, WINDOW
from canonica.agents.worlds._maze_task import MAX_STEPS, MazeTask

MAZES, TRIALS = 20, 100


def maze_experiment(
    *,
    agent: AgentName = "published",
    prior_right: float = PRIOR_RIGHT,
    mazes: int = MAZES,
    trials: int = TRIALS,
    max_steps: int = MAX_STEPS,
    height: int = HEIGHT,
    width: int = WIDTH,
    window: int = WINDOW,
    seed: int = 0,
    first_maze: int = 1,
    store: str | Path | None = None,
    maker: Maker | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how agents learn to leave their mazes, a fresh one in each.

    Mazes share the cores of a machine. Every maze and every trial is the same however many
    others are asked for, and whether or not the run was interrupted.

    Parameters
    ----------
    agent : "published" or "efficient"
        `maze_agent` of [CB22], or `efficient_agent`.
    prior_right : float
        Prior probability e of a move to the right; 0.15, 0.25 or 0.35 in [CB22].
    mazes, trials : int
        How many; 20 of 100 in [CB22].
    max_steps : int
        When a trial's time is up.
    height, width, window : int
        Of the mazes, and of what is seen; all odd.
    seed : int
        Decides everything random.
    first_maze : int
        Number of the first maze: later ones are others.
    store : Path, optional
        Folder to keep what there is so far, every few seconds and on an interruption. Where it
        holds an unfinished run, that run goes on.
    maker : optional
        Who runs the mazes, each a piece, which is kept when it is whole; by default this process,
        on all cores.
    progress : function of (int, int), optional
        Called with the number of trials done and their total.

    Returns
    -------
    xarray.Dataset
        `steps`, `reached`, `risk` (mean over steps), `free_energy`, `accuracy`, `complexity`,
        `decision_free_energy` (maze, trial), sums over the trial in nats; a failed trial has
        `max_steps` steps. `decision_count` (maze, trial, policy); `first_move_frequency` (maze,
        trial, move); `decision_prior` (policy,), E[1] as given, and `estimated_decision_prior`
        (maze, policy), from the decisions of the first trial alone. `policy_moves` (policy,
        place_in_policy), `walls` (maze, row, column), `shortest_path` (maze,).

    Raises
    ------
    CanonicaError
        If a setting is out of range, or `store` holds a run by other settings or versions.

    References
    ----------
    [CB22] Figs. 4 and 5; section 5 of the theory.

    Examples
    --------
    >>> found = maze_experiment(mazes=2, trials=3, max_steps=60, height=7, width=9, window=5)
    >>> dict(found["steps"].sizes)
    {'maze': 2, 'trial': 3}
    """
    mazes, trials = checked_size("mazes", mazes), checked_size("trials", trials)
    first_maze = checked_size("first_maze", first_maze)
    prior_right = checked_number("prior_right", prior_right, lowest=0, highest=0.5)
    checked_choice("agent", agent, ("published", "efficient"))
    store = None if store is None else checked_path("store", store)
    task = MazeTask(seed, height, width, window, max_steps)
    settings = {"agent": agent, "prior_right": prior_right, **asdict(task)}
    with double_precision():
        agents = agents_in_mazes(agent, prior_right, task, range(first_maze, first_maze + mazes))
        kept = None
        if store is not None:
            asked = {"mazes": mazes, "trials": trials, "first_maze": first_maze}
            kept = ExperimentStore(store, {**settings, **asked})
        found = finished_runs(agents, task, trials, store=kept, maker=maker, progress=progress)
        return maze_result(agents, found, settings)


def trials_done(store: Path) -> tuple[int, int]:
    """Return how many trials of a run are kept in its store, and how many there will be.

    Parameters
    ----------
    store : Path
        As it was given to `maze_experiment`.

    Raises
    ------
    CanonicaError
        If there is no run in it, or one by other versions.
    """
    settings = stored_settings(store)
    kept = ExperimentStore(store, settings)
    first, mazes = settings["first_maze"], settings["mazes"]
    saved = [kept.load(run_name(number)) for number in range(first, first + mazes)]
    done = sum(len(one["steps"]) for one in saved if one is not None)
    return done, mazes * settings["trials"]
