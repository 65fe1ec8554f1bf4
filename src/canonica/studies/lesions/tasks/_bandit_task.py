"""A bandit whose arms swap, and agents with lesions that pull them."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica._checks import checked_size
from canonica.agents import Record, SwitchingBandit, bandit_agent
from canonica.studies.lesions.tasks._lives import Life, lives, of_last_trials
from canonica.studies.lesions.tasks._task import Made, Measure, Task

SOON = 5  # pulls after a swap within which keeping to the arm that was good is perseveration


@dataclass(frozen=True)
class BanditTask(Task):
    """A bandit of two arms that swap every so many pulls; an agent with a fading memory.

    Parameters
    ----------
    trials, pulls : int
        Of each agent; each trial's pulls are learned from at its end.
    swap_after : int
        Pulls from one swap to the next.
    measured_trials : int
        Over how many of the last trials is measured.

    Raises
    ------
    CanonicaError
        If a number is out of its range.
    """

    trials: int = 40
    pulls: int = 100
    swap_after: int = 20
    measured_trials: int = 10

    name: ClassVar[str] = "bandit"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("reward", "rewarded pulls, last trials", "1", "action", 1),
        Measure(
            "perseveration", "pulls of the formerly good arm, soon after a swap", "1", "action", -1
        ),
        Measure("choice_entropy", "entropy of choices in a trial", "bit", "action", 0),
        Measure("learned", "gain of rewarded pulls since the first trials", "1", "learning", 1),
        Measure("free_energy", "free energy of a pull, last trials", "nat", "learning", -1),
        Measure("accuracy", "accuracy of a pull, last trials", "nat", "learning", 1),
        Measure("complexity", "complexity of a pull, last trials", "nat", "learning", 0),
    )
    pictured: ClassVar[tuple[str, ...]] = (
        "reward",
        "perseveration",
        "choice_entropy",
        "learned",
    )

    def __post_init__(self) -> None:
        for name in ("pulls", "swap_after", "measured_trials"):
            checked_size(name, getattr(self, name))
        checked_size("trials", self.trials, least=self.measured_trials)

    def lived(
        self,
        made: Made,
        strengths: Float[np.ndarray, "point lesion"],
        seeds: Int[np.ndarray, " seed"],
        after: tuple[Made, int] | None = None,
    ) -> Life:
        """Return the lives of the agents: see `lives`."""
        world = SwitchingBandit(switch_after=self.swap_after)
        return lives(
            bandit_agent(world, max_steps=self.pulls),
            world,
            made,
            strengths,
            seeds,
            trials=self.trials,
            max_steps=self.pulls,
            told=partial(_told, np.argmax(world.reward_probability).item(), world.moves),
            after=after,
        )

    def measured(
        self,
        made: Made,
        strengths: Float[np.ndarray, "point lesion"],
        seeds: Int[np.ndarray, " seed"],
    ) -> dict[str, Float[np.ndarray, "point seed"]]:
        """Return every measure of an agent for each point and seed."""
        life = self.lived(made, strengths, seeds)
        last = (..., slice(-self.measured_trials, None))
        kept, chances = (part[last].sum(axis=-1) for part in life.told)
        rewarded = (1 + life.reward) / 2
        first = rewarded[..., : self.measured_trials].mean(axis=-1)
        reward = rewarded[last].mean(axis=-1)
        return {
            "reward": reward,
            "perseveration": kept / np.maximum(chances, 1),
            "learned": reward - first,
            **of_last_trials(life, self.measured_trials),
        }


def _told(best: int, arms: int, record: Record, steps: Int[Array, ""]) -> tuple[Array, Array]:
    """Return how often the arm that was good was pulled soon after a swap, and how often it could.

    The good arm is that with the highest reward probability before the pull.
    """
    good = (best - record.place.shift) % arms
    number = jnp.arange(len(good))
    swapped = jnp.concatenate([jnp.zeros(1, bool), good[1:] != good[:-1]]) & (number < steps)
    # Of each pull, the last swap up to it, and the arm that was good before that.
    last = jnp.where(swapped, number, -1)
    last = jnp.maximum.accumulate(last)
    was_good = good[jnp.maximum(last - 1, 0)]
    soon = (last >= 0) & (number - last < SOON) & (number < steps)
    return (soon & (record.move == was_good)).sum().astype(float), soon.sum().astype(float)
