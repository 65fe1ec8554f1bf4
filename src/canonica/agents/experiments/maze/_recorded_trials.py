"""First and last trial of a finished run, step by step."""

from dataclasses import asdict
from pathlib import Path

import xarray as xr

from canonica._checks import checked_path, checked_size
from canonica._errors import CanonicaError
from canonica._files import shown
from canonica._float64 import double_precision
from canonica.agents.experiments._scene import FRAMES_ADVICE, scene
from canonica.agents.experiments.maze._agent_in_maze import (
    agents_in_mazes,
    counts_of_arrays,
    one_trial,
    state_with,
)
from canonica.agents.experiments.maze._experiment_store import ExperimentStore, stored_settings
from canonica.agents.experiments.maze._resumable_run import LAST
from canonica.agents.network._counts import Counts
from canonica.agents.worlds._maze_task import MazeTask


def recorded_trials(store: str | Path, *, frames: int = 200) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the first and the last trial in the first maze of a finished run, step by step.

    They are run again, from the counts that the agent had then.

    Parameters
    ----------
    store : Path
        As it was given to `maze_experiment`.
    frames : int
        Steps to be seen, spread evenly.

    Returns
    -------
    xarray.Dataset, xarray.Dataset
        As `scene` describes them.

    Raises
    ------
    CanonicaError
        If the run was by other versions, or has not come to its last trial.
    """
    store = checked_path("store", store)
    frames = checked_size("frames", frames, least=2, advice=FRAMES_ADVICE)
    settings = stored_settings(store)
    saved = ExperimentStore(store, settings).load(LAST)
    if saved is None:
        raise CanonicaError(
            f"store {shown(store)}: found no last trial; expected a finished run. Finish it first."
        )
    task = MazeTask(**{name: settings[name] for name in asdict(MazeTask())})
    number, last = settings["first_maze"], settings["trials"]
    with double_precision():
        (pair,) = agents_in_mazes(settings["agent"], settings["prior_right"], task, [number])
        agent, maze = pair.agent, pair.maze
        scenes = []
        for trial_number, counts in (
            (1, Counts.of(agent.model)),
            (last, counts_of_arrays(saved, agent)),
        ):
            key = task.key(number, trial_number)
            found, _ = one_trial(agent, counts, maze, key, max_steps=task.max_steps)
            state = state_with(agent, counts)
            seen = scene(agent, state, maze, found.record, int(found.steps), frames=frames)
            facts = {"trial": trial_number, "reached": int(found.done), "steps": int(found.steps)}
            scenes.append(seen.assign_attrs(facts))
    return scenes[0], scenes[1]
