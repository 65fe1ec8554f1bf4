"""What agents cost beside their score: updates, numbers held, multiply-adds.

Multiply-adds are computed from sizes, not measured: a proxy of the energy of acting and learning,
whatever the hardware. Comparing, drawing at random, looking up and moving memory are left out, and
so is Python; that a table is looked up is why tabular learning costs all but nothing here.

    random          0
    Q-learning      3 an update: discount, difference, learning rate
    canonica        8 for each of its memories a step that it learns from (two predictions, two
                    frequencies, a mean); for each plan, and each memory that it goes through,
                    3 a kind of outcome, and each sweep 1 a kind of outcome (a synapse) and 3 a
                    pair of state and action. Plans and sweeps are counted.
    RecurrentPPO    1 a weight a step to act; each weight 3 times (forward, and twice backward) a
                    step and epoch to learn; 5 a weight and update for Adam
    pymdp           a step: the likelihoods once each iteration of inference; for each policy and
                    each step of it, its transitions once and the likelihoods twice (what will be
                    seen, and what that tells)
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium
import numpy as np

from canonica.agents import PlanningAgent, QLearningAgent, RandomAgent, agent_for
from canonica.agents.planning._followed import Followed
from canonica.agents.planning._worth import Worth

A_UPDATE_OF_Q = 3
A_MEMORY_LEARNS, A_KIND_PLANNED, A_PAIR_SWEPT = 8, 3, 3
FORWARD_AND_BACK, ADAM = 3, 5


class Costs(NamedTuple):
    """What an agent did and holds.

    Attributes
    ----------
    updates : int
        Times that it learned: from one step, or of all weights once.
    parameters : int
        Numbers held at the end.
    multiply_adds : float
        Of acting and learning.
    """

    updates: int = 0
    parameters: int = 0
    multiply_adds: float = 0.0


class CountedRandom(RandomAgent):
    """An agent at random, which costs nothing."""

    def costs(self) -> Costs:
        """Return nothing."""
        return Costs()


class CountedQLearning(QLearningAgent):
    """Tabular Q-learning that counts its updates."""

    updates = 0

    def _learn(self, to_come: float) -> None:
        self.updates += 1
        super()._learn(to_come)

    def costs(self) -> Costs:
        """Return what it cost so far: its table, and how often each state was met."""
        held = len(self._table) * self._actions + len(self._met)
        return Costs(self.updates, held, A_UPDATE_OF_Q * self.updates)


class CountedWorth(Worth):
    """Worth that counts the multiply-adds of its plans."""

    multiply_adds = 0.0

    def plan(self, followed: Followed, less: Worth | None, **settings: Any) -> None:
        """Plan as ever."""
        super().plan(followed, less, **settings)
        kinds, pairs = len(followed.pairs), len(followed.times)
        swept = self.sweeps * (kinds + A_PAIR_SWEPT * pairs)
        self.multiply_adds += A_KIND_PLANNED * kinds + swept


class CountedPlanner(PlanningAgent):
    """The default agent, its plans counted; it acts as `agent_for` lets it."""

    def __init__(self, environment: gymnasium.Env, seed: int) -> None:
        plain: Any = agent_for(environment, seed=seed)
        super().__init__(
            plain.observation_space, plain.action_space, discount=plain.discount, seed=seed
        )
        self._plans = [CountedWorth() for _ in self._worth]
        self._worth: list[Worth] = [*self._plans]

    def costs(self) -> Costs:
        """Return what it cost so far: counts, means, visits and worth, by every memory."""
        counts = self.knowledge.counts
        held = sum(
            2 * len(one.outcomes.count) + len(one.keys) * self.actions + len(one.worth)
            for one in counts
        )
        planned = sum(one.multiply_adds for one in self._plans)
        learned = A_MEMORY_LEARNS * len(counts) * self.steps
        return Costs(self.steps, held, planned + learned)


def costs_of_weights(steps: int, weights: int, updates: int, epochs: int) -> Costs:
    """Return what a recurrent actor-critic costs, each weight used once a step."""
    learned = weights * (FORWARD_AND_BACK * epochs * steps + ADAM * updates)
    return Costs(updates, weights, float(weights * steps + learned))


def costs_of_model(steps: int, model: Any, policies: Sequence[int], iterations: int) -> Costs:
    """Return what an agent with a model costs that it does not learn.

    Parameters
    ----------
    steps : int
        That it acted in.
    model : pymdp's environment
        Its tables A, B and D.
    policies : (2,)
        How many, and how many steps long.
    iterations : int
        Of inference.
    """
    seen = sum(math.prod(np.shape(one)) for one in model.A)
    moved = sum(np.shape(one)[0] ** 2 for one in model.B)
    preferred = sum(np.shape(one)[0] for one in model.A)
    held = seen + sum(math.prod(np.shape(one)) for one in (*model.B, *model.D)) + preferred
    a_step = iterations * seen + math.prod(policies) * (moved + 2 * seen)
    return Costs(0, held, float(a_step * steps))
