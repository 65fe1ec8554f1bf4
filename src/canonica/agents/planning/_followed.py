"""What followed what: counts of a transition mapping whose states are met one by one."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from canonica.agents.planning._recurrent_synapses import END, RecurrentSynapses

__all__ = ["END", "Consequence", "Consequences", "Followed"]


class Consequence(NamedTuple):
    """What may follow an action: an observation or the end, and a reward.

    Attributes
    ----------
    seen : int
        Number of the observation, or `END`.
    grade : float
        The reward by which outcomes are told apart.
    """

    seen: int
    grade: float


class Met(NamedTuple):
    """How often a pair of a state and an action was met, and what followed it.

    Attributes
    ----------
    times : int
        The pair was met.
    outcome, grade : float
        How often a `Consequence` has followed it, and how often its reward, whatever was seen then:
        of all times; 0 where nothing has.
    """

    times: int = 0
    outcome: float = 0.0
    grade: float = 0.0


NEVER = Met()


@dataclass(frozen=True)
class Consequences:
    """All that has followed pairs of a state and an action, each kind once.

    Attributes
    ----------
    pair : (kind,)
        State times the number of actions, plus action.
    seen, grade : (kind,)
        The `Consequence`.
    following : (kind,)
        The state that followed, or `END`.
    count : (kind,)
        How often.
    reward : (kind,)
        Mean.
    """

    pair: Int[np.ndarray, " kind"]
    seen: Int[np.ndarray, " kind"]
    grade: Float[np.ndarray, " kind"]
    following: Int[np.ndarray, " kind"]
    count: Float[np.ndarray, " kind"]
    reward: Float[np.ndarray, " kind"]


class Followed:
    """Counts of what followed each pair of a state and an action, by one memory.

    A state is an observation with what is remembered beside it, and gets its unit when it is first
    met. Counts are those of Hebbian plasticity with the basis s (x) d, where senses are certain.

    Parameters
    ----------
    actions : int
        To choose from.
    """

    def __init__(self, actions: int) -> None:
        self.actions = actions
        self.states: dict[tuple[int, ...], int] = {}
        self.less = array("q")  # of each state: the state of the memory that remembers less
        self.times = array("q")  # each pair was met
        self._kinds: dict[tuple[int, Consequence], int] = {}
        self._graded: dict[tuple[int, float], float] = {}
        self._pair, self._following = array("q"), array("q")
        self._count, self._reward = array("d"), array("d")
        self._synapses = RecurrentSynapses.none()
        # One of each is believed before anything was seen.
        self.new, self.chances = 1.0, 1.0
        self.differed, self.compared = 1.0, 2.0

    @property
    def novelty(self) -> float:
        """The prior count of what never followed a pair and is good, by how often that came.

        Where n outcomes have followed a pair, the next is a new one with a reward above 0 with
        probability a / (n + a): as many were as this adds up to. 1 at first; it falls where what
        is new is seldom good.
        """
        return self.new / self.chances

    @property
    def surprise(self) -> float:
        """How often what a pair did first was new to the same pair with less remembered."""
        return self.differed / self.compared

    def state(self, key: tuple[int, ...], less: int) -> int:
        """Return the number of a state, which is new or was met before."""
        found = self.states.get(key)
        if found is None:
            found = self.states[key] = len(self.states)
            self.less.append(less)
            self.times.extend([0] * self.actions)
        return found

    def frequency(self, pair: int, outcome: Consequence) -> float:
        """Return how often an outcome has followed a pair, of all times; 0 where nothing has."""
        return self.met(pair, outcome).outcome

    def met(self, pair: int, outcome: Consequence) -> Met:
        """Return how often a pair was met, and an outcome and its reward followed it."""
        times = self.times[pair]
        if not times:
            return NEVER
        kind = self._kinds.get((pair, outcome))
        graded = self._graded.get((pair, outcome.grade), 0.0)
        return Met(times, 0.0 if kind is None else self._count[kind] / times, graded / times)

    def compare(self, pair: int, outcome: Consequence, less: "Followed", same: int) -> None:
        """Take note whether the first outcome of a pair is new to the pair with less remembered."""
        if self.times[pair] == 0 and less.times[same]:
            self.compared += 1
            self.differed += less.frequency(same, outcome) == 0

    def add(self, pair: int, outcome: Consequence, following: int, reward: float) -> None:
        """Count an outcome: plasticity of the synapses from a pair to the state that follows."""
        kind = self._kinds.get((pair, outcome))
        self._grade(pair, outcome, 1.0)
        times = self.times[pair]
        if times:
            self.new += kind is None and reward > 0
            self.chances += 1 / (times + self.new / self.chances)
        self.times[pair] = times + 1
        if kind is None:
            self._append(pair, outcome, following, 1.0, reward)
            return
        count = self._count[kind] = self._count[kind] + 1
        mean = self._reward[kind]
        if reward != mean:
            self._reward[kind] = mean + (reward - mean) / count

    @property
    def synapses(self) -> RecurrentSynapses:
        """Where each kind of outcome leads, in order."""
        if self._synapses.kinds < len(self._pair):
            self._synapses = self._synapses.grown(self.pairs, self.following, self.actions)
        return self._synapses

    @property
    def pairs(self) -> Int[np.ndarray, " kind"]:
        """The pair of each kind of outcome."""
        return np.array(self._pair, int)

    @property
    def following(self) -> Int[np.ndarray, " kind"]:
        """The state that followed, or `END`."""
        return np.array(self._following, int)

    @property
    def count(self) -> Float[np.ndarray, " kind"]:
        """How often."""
        return np.array(self._count, float)

    @property
    def reward(self) -> Float[np.ndarray, " kind"]:
        """Mean reward."""
        return np.array(self._reward, float)

    @property
    def outcomes(self) -> Consequences:
        """All that has followed, as arrays."""
        kinds = [outcome for _, outcome in self._kinds]
        return Consequences(
            self.pairs,
            np.array([kind.seen for kind in kinds], int),
            np.array([kind.grade for kind in kinds], float),
            self.following,
            self.count,
            self.reward,
        )

    def restore(
        self, keys: Iterable[Iterable[int]], less: Iterable[int], seen: Consequences
    ) -> None:
        """Take over states and counts that were kept; what follows from them is set apart."""
        for key, one in zip(keys, less, strict=True):
            self.state(tuple(int(part) for part in key), int(one))
        for pair, at, grade, following, count, reward in zip(
            *(vars(seen)[name].tolist() for name in vars(seen)), strict=True
        ):
            self._append(pair, Consequence(at, grade), following, count, reward)
            self._grade(pair, Consequence(at, grade), count)
            self.times[pair] += int(count)

    def _grade(self, pair: int, outcome: Consequence, count: float) -> None:
        key = pair, outcome.grade
        self._graded[key] = self._graded.get(key, 0.0) + count

    def _append(
        self, pair: int, outcome: Consequence, following: int, count: float, reward: float
    ) -> None:
        self._kinds[pair, outcome] = len(self._kinds)
        self._pair.append(pair)
        self._following.append(following)
        self._count.append(count)
        self._reward.append(reward)
