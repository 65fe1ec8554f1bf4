"""One episode of any agent in a Gymnasium environment."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import gymnasium
import numpy as np


@runtime_checkable
class Acts(Protocol):
    """Who begins an episode, acts on observations, and receives rewards."""

    def begin(self) -> None:
        """Start an episode."""
        ...

    def act(self, observation: Any) -> Any:
        """Return the action that answers an observation."""
        ...

    def receive(self, reward: float, terminated: bool, truncated: bool) -> None:
        """Take note of what became of the last action."""
        ...


class Episode(NamedTuple):
    """What an episode came to.

    Attributes
    ----------
    rewards : list of float
        Of its steps.
    terminated : bool
        Whether the environment ended it, not a time limit.
    """

    rewards: list[float]
    terminated: bool

    @property
    def reward(self) -> float:
        """The sum of rewards."""
        return float(np.sum(self.rewards))

    @property
    def steps(self) -> int:
        """How many there were."""
        return len(self.rewards)


def episode(
    agent: Acts, environment: gymnasium.Env, seed: int | None, max_steps: int | None = None
) -> Episode:
    """Return what an episode came to, which the agent has learned from.

    Parameters
    ----------
    agent : Acts
        Who acts.
    environment : gymnasium.Env
        Where.
    seed : int, optional
        By which it is reset; by default it goes on with what it draws.
    max_steps : int, optional
        After which it is cut, where no time limit does.
    """
    observation, _ = environment.reset(seed=seed)
    agent.begin()
    rewards: list[float] = []
    terminated = truncated = False
    while not (terminated or truncated):
        action = agent.act(observation)
        observation, reward, terminated, truncated, _ = environment.step(action)
        rewards.append(float(reward))
        truncated = bool(truncated) or len(rewards) == max_steps
        agent.receive(rewards[-1], bool(terminated), truncated)
    return Episode(rewards, bool(terminated))
