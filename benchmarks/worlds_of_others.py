"""Worlds that others wrote, each with observations that are symbols; `worlds.py` plays them.

Worlds of a package that is not installed are left out.
"""

import importlib
import importlib.util
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import TimeLimit, TransformObservation

from canonica.agents import PymdpWorld

# Objects, colours and states of MiniGrid's cells.
CELL = (11, 6, 4)
LEVELS = 51  # of NeuroGym's numbers from 0 to 1, which are then all told apart
NOTHING = 0  # of the last modality of pymdp's worlds: neither reward nor punishment
# What the package's demonstrations like and dislike.
PREFERENCES = {"SimplifiedTMaze": (0.0, 2.0, -3.0), "CueChainingEnv": (0.0, 2.0, -4.0)}


class World(NamedTuple):
    """A world and what is known of it.

    Attributes
    ----------
    name, options : str, dict
        For `gymnasium.make`, or what stands for it in the package.
    steps : int
        Of every agent.
    best : float
        Mean reward of an episode of the best known policy, and where that is known from.
    source : str
    package : str
        That it comes from.
    """

    name: str
    options: dict[str, Any]
    steps: int
    best: float
    source: str
    package: str = "gymnasium"


WORLDS = {
    "FrozenLake": World("FrozenLake-v1", {"is_slippery": False}, 4_000, 1.0, "shortest way"),
    "FrozenLake, slippery": World("FrozenLake-v1", {}, 20_000, 0.744, "value iteration, 100 steps"),
    "FrozenLake 8x8, slippery": World(
        "FrozenLake8x8-v1", {}, 40_000, 0.913, "value iteration, 200 steps"
    ),
    "CliffWalking": World(
        "CliffWalking-v1", {"max_episode_steps": 500}, 5_000, -13.0, "shortest way"
    ),
    "Taxi": World("Taxi-v4", {}, 20_000, 7.93, "value iteration"),
    "Blackjack": World("Blackjack-v1", {}, 10_000, -0.045, "about, published basic strategy"),
    "MiniGrid Empty 8x8": World(
        "MiniGrid-Empty-8x8-v0", {}, 5_000, 0.96, "shortest way", "minigrid"
    ),
    "MiniGrid FourRooms": World(
        "MiniGrid-FourRooms-v0", {}, 5_000, 0.8, "about, shortest ways", "minigrid"
    ),
    "MiniGrid DoorKey 5x5": World("MiniGrid-DoorKey-5x5-v0", {}, 5_000, 0.96, "about", "minigrid"),
    "MiniGrid MemoryS7": World("MiniGrid-MemoryS7-v0", {}, 5_000, 0.97, "about", "minigrid"),
    "NeuroGym PerceptualDecisionMaking": World(
        "PerceptualDecisionMaking-v0",
        {"sigma": 0.0},
        10_000,
        0.9,
        "every trial right, of a fifth that show nothing every other one",
        "neurogym",
    ),
    "NeuroGym GoNogo": World(
        "GoNogo-v0", {}, 10_000, 0.5, "every trial right; half are rewarded", "neurogym"
    ),
    "NeuroGym DelayMatchSample": World(
        "DelayMatchSample-v0", {"sigma": 0.0}, 10_000, 1.0, "every trial right", "neurogym"
    ),
    "POPGym RepeatFirst": World(
        "popgym-RepeatFirstEasy-v0", {}, 5_000, 1.0, "every card right", "popgym"
    ),
    "POPGym RepeatPrevious": World(
        "popgym-RepeatPreviousEasy-v0", {}, 5_000, 1.0, "every card right", "popgym"
    ),
    "POPGym CountRecall": World(
        "popgym-CountRecallEasy-v0", {}, 5_000, 1.0, "every count right", "popgym"
    ),
    "POPGym Autoencode": World(
        "popgym-AutoencodeEasy-v0", {}, 5_000, 1.0, "every card right", "popgym"
    ),
    "POPGym HigherLower": World(
        "popgym-HigherLowerEasy-v0", {}, 5_000, 0.528, "counting cards, 20,000 games", "popgym"
    ),
    "pymdp T-maze": World(
        "SimplifiedTMaze", {"moves": 10}, 3_000, 2.0, "looking until the cue is sure", "pymdp"
    ),
    "pymdp cue chaining": World(
        "CueChainingEnv", {"moves": 30}, 10_000, 2.0, "both cues, then the reward", "pymdp"
    ),
    "T-maze of ours, corridor 10": World(
        "canonica/TMaze-v0", {"corridor": 10}, 10_000, 1.0, "shortest way"
    ),
    "bandit of ours, switching": World(
        "canonica/SwitchingBandit-v0", {}, 10_000, 48.4, "ideal observer, docs/worlds.md"
    ),
}  # fmt: skip


