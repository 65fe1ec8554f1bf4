"""The default agent in worlds that others wrote, beside other agents, at equal steps.

Every agent has the same number of environment steps in every world. Its score is the mean reward of
the episodes that end in the last tenth of its steps, learning as ever, between an agent at random
(0) and the best known (1). Q-learning has each of the memories that the default agent chooses from,
and its best one counts. Beside the score stand updates, numbers held, multiply-adds
(`worlds_costs.py` says how they are computed) and seconds of the whole run, the world included.

Worlds and agents of packages that are not installed are left out, and it says which. They are no
dependencies of canonica:

    pip install minigrid neurogym popgym inferactively-pymdp sb3-contrib torch

Some of them ask for other versions of Gymnasium or NumPy than canonica does; `pip install --target
FOLDER --no-deps`, with FOLDER on PYTHONPATH, takes them beside it.

    python benchmarks/worlds.py [--seeds 10] [--quick] [--only NAME] [--agents NAME] [--out FILE]

Each run is written to FILE as it ends, and what stands there is not run again. `--speed` plays no
table, but says how many steps a second of the processor canonica and pymdp's agent do in pymdp's
worlds: what they met there is shown to them again, the worlds left out.
"""

import argparse
import csv
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from worlds_costs import CountedPlanner, CountedQLearning, CountedRandom
from worlds_of_others import WORLDS, World, installed, made
from worlds_rivals import Episodes, PymdpAgent, recurrent_ppo, seed_of_episode

from canonica.agents.planning._memories import MEMORIES

MEMORY_OF = {f"Q, {memory.name}": memory.name for memory in MEMORIES}
RECURRENT, OF_MODEL = "RecurrentPPO", "pymdp"
AGENTS = ("canonica", "random", *MEMORY_OF, OF_MODEL, RECURRENT)
COLUMNS: tuple[str, ...] = (
    "world", "agent", "seed", "steps", "reward", "episodes", "seconds", "updates", "parameters",
    "multiply_adds", "remembers", "states",
)  # fmt: skip
TIMED, SPEEDS = 2000, 5
Task = tuple[str, str, int, int]  # world, agent, seed, steps


def run(agent: Any, environment: gymnasium.Env, steps: int, seed: int) -> Episodes:
    """Return at which step each episode ended, and its reward, over so many steps."""
    found, taken, episode = [], 0, 0
    while taken < steps:
        episode += 1
        observation, _ = environment.reset(seed=seed_of_episode(seed, episode))
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


class Noted:
    """An agent in a world, and what it was shown and given there, to be gone through again."""

    def __init__(self, agent: Any) -> None:
        self.agent, self.kept = agent, []

    def begin(self) -> None:
        """Start an episode."""
        self.kept.append(None)
        self.agent.begin()

    def act(self, observation: Any) -> Any:
        """Return what the agent does."""
        self._shown = observation
        return self.agent.act(observation)

    def receive(self, *given: Any) -> None:
        """Tell the agent what became of it."""
        self.kept.append((self._shown, given))
        self.agent.receive(*given)


def seconds_alone(agent: Any, kept: list[Any]) -> float:
    """Return the processor's seconds of an agent that is shown and given the same again."""
    if isinstance(agent, PymdpAgent):
        agent.act(kept[1][0])  # compiles what is compiled, and learns nothing
    began = time.process_time()
    for step in kept:
        if step is None:
            agent.begin()
            continue
        agent.act(step[0])
        agent.receive(*step[1])
    return time.process_time() - began


def show_speed(names: list[str]) -> None:
    """Print steps a second of canonica and of pymdp's agent, by turns, without the worlds."""
    for name in names:
        world, seconds = WORLDS[name], {"canonica": [], OF_MODEL: []}
        environment = made(world)
        for seed in range(SPEEDS):
            for who, found in seconds.items():
                noted = Noted(player(who, world, environment, seed))
                run(noted, environment, TIMED, seed)
                again = [player(who, world, environment, seed) for _ in range(2)]
                found.append(min(seconds_alone(one, noted.kept) for one in again))
        for who, found in seconds.items():
            print(f"{name}, {who}: {TIMED / np.median(found):,.0f} steps a second")


def player(who: str, world: World, environment: gymnasium.Env, seed: int) -> Any:
    """Return an agent that plays by turns of acting and receiving."""
    if who == "canonica":
        return CountedPlanner(environment, seed)
    if who == "random":
        return CountedRandom(environment, seed)
    if who == OF_MODEL:
        return PymdpAgent(world, seed)
    return CountedQLearning(environment, memory=MEMORY_OF[who], seed=seed)


def one(task: Task) -> dict[str, Any]:
    """Return what one agent came to in one world."""
    name, who, seed, steps = task
    world = WORLDS[name]
    environment = made(world)
    remembers, states = "", 0
    began = time.perf_counter()
    if who == RECURRENT:
        episodes, costs = recurrent_ppo(environment, steps, seed)
    else:
        agent = player(who, world, environment, seed)
        episodes = run(agent, environment, steps, seed)
        costs = agent.costs()
        remembers, states = getattr(agent, "remembers", ""), getattr(agent, "states", 0)
    seconds = time.perf_counter() - began
    last = [reward for at, reward in episodes if at > 0.9 * steps] or [episodes[-1][1]]
    found = (float(np.mean(last)), len(episodes), seconds, *costs, remembers, states)
    return dict(zip(COLUMNS, (name, who, seed, steps, *found), strict=True))


def plays(who: str, world: World) -> bool:
    """Return whether an agent is there, and has what it needs in a world."""
    if who == RECURRENT:
        return installed("sb3_contrib")
    return who != OF_MODEL or world.package == "pymdp"


