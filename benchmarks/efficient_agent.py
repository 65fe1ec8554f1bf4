"""What makes `canonica.agents.efficient_agent` better than the published agent.

    python benchmarks/efficient_agent.py [--mazes 20] [--trials 100] [--seed 0]
        [--prior-right 0.25] [--only NAME ...] [--out FILE]

The published agent, the efficient one, and the efficient one with one ingredient changed at a
time (`canonica.agents.ABLATIONS`), a fresh agent in each of the same mazes: those of `canonica
maze` with the same seed. Settings were chosen on other mazes. By agent, over mazes and trials:
median and mean steps, and the success rate; a failed trial counts `--max-steps`. In brackets a
95 % bootstrap interval over mazes. `--out` keeps all steps as JSON after every maze; a run by the
same settings goes on from there.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np

from canonica.agents import Agent, AgentState, Maze, maze_walls, shortest_path, trial
from canonica.agents.designs._ablations import ABLATIONS

RESAMPLES = 10_000
LATE = 10  # trials


@partial(jax.jit, static_argnames=("max_steps",))
def steps_of(agent: Agent, maze: Maze, keys: jax.Array, max_steps: int) -> jax.Array:
    """Return the steps of trials that follow each other."""

    def one(state: AgentState, key: jax.Array) -> tuple:
        found, state = trial(agent, state, maze, key, max_steps=max_steps)
        return state, found.steps

    return jax.lax.scan(one, agent.init(), keys)[1]


def key_of(seed: int, maze: int, number: int) -> jax.Array:
    """Return the key of a trial, counted from 1; of the maze itself with 0."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), maze), number)


def all_steps(
    make: Callable[[Maze, float], Agent],
    mazes: list[Maze],
    arguments: argparse.Namespace,
    done: list[list[int]],
) -> Iterator[list[list[int]]]:
    """Yield steps (maze, trial) with each maze that comes to those `done`."""
    numbers = np.arange(1, arguments.trials + 1)
    for number in range(len(done) + 1, len(mazes) + 1):
        maze = mazes[number - 1]
        keys = jax.vmap(partial(key_of, arguments.seed, number))(numbers)
        agent = make(maze, arguments.prior_right)
        found = steps_of(agent, maze, keys, arguments.max_steps)
        done = [*done, np.asarray(found).tolist()]
        yield done


def with_interval(statistic: Callable[[np.ndarray], float], steps: np.ndarray) -> str:
    """Return a statistic of (maze, trial), and its interval over mazes."""
    chosen = np.random.default_rng(0).integers(0, len(steps), (RESAMPLES, len(steps)))
    low, high = np.quantile([statistic(steps[some]) for some in chosen], [0.025, 0.975])
    return f"{statistic(steps):,.0f} ({low:,.0f} to {high:,.0f})"


def row(name: str, steps: np.ndarray, limit: int) -> str:
    first, last = steps[:, :LATE], steps[:, -LATE:]
    cells = [name, f"{np.median(first):,.0f}", f"{first.mean():,.0f}"]
    cells += [f"{np.mean(first < limit):.0%}"]
    cells += [with_interval(np.median, last), with_interval(np.mean, last)]
    cells += [f"{np.mean(last < limit):.0%}", f"{np.median(last, axis=1).max():,.0f}"]
    return "| " + " | ".join(cells) + " |"


def main(arguments: argparse.Namespace) -> None:
    mazes = [
        Maze(maze_walls(key_of(arguments.seed, number, 0)))
        for number in range(1, arguments.mazes + 1)
    ]
    shortest = [int(shortest_path(maze)) for maze in mazes]
    print(
        f"{len(mazes)} mazes of seed {arguments.seed}, prior e = {arguments.prior_right}; shortest "
        f"paths {min(shortest)} to {max(shortest)} moves, median {np.median(shortest):.0f}."
    )
    kept = json.loads(arguments.out.read_text()) if arguments.out and arguments.out.exists() else {}
    print(
        f"| agent | trials 1-{LATE}: median | mean | success | last {LATE} trials: median | mean "
        "| success | median in the worst maze |\n" + "|---" * 8 + "|"
    )
    for name in arguments.only or ABLATIONS:
        start = time.perf_counter()
        for steps in all_steps(ABLATIONS[name], mazes, arguments, kept.get(name, [])):
            kept[name] = steps
            print(f"{name}: maze {len(steps)} of {len(mazes)}", file=sys.stderr, flush=True)
            if arguments.out:
                arguments.out.write_text(json.dumps(kept))
        print(row(name, np.array(kept[name]), arguments.max_steps), flush=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mazes", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--max-steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prior-right", type=float, default=0.25)
    parser.add_argument("--only", nargs="+", choices=list(ABLATIONS), metavar="NAME")
    parser.add_argument("--out", type=Path, help="JSON file of all steps")
    main(parser.parse_args())
