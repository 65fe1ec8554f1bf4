"""Agents of other packages in the worlds of `worlds.py`; each needs its package only when it plays.

`RecurrentPPO` of sb3-contrib, with its default settings and an LSTM, sees every symbol as numbers 0
and 1 (one-hot). pymdp's agent is told the whole model of its own worlds, and learns nothing.
"""

import importlib
from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import FlattenObservation
from worlds_costs import Costs, costs_of_model, costs_of_weights
from worlds_of_others import PREFERENCES, World, process_of

PLANNED = {"SimplifiedTMaze": 2, "CueChainingEnv": 4}  # steps, as its demonstrations set it

Episodes = list[tuple[int, float]]


def seed_of_episode(seed: int, episode: int) -> int:
    """Return the same seed of an episode for every agent."""
    return seed * 1_000_003 + episode


class Recorded(gymnasium.Wrapper):
    """Notes at which step each episode ended, and its reward; seeds episodes as for all agents."""

    def __init__(self, environment: gymnasium.Env, seed: int) -> None:
        super().__init__(environment)
        self.episodes: Episodes = []
        self._seed, self._episode, self._steps, self._total = seed, 0, 0, 0.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode, whatever seed is asked for."""
        del seed
        self._episode += 1
        self._total = 0.0
        return self.env.reset(seed=seed_of_episode(self._seed, self._episode), options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Return what the environment does."""
        seen, reward, ended, cut, info = self.env.step(action)
        self._steps += 1
        self._total += float(reward)
        if ended or cut:
            self.episodes.append((self._steps, self._total))
        return seen, reward, ended, cut, info


def recurrent_ppo(environment: gymnasium.Env, steps: int, seed: int) -> tuple[Episodes, Costs]:
    """Return how RecurrentPPO's episodes went while it learned, and what it cost.

    It learns from whole rollouts only, and the last one goes over the steps: what was after them
    counts for nothing.
    """
    importlib.import_module("torch").set_num_threads(1)
    method = importlib.import_module("sb3_contrib").RecurrentPPO
    recorded = Recorded(FlattenObservation(environment), seed)
    model = method("MlpLstmPolicy", recorded, seed=seed, device="cpu")
    model.learn(steps)
    weights = sum(one.numel() for one in model.policy.parameters())
    rollouts = steps // model.n_steps
    updates = rollouts * model.n_epochs * -(-model.n_steps // model.batch_size)
    found = [one for one in recorded.episodes if one[0] <= steps]
    return found, costs_of_weights(steps, weights, updates, model.n_epochs)


class PymdpAgent:
    """pymdp's agent with the model of its own world, planning as in its demonstrations.

    Parameters
    ----------
    world : World
        One of pymdp's.
    seed : int
        Decides what is drawn.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._jax = importlib.import_module("jax")
        self.model = process_of(world)
        self.agent = self._agent(PREFERENCES[world.name], PLANNED[world.name])
        self.steps = 0
        self._key = self._jax.random.key(seed)
        self._splits = np.cumsum([one.shape[0] for one in self.model.A])[:-1]
        self._decide = self._jax.jit(self._decided)
        self.begin()

    def _agent(self, liked: tuple[float, ...], planned: int) -> Any:
        numpy, model = self._jax.numpy, self.model
        preferences = [numpy.zeros(one.shape[0]) for one in model.A[:-1]]
        return importlib.import_module("pymdp.agent").Agent(
            model.A,
            model.B,
            [*preferences, numpy.array(liked)],
            model.D,
            policy_len=planned,
            A_dependencies=model.A_dependencies,
            B_dependencies=model.B_dependencies,
            batch_size=1,
        )

    def _decided(self, prior: Any, outcomes: Any, key: Any) -> tuple[Any, Any]:
        """Return what is done, and what is believed of the next step before it is seen."""
        beliefs = self.agent.infer_states(outcomes, prior)
        policies, _ = self.agent.infer_policies(beliefs)
        action = self.agent.sample_action(policies, rng_key=self._jax.random.split(key, 1))
        return action, self.agent.update_empirical_prior(action, beliefs)

    def begin(self) -> None:
        """Start an episode: believe what the model says of its beginning."""
        self._prior = self.agent.D

    def act(self, observation: Any) -> int:
        """Return the control of the one factor that has several."""
        shown = np.split(np.asarray(observation), self._splits)
        outcomes = [self._jax.numpy.array([int(one.argmax())]) for one in shown]
        key = self._jax.random.fold_in(self._key, self.steps)
        self.steps += 1
        action, self._prior = self._decide(self._prior, outcomes, key)
        return int(np.asarray(action).max())

    def receive(self, reward: float, terminated: bool = False, truncated: bool = False) -> None:
        """Take no note of anything: it was told what it likes."""

    def costs(self) -> Costs:
        """Return what it cost so far."""
        sizes = len(self.agent.policies), PLANNED[type(self.model).__name__]
        return costs_of_model(self.steps, self.model, sizes, self.agent.num_iter)