def tasks_of(names: list[str], begins: str, seeds: int, share: float) -> list[Task]:
    """Return what is to be run: all of a seed before the next one."""
    return [
        (name, who, seed, int(WORLDS[name].steps * share))
        for seed in range(seeds)
        for name in names
        for who in AGENTS
        if who.startswith(begins) and plays(who, WORLDS[name])
    ]


def there(out: Path) -> list[dict[str, Any]]:
    """Return the rows of a file, numbers as numbers."""
    if not out.exists():
        return []
    words = {"world", "agent", "remembers"}
    whole = {"seed", "steps", "episodes", "updates", "parameters", "states"}
    with out.open(encoding="utf-8", newline="") as file:
        return [
            {
                key: value if key in words else int(value) if key in whole else float(value)
                for key, value in row.items()
            }
            for row in csv.DictReader(file)
        ]


def run_all(tasks: list[Task], out: Path, jobs: int) -> None:
    """Run what is not in the file yet, and add it there as it ends."""
    done = {(row["world"], row["agent"], row["seed"], row["steps"]) for row in there(out)}
    left = [task for task in tasks if task not in done]
    new = not out.exists()
    with (
        out.open("a", encoding="utf-8", newline="") as file,
        get_context("spawn").Pool(jobs) as pool,
    ):
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            table.writeheader()
        for number, row in enumerate(pool.imap(one, left), 1):
            table.writerow(row)
            file.flush()
            print(f"{number} of {len(left)}: {row}", flush=True)


def main() -> None:
    """Run what is left to run, and print the tables of all that was run."""
    parser = argparse.ArgumentParser(description="The default agent in worlds, beside others.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two seeds, a quarter of the steps")
    parser.add_argument("--only", default="", help="worlds whose name begins so")
    parser.add_argument("--agents", default="", help="agents whose name begins so")
    parser.add_argument("--speed", action="store_true", help="times canonica and pymdp, no more")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("worlds.csv"))
    given = parser.parse_args()
    seeds, share = (2, 0.25) if given.quick else (given.seeds, 1.0)
    names = [name for name in WORLDS if name.startswith(given.only)]
    for package in sorted({WORLDS[name].package for name in names} | {"sb3_contrib"}):
        if not installed(package):
            print(f"{package} is not installed: left out.")
    names = [name for name in names if installed(WORLDS[name].package)]
    if given.speed:
        show_speed([name for name in names if WORLDS[name].package == OF_MODEL])
        return
    if names:
        run_all(tasks_of(names, given.agents, seeds, share), given.out, given.jobs)
    show(there(given.out))


def show(rows: list[dict[str, Any]]) -> None:
    """Print scores, and what they cost."""
    names = [name for name in WORLDS if any(row["world"] == name for row in rows)]
    print("\n| world | steps | random | best | canonica | Q-learning | RecurrentPPO | pymdp |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        print(line(name, [row for row in rows if row["world"] == name]))
    print("\n| world | agent | updates | numbers held | multiply-adds a step | ms | remembers |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        print(cost_line(name, [row for row in rows if row["world"] == name]))


def of(rows: list[dict[str, Any]], who: str, what: str = "reward") -> np.ndarray:
    """Return a column of the rows of an agent."""
    return np.array([row[what] for row in rows if row["agent"] == who])


def best_memory(rows: list[dict[str, Any]]) -> str:
    """Return the name of the Q-learning that does best."""
    played = [who for who in MEMORY_OF if len(of(rows, who))]
    return max(played, key=lambda who: of(rows, who).mean(), default="")


def line(name: str, rows: list[dict[str, Any]]) -> str:
    """Return the scores in a world, with standard errors and, in brackets, the number of seeds."""
    chance, best = of(rows, "random").mean(), WORLDS[name].best

    def score(who: str) -> str:
        scores = (of(rows, who) - chance) / (best - chance)
        if not len(scores):
            return "-"
        if len(scores) == 1:
            return f"{scores[0]:.2f} (1)"
        error = scores.std(ddof=1) / np.sqrt(len(scores))
        return f"{scores.mean():.2f} +- {error:.2f} ({len(scores)})"

    rival = best_memory(rows)
    return (
        f"| {name} | {rows[0]['steps']:,} | {chance:.2f} | {best} | {score('canonica')} | "
        f"{score(rival)}, {rival[3:]} | {score(RECURRENT)} | {score(OF_MODEL)} |"
    )


def short(number: float) -> str:
    """Return a number with two or three digits, as thousands or millions where it is large."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.{0 if number >= 10 * size else 1}f}{letter}"
    return f"{number:.0f}"


def cost_line(name: str, rows: list[dict[str, Any]]) -> str:
    """Return what each agent's score cost in a world: canonica, Q-learning, RecurrentPPO, pymdp."""
    players = ("canonica", best_memory(rows), RECURRENT, OF_MODEL)
    played = [who for who in players if len(of(rows, who))]

    def each(value: Callable[[str], float], of_digits: Callable[[float], str] = short) -> str:
        return " / ".join(of_digits(float(value(who))) for who in played)

    def a_step(who: str, what: str) -> float:
        return (of(rows, who, what) / of(rows, who, "steps")).mean()

    kept = of(rows, "canonica", "remembers").tolist()
    often = max(set(kept), key=kept.count, default="")
    return (
        f"| {name} | {', '.join(played)} | {each(lambda who: of(rows, who, 'updates').mean())} | "
        f"{each(lambda who: of(rows, who, 'parameters').mean())} | "
        f"{each(lambda who: a_step(who, 'multiply_adds'))} | "
        f"{each(lambda who: 1000 * a_step(who, 'seconds'), '{:.2f}'.format)} | "
        f"{often} ({kept.count(often)} of {len(kept)}) |"
    )


if __name__ == "__main__":
    main()
