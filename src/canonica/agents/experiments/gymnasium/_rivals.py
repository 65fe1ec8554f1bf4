"""Agents that nobody would write a paper about, to stand beside."""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np

from canonica._checks import checked_choice, checked_kind, checked_number, checked_seed
from canonica.agents.planning._memories import MEMORIES, History
from canonica.agents.planning._spaces import (
    action_count,
    action_of,
    check_observations,
    symbol_of,
)

LEARNING_RATE = 0.1
HALVED = 20.0  # times that a state was met, after which half of what is done is at random


class RandomAgent:
    """Chooses every action as often as any other.

    Parameters
    ----------
    environment : gymnasium.Env
        Its actions are looked at.
    seed : int
        Decides what is drawn.

    Examples
    --------
    >>> import gymnasium
    >>> agent = RandomAgent(gymnasium.make("FrozenLake-v1"))
    >>> agent.act(0) in range(4)
    True
    """

    def __init__(self, environment: gymnasium.Env, seed: int = 0) -> None:
        checked_kind("environment", environment, gymnasium.Env, "a Gymnasium environment")
        self._space = environment.action_space
        self._actions = action_count(self._space)
        self._generator = np.random.default_rng(checked_seed(seed))

    def begin(self) -> None:
        """Start an episode."""

    def act(self, observation: Any) -> Any:
        """Return an action, whatever is seen."""
        del observation
        return action_of(self._space, int(self._generator.integers(self._actions)))

    def receive(
        self,
        reward: SupportsFloat,
        terminated: bool | np.bool = False,
        truncated: bool | np.bool = False,
    ) -> None:
        """Take no note of anything."""


class QLearningAgent:
    """Tabular Q-learning, with a memory that is given [Watkins & Dayan 1992].

    Actions are drawn at random with a probability that falls with how often a state was met,
    ``20 / (20 + n)``, and else the best by the table; ties are drawn.

    Parameters
    ----------
    environment : gymnasium.Env
        Spaces are looked at.
    discount : float
        Of what comes a step later.
    memory : str
        What is remembered beside what is seen: one of those that a planning agent chooses from.
    learning_rate : float
        Of the table.
    seed : int
        Decides what is drawn.

    Raises
    ------
    CanonicaError
        If a space is not of symbols, or a setting is out of range.

    Examples
    --------
    >>> import gymnasium
    >>> from canonica.agents import play
    >>> lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
    >>> found = play(QLearningAgent(lake), lake, episodes=10)
    >>> found.sizes["episode"]
    10
    """

    def __init__(
        self,
        environment: gymnasium.Env,
        *,
        discount: float = 0.99,
        memory: str = "nothing",
        learning_rate: float = LEARNING_RATE,
        seed: int = 0,
    ) -> None:
        checked_kind("environment", environment, gymnasium.Env, "a Gymnasium environment")
        self._seen_in, self._done_in = environment.observation_space, environment.action_space
        check_observations(self._seen_in)
        self._actions = action_count(self._done_in)
        self._discount = checked_number("discount", discount, lowest=0, highest=1)
        self._rate = checked_number("learning_rate", learning_rate, lowest=0, highest=1)
        names = [one.name for one in MEMORIES]
        self._memory = MEMORIES[names.index(checked_choice("memory", memory, names))]
        self._generator = np.random.default_rng(checked_seed(seed))
        self._numbers: dict[Any, int] = {}
        self._table: dict[tuple[int, ...], np.ndarray] = {}
        self._met: dict[tuple[int, ...], int] = {}
        self.begin()

    def begin(self) -> None:
        """Start an episode."""
        self._history: History | None = None
        self._state: tuple[int, ...] = ()
        self._seen, self._action, self._reward = 0, 0, 0.0

    def act(self, observation: Any) -> Any:
        """Return an action, having learned from what followed the last."""
        seen = self._numbers.setdefault(symbol_of(self._seen_in, observation), len(self._numbers))
        if self._history is None:
            self._history, learns = History(seen), False
        else:
            self._history, learns = self._history.after(self._seen, self._action, seen), True
        state = (seen, *self._memory.of(self._history))
        worth = self._table.setdefault(state, np.zeros(self._actions))
        if learns:
            self._learn(self._discount * worth.max())
        times = self._met[state] = self._met.get(state, 0) + 1
        if self._generator.random() < HALVED / (HALVED + times):
            action = int(self._generator.integers(self._actions))
        else:
            action = int(self._generator.choice(np.flatnonzero(worth == worth.max())))
        self._state, self._seen, self._action = state, seen, action
        return action_of(self._done_in, action)

    def receive(
        self,
        reward: SupportsFloat,
        terminated: bool | np.bool = False,
        truncated: bool | np.bool = False,
    ) -> None:
        """Take note of what became of the last action."""
        del truncated
        self._reward = float(reward)
        if terminated:
            self._learn(0.0)

    def _learn(self, to_come: float) -> None:
        worth = self._table[self._state]
        worth[self._action] += self._rate * (self._reward + to_come - worth[self._action])
