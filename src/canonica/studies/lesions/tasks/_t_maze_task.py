"""A T-maze whose cue has to be remembered, and agents with lesions that walk it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Array, Float, Int

from canonica._checks import checked_size
from canonica.agents import Record, TMaze, t_maze_agent
from canonica.agents.worlds._t_maze import DOWN
from canonica.lesions import Lesion, PolicyPrior
from canonica.studies.lesions.tasks._lives import lives, of_last_trials
from canonica.studies.lesions.tasks._task import Made, Measure, Task


@dataclass(frozen=True)
class TMazeTask(Task):
    """A T-maze: the cue at the start tells which arm is rewarded.

    Parameters
    ----------
    trials, max_steps : int
        Of each agent, and of each trial.
    corridor : int
        Cells before the junction.
    measured_trials : int
        Over how many of the last trials is measured.

    Raises
    ------
    CanonicaError
        If a number is out of its range.
    """

    trials: int = 400
    max_steps: int = 40
    corridor: int = 2
    measured_trials: int = 100

    name: ClassVar[str] = "t-maze"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("reward", "trials that end in the rewarded arm", "1", "action", 1),
        Measure("reached", "trials that end in either arm", "1", "action", 1),
        Measure("steps", "moves of a trial", "1", "action", -1),
        Measure(
            "perseveration",
            "last arm again after the reward moved",
            "1",
            "action",
            -1,
        ),
        Measure("choice_entropy", "entropy of moves in a trial", "bit", "action", 0),
        Measure("learned", "gain of rewarded trials since the first ones", "1", "learning", 1),
        Measure("free_energy", "free energy of a step, last trials", "nat", "learning", -1),
        Measure("accuracy", "accuracy of a step, last trials", "nat", "learning", 1),
        Measure("complexity", "complexity of a step, last trials", "nat", "learning", 0),
    )
    pictured: ClassVar[tuple[str, ...]] = (
        "reward",
        "steps",
        "perseveration",
        "choice_entropy",
        "learned",
    )

    def __post_init__(self) -> None:
        for name in ("max_steps", "corridor", "measured_trials"):
            checked_size(name, getattr(self, name))
        checked_size("trials", self.trials, least=self.measured_trials)

    def kind(self, lesion: type[Lesion]) -> Lesion:
        """Return a kind of lesion as it is meant in this task, at its neutral strength.

        A policy prior is one of staying: of moves down, which lead nowhere at the start.
        """
        if lesion is PolicyPrior:
            return PolicyPrior(PolicyPrior.neutral, policy=DOWN)
        return lesion(lesion.neutral)

    def measured(
        self,
        made: Made,
        strengths: Float[np.ndarray, "point lesion"],
        seeds: Int[np.ndarray, " seed"],
    ) -> dict[str, Float[np.ndarray, "point seed"]]:
        """Return every measure of an agent for each point and seed."""
        world = TMaze(corridor=self.corridor)
        life = lives(
            t_maze_agent(world, max_steps=self.max_steps),
            world,
            made,
            strengths,
            seeds,
            trials=self.trials,
            max_steps=self.max_steps,
            told=_told,
        )
        last = (..., slice(-self.measured_trials, None))
        right = (life.reward * life.steps > 0).astype(float)  # of a trial only its end counts
        arm = np.where(right > 0, life.told, 1 - life.told)
        again = _again(arm[last], life.told[last], life.done[last])
        reward = right[last].mean(axis=-1)
        return {
            "reward": reward,
            "reached": life.done[last].mean(axis=-1),
            "steps": life.steps[last].mean(axis=-1),
            "perseveration": again,
            "learned": reward - right[..., : self.measured_trials].mean(axis=-1),
            **of_last_trials(life, self.measured_trials),
        }


def _told(record: Record, steps: Int[Array, ""]) -> Array:
    """Return which arm was rewarded in a trial."""
    del steps
    return record.place.rewarded[0].astype(float)


def _again(
    arm: Float[np.ndarray, "*batch trial"],
    rewarded: Float[np.ndarray, "*batch trial"],
    reached: Float[np.ndarray, "*batch trial"],
) -> Float[np.ndarray, "*batch"]:
    """Return how often the arm of the last trial was taken again though the reward had moved."""
    moved = (rewarded[..., 1:] != rewarded[..., :-1]) & (reached[..., 1:] > 0)
    moved &= (reached[..., :-1] > 0) & (arm[..., :-1] == rewarded[..., :-1])
    again = moved & (arm[..., 1:] == arm[..., :-1])
    return again.sum(axis=-1) / np.maximum(moved.sum(axis=-1), 1)
