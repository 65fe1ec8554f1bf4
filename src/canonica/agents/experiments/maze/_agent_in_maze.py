"""One agent in one maze, and how it goes from trial to trial by its counts alone."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from canonica.agents.designs._named_agents import named_agent
from canonica.agents.experiments._trial import Trial, trial
from canonica.agents.experiments.maze._experiment_store import Arrays
from canonica.agents.network._agent import Agent
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._counts import Counts
from canonica.agents.worlds._maze import Maze
from canonica.agents.worlds._maze_task import MazeTask


class AgentInMaze(NamedTuple):
    """An agent and the maze that it learns, before their first trial.

    Attributes
    ----------
    number : int
        Of the maze.
    agent, maze : Agent, Maze
        As they are before the first trial.
    """

    number: int
    agent: Agent
    maze: Maze


def agents_in_mazes(
    name: str, prior_right: float, task: MazeTask, numbers: Sequence[int]
) -> list[AgentInMaze]:
    """Return agents of that name, a fresh one in each of the mazes of these numbers."""
    mazes = task.mazes(numbers)
    agent = named_agent(name, mazes[0], prior_right)  # all mazes are of one size
    return [AgentInMaze(number, agent, maze) for number, maze in zip(numbers, mazes, strict=True)]


COUNTS = "counts-"


@jax.jit
def state_with(agent: Agent, counts: Counts) -> AgentState:
    """Return the agent at the start of a trial, with what it had learned by then."""
    return agent.begin(agent.init()._replace(counts=counts))


@partial(jax.jit, static_argnames=("max_steps",))
def one_trial(
    agent: Agent, counts: Counts, maze: Maze, key: Array, *, max_steps: int
) -> tuple[Trial, Counts]:
    """Return a trial, and the counts after it.

    Counts alone go from trial to trial: what the agent acts by is computed from them inside, by
    the same instructions after an interruption as without. The record costs next to nothing, and
    a trial that is run again for a picture is bit by bit the one that was.
    """
    state = state_with(agent, counts)
    found, after = trial(agent, state, maze, key, max_steps=max_steps, record=True)
    return found, after.counts


def arrays_of_counts(counts: Counts) -> Arrays:
    """Return the arrays of an agent's counts by name, fit for a file."""
    return {f"{COUNTS}{k}": np.asarray(part) for k, part in enumerate(jax.tree.leaves(counts))}


def counts_of_arrays(saved: Arrays, agent: Agent) -> Counts:
    """Return the counts of an agent again."""
    fresh = Counts.of(agent.model)
    parts = [jnp.asarray(saved[f"{COUNTS}{k}"]) for k in range(len(jax.tree.leaves(fresh)))]
    return jax.tree.unflatten(jax.tree.structure(fresh), parts)
