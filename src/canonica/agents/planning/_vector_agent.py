"""One agent in several copies of a world at once."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import concatenate, create_empty_array, iterate
from jaxtyping import Bool, Float

from canonica._checks import checked_kind
from canonica.agents.planning._planning_agent import PlanningAgent, Player


class VectorPlanningAgent:
    """A planning agent at the controls of several copies of a world, which share what they learn.

    After a `reset`: `begin` once, then `act` and `receive` by turns; copies that start anew are
    followed. Made by `agent_for`.

    Parameters
    ----------
    agent : PlanningAgent
        Who learns.
    environment : gymnasium.vector.VectorEnv
        Its number of copies and how they start anew are looked at, nothing else.

    Examples
    --------
    >>> import gymnasium
    >>> from canonica.agents import agent_for
    >>> lakes = gymnasium.make_vec("FrozenLake-v1", num_envs=3, is_slippery=False)
    >>> agent = agent_for(lakes)
    >>> observations, info = lakes.reset(seed=0)
    >>> agent.begin()
    >>> observations, *received, info = lakes.step(agent.act(observations))
    >>> agent.receive(*received)
    >>> agent.agent.steps
    3
    """

    def __init__(self, agent: PlanningAgent, environment: gymnasium.vector.VectorEnv) -> None:
        self.agent = checked_kind("agent", agent, PlanningAgent, "a PlanningAgent")
        several = gymnasium.vector.VectorEnv
        checked_kind("environment", environment, several, "several at once (gymnasium.make_vec)")
        self.copies = environment.num_envs
        mode = environment.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._waits = AutoresetMode(mode) == AutoresetMode.NEXT_STEP
        self._space = environment.observation_space
        self._resting = np.zeros(self.copies, bool)
        self._players: list[Player] = []

    def begin(self) -> None:
        """Start episodes in all copies."""
        self._players = [self.agent.new_player() for _ in range(self.copies)]
        self._resting[:] = False

    def act(self, observations: Any) -> Any:
        """Return the actions that answer the observations of all copies.

        Parameters
        ----------
        observations : batch of observations
            As the environment gives them.
        """
        chosen = []
        each = iterate(self._space, observations)
        for player, resting, seen in zip(self._players, self._resting, each, strict=True):
            # Where an episode has just ended, the next step is a reset, whatever is done.
            space = self.agent.action_space
            chosen.append(space.sample() if resting else self.agent.act_of(player, seen))
        return _together(self.agent.action_space, chosen)

    def receive(
        self,
        rewards: Float[np.ndarray, " copy"],
        terminations: Bool[np.ndarray, " copy"],
        truncations: Bool[np.ndarray, " copy"],
    ) -> None:
        """Take note of what became of the last actions.

        Parameters
        ----------
        rewards, terminations, truncations : (copy,)
            As the environment gives them.
        """
        over = np.asarray(terminations) | np.asarray(truncations)
        for copy, player in enumerate(self._players):
            if not self._resting[copy]:
                ended = bool(terminations[copy]), bool(truncations[copy])
                self.agent.receive_of(player, float(rewards[copy]), *ended)
            if self._resting[copy] or (over[copy] and not self._waits):
                self._players[copy] = self.agent.new_player()
        self._resting = over if self._waits else np.zeros_like(self._resting)


def _together(space: gymnasium.Space, actions: list[Any]) -> Any:
    return concatenate(space, actions, create_empty_array(space, len(actions)))
