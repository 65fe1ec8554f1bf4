"""From rewards to risk, by a running scale."""

import math
from dataclasses import dataclass, field, replace

GRADES = 64  # of reward, that are told apart as outcomes


@dataclass
class Rewards:
    """What rewards were met, and what they are worth in steps of risk 0.

    A reward as large as those that were met are in the mean, leaving out those of 0, has risk 0,
    and a loss as large has risk 1. Larger ones are worth several such steps.

    Attributes
    ----------
    sum, times : float, int
        Of the sizes of rewards that were not 0; how many there were.
    largest : float
        Of those above 0; 0 before there was any.
    grades : list of float
        Different rewards, as far as they are told apart.
    """

    sum: float = 0.0
    times: int = 0
    largest: float = 0.0
    grades: list[float] = field(default_factory=list)

    @property
    def scale(self) -> float:
        """The reward of a step of risk 0; 1 before there was any."""
        return self.sum / self.times if self.times else 1.0

    @property
    def best(self) -> float:
        """The best there may be in one step, in steps of risk 0: the best so far, 1 at least."""
        return max(1.0, self.largest / self.scale)

    def add(self, reward: float) -> bool:
        """Take note of a reward; return whether it is the largest so far."""
        if reward == 0:
            return False
        self.sum += abs(reward)
        self.times += 1
        more = reward > self.largest
        self.largest = max(self.largest, reward)
        return more

    def copy(self) -> "Rewards":
        """Return one that later rewards do not change."""
        return replace(self, grades=list(self.grades))

    def grade(self, reward: float) -> float:
        """Return the reward by which an outcome is told apart: itself, or its sign."""
        if reward in self.grades:
            return reward
        if len(self.grades) < GRADES:
            self.grades.append(reward)
            return reward
        return math.copysign(math.inf, reward)