def installed(package: str) -> bool:
    """Return whether a package is there, without loading it."""
    return importlib.util.find_spec(package) is not None


def made(world: World) -> gymnasium.Env:
    """Return an environment whose observations are symbols."""
    ways = {
        "minigrid": of_minigrid,
        "neurogym": of_neurogym,
        "popgym": of_popgym,
        "pymdp": of_pymdp,
    }
    if world.package in ways:
        return ways[world.package](world)
    return gymnasium.make(world.name, **world.options)


def of_minigrid(world: World) -> gymnasium.Env:
    """Return a room that is seen as the cells in front."""
    importlib.import_module("minigrid").register_minigrid_envs()
    wrappers = importlib.import_module("minigrid.wrappers")
    room = wrappers.ImgObsWrapper(gymnasium.make(world.name, **world.options))
    cells = spaces.MultiDiscrete(np.tile(CELL, (*room.observation_space.shape[:2], 1)))
    return TransformObservation(room, lambda seen: np.asarray(seen, np.int64), cells)


def of_popgym(world: World) -> gymnasium.Env:
    """Return a game of cards."""
    importlib.import_module("popgym")
    return gymnasium.make(world.name, disable_env_checker=True, **world.options)


class Trials(gymnasium.Wrapper):
    """An episode is a trial of NeuroGym."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Start a trial; its seed has to be set apart, as a reset of the task does not."""
        if seed is not None:
            task: Any = self.env.unwrapped
            task.seed(seed)
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Return what the environment does; a new trial ends the episode."""
        seen, reward, ended, cut, info = self.env.step(action)
        return seen, reward, ended or bool(info.get("new_trial")), cut, info


def of_neurogym(world: World) -> gymnasium.Env:
    """Return a task whose numbers, from 0 to 1, are rounded to levels."""
    task = importlib.import_module("neurogym").make(world.name, **world.options)
    shape = task.observation_space.shape
    levels = spaces.MultiDiscrete(np.full(shape, LEVELS))
    return TransformObservation(
        Trials(task), lambda seen: np.rint(np.asarray(seen) * (LEVELS - 1)).astype(np.int64), levels
    )


class UntilAnOutcome(gymnasium.Wrapper):
    """An episode of pymdp's ends where a reward or a punishment is seen, its last modality."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Return what the environment does, and whether that is the end."""
        seen, reward, ended, cut, info = self.env.step(action)
        return seen, reward, ended or info["outcomes"][-1] != NOTHING, cut, info


def of_pymdp(world: World) -> gymnasium.Env:
    """Return a generative process of pymdp's with a time limit."""
    process = process_of(world)
    liked = PREFERENCES[world.name]
    nothing = [np.zeros(table.shape[0]) for table in process.A[:-1]]
    environment = UntilAnOutcome(PymdpWorld(process, [*nothing, np.array(liked)]))
    return TimeLimit(environment, world.options["moves"])


def process_of(world: World) -> Any:
    """Return the generative process itself, whose tables its own agent is told."""
    return getattr(importlib.import_module("pymdp.envs"), world.name)()
