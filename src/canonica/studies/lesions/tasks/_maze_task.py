"""A maze with one goal far off, and agents with lesions that look for it."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica._checks import checked_size
from canonica._float64 import double_precision
from canonica.agents import Maze, Record, efficient_agent, maze_walls
from canonica.studies.lesions.tasks._lives import lives, of_last_trials
from canonica.studies.lesions.tasks._task import Made, Measure, Task


@dataclass(frozen=True)
class GoalTask(Task):
    """A maze like that of [CB22], smaller; the efficient agent with a weak lean to the right.

    Parameters
    ----------
    trials, max_steps : int
        Of each agent, and of each trial.
    height, width : int
        Of the maze, both odd.
    measured_trials : int
        Over how many of the last trials is measured.
    maze_seed : int
        Decides the walls.

    Raises
    ------
    CanonicaError
        If a number is out of its range.
    """

    trials: int = 20
    max_steps: int = 1000
    height: int = 11
    width: int = 31
    measured_trials: int = 5
    maze_seed: int = 0

    name: ClassVar[str] = "maze"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("reward", "trials that end at the goal", "1", "action", 1),
        Measure("steps", "moves of a trial", "1", "action", -1),
        Measure("progress", "steps ahead less steps back, by step", "1", "action", 1),
        Measure("choice_entropy", "entropy of moves in a trial", "bit", "action", 0),
        Measure("learned", "moves saved since the first trials", "1", "learning", 1),
        Measure("free_energy", "free energy of a step, last trials", "nat", "learning", -1),
        Measure("accuracy", "accuracy of a step, last trials", "nat", "learning", 1),
        Measure("complexity", "complexity of a step, last trials", "nat", "learning", 0),
    )
    pictured: ClassVar[tuple[str, ...]] = (
        "reward",
        "steps",
        "progress",
        "choice_entropy",
        "learned",
    )

    def __post_init__(self) -> None:
        for name in ("max_steps", "height", "width", "measured_trials"):
            checked_size(name, getattr(self, name))
        checked_size("trials", self.trials, least=self.measured_trials)

    def measured(
        self,
        made: Made,
        strengths: Float[np.ndarray, "point lesion"],
        seeds: Int[np.ndarray, " seed"],
    ) -> dict[str, Float[np.ndarray, "point seed"]]:
        """Return every measure of an agent for each point and seed."""
        with double_precision():
            key = jax.random.key(self.maze_seed)
            maze = Maze(maze_walls(key, height=self.height, width=self.width))
            agent = efficient_agent(maze)
        life = lives(
            agent,
            maze,
            made,
            strengths,
            seeds,
            trials=self.trials,
            max_steps=self.max_steps,
            told=_nothing,
        )
        last = (..., slice(-self.measured_trials, None))
        steps = life.steps[last].mean(axis=-1)
        return {
            "reward": life.done[last].mean(axis=-1),
            "steps": steps,
            "progress": life.reward[last].mean(axis=-1),
            "learned": life.steps[..., : self.measured_trials].mean(axis=-1) - steps,
            **of_last_trials(life, self.measured_trials),
        }


def _nothing(record: Record, steps: Int[Array, ""]) -> Array:
    del record, steps
    return jnp.zeros(())
