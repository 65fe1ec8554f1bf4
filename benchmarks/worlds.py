"""The default agent in worlds that others wrote, beside tabular Q-learning, at equal steps.

Every agent has the same number of environment steps in every world, and as many seeds. Its score is
the mean reward of the episodes in the last tenth of its steps, between an agent at random (0) and
the best known (1). Q-learning has each of the memories that the default agent chooses from, and its
best one counts. MiniGrid's worlds are left out where it is not installed.

    python benchmarks/worlds.py [--seeds 10] [--quick] [--only NAME]
"""

import argparse
import csv
import importlib.util
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np

import canonica.agents
from canonica.agents import QLearningAgent, RandomAgent, agent_for

MEMORIES = ("nothing", "the last step", "the first observation")


class World(NamedTuple):
    """A world and what is known of it.

    Attributes
    ----------
    name, options : str, dict
        For `gymnasium.make`.
    steps : int
        Of every agent.
    best : float
        Mean reward of an episode of the best known policy, and where that is known from.
    source : str
    """

    name: str
    options: dict[str, Any]
    steps: int
    best: float
    source: str


WORLDS = {
    "FrozenLake": World("FrozenLake-v1", {"is_slippery": False}, 4_000, 1.0, "shortest way"),
    "FrozenLake, slippery": World("FrozenLake-v1", {}, 40_000, 0.744, "value iteration, 100 steps"),
    "FrozenLake 8x8, slippery": World(
        "FrozenLake8x8-v1", {}, 80_000, 0.913, "value iteration, 200 steps"
    ),
    "CliffWalking": World(
        "CliffWalking-v1", {"max_episode_steps": 500}, 5_000, -13.0, "shortest way"
    ),
    "Taxi": World("Taxi-v4", {}, 40_000, 7.93, "value iteration"),
    "Blackjack": World("Blackjack-v1", {}, 20_000, -0.045, "about, published basic strategy"),
    "T-maze, corridor 10": World(
        "canonica/TMaze-v0", {"corridor": 10}, 20_000, 1.0, "shortest way"
    ),
    "bandit that switches": World(
        "canonica/SwitchingBandit-v0", {}, 20_000, 48.4, "ideal observer, docs/worlds.md"
    ),
    "MiniGrid Empty 8x8": World("MiniGrid-Empty-8x8-v0", {}, 10_000, 0.96, "shortest way"),
    "MiniGrid FourRooms": World("MiniGrid-FourRooms-v0", {}, 10_000, 0.8, "about, shortest ways"),
    "MiniGrid DoorKey 5x5": World("MiniGrid-DoorKey-5x5-v0", {}, 10_000, 0.96, "about"),
    "MiniGrid MemoryS7": World("MiniGrid-MemoryS7-v0", {}, 10_000, 0.97, "about"),
}  # fmt: skip


def made(world: World) -> gymnasium.Env:
    """Return an environment whose observations are symbols."""
    if not world.name.startswith("MiniGrid"):
        return gymnasium.make(world.name, **world.options)
    importlib.import_module("minigrid").register_minigrid_envs()
    wrappers = importlib.import_module("minigrid.wrappers")
    return wrappers.ImgObsWrapper(gymnasium.make(world.name, **world.options))


def run(agent: Any, environment: gymnasium.Env, steps: int, seed: int) -> list[tuple[int, float]]:
    """Return at which step each episode ended, and its reward, over so many steps."""
    found, taken, episode = [], 0, 0
    while taken < steps:
        episode += 1
        observation, _ = environment.reset(seed=seed * 1_000_003 + episode)
        agent.begin()
        total, over = 0.0, False
        while not over and taken < steps:
            observation, reward, ended, cut, _ = environment.step(agent.act(observation))
            taken += 1
            over = bool(ended or cut)
            agent.receive(float(reward), bool(ended), bool(cut))
            total += float(reward)
        if over:
            found.append((taken, total))
    return found


def agents() -> dict[str, Callable[[gymnasium.Env, int], Any]]:
    """Return who plays, by name."""
    rivals = {
        f"Q, {memory}": (
            lambda world, seed, memory=memory: QLearningAgent(world, memory=memory, seed=seed)
        )
        for memory in MEMORIES
    }
    return {
        "canonica": lambda world, seed: agent_for(world, seed=seed),
        "random": RandomAgent,
        **rivals,
    }


def one(task: tuple[str, str, int, float]) -> dict[str, Any]:
    """Return what one agent came to in one world."""
    name, who, seed, share = task
    world = WORLDS[name]
    environment = made(world)
    agent = agents()[who](environment, seed)
    steps = int(world.steps * share)
    began = time.perf_counter()
    episodes = run(agent, environment, steps, seed)
    seconds = time.perf_counter() - began
    last = [reward for at, reward in episodes if at > 0.9 * steps] or [episodes[-1][1]]
    return {
        "world": name, "agent": who, "seed": seed, "steps": steps, "reward": float(np.mean(last)),
        "steps_a_second": steps / seconds, "remembers": getattr(agent, "remembers", ""),
        "states": getattr(agent, "states", 0),
    }  # fmt: skip


def main() -> None:
    """Print the table, and write what each agent came to."""
    parser = argparse.ArgumentParser(description="The default agent in worlds, beside Q-learning.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two seeds, a quarter of the steps")
    parser.add_argument("--only", help="worlds whose name begins so")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("worlds.csv"))
    given = parser.parse_args()
    seeds, share = (2, 0.25) if given.quick else (given.seeds, 1.0)
    names = [name for name in WORLDS if name.startswith(given.only or "")]
    if importlib.util.find_spec("minigrid") is None:
        names = [name for name in names if not name.startswith("MiniGrid")]
    tasks = [
        (name, who, seed, share) for name in names for who in agents() for seed in range(seeds)
    ]
    rows = []
    with get_context("spawn").Pool(given.jobs) as pool:
        for row in pool.imap(one, tasks):
            rows.append(row)
            print(f"{len(rows)} of {len(tasks)}: {row}", flush=True)
    with given.out.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(
        "\n| world | steps | random | best | canonica | Q-learning | steps a second | remembers |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        print(line(name, [row for row in rows if row["world"] == name]))


def line(name: str, rows: list[dict[str, Any]]) -> str:
    """Return a row of the table."""

    def of(who: str, what: str = "reward") -> np.ndarray:
        return np.array([row[what] for row in rows if row["agent"] == who])

    chance, best = of("random").mean(), WORLDS[name].best
    rival = max((f"Q, {memory}" for memory in MEMORIES), key=lambda who: of(who).mean())

    def score(who: str) -> str:
        scores = (of(who) - chance) / (best - chance)
        error = scores.std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else 0.0
        return f"{scores.mean():.2f} +- {error:.2f}"

    kept = [row["remembers"] for row in rows if row["agent"] == "canonica"]
    often = max(set(kept), key=kept.count)
    speed = of("canonica", "steps_a_second").mean()
    return (
        f"| {name} | {rows[0]['steps']:,} | {chance:.2f} | {best} | {score('canonica')} | "
        f"{score(rival)} ({rival[3:]}) | {speed:,.0f} | {often} ({kept.count(often)}) |"
    )


if __name__ == "__main__":
    canonica.agents  # noqa: B018  (registers its worlds)
    main()
