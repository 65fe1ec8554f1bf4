"""What a maze experiment found, labelled."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import xarray as xr

from canonica._provenance import versions
from canonica.agents.experiments.decisions._estimated_prior import (
    decision_prior_from_moves,
    first_move_count,
)
from canonica.agents.experiments.maze._agent_in_maze import AgentInMaze
from canonica.agents.experiments.maze._experiment_store import Arrays
from canonica.agents.worlds._maze import MOVES, shortest_path


def maze_result(
    agents: Sequence[AgentInMaze], found: Sequence[Arrays], settings: Mapping[str, Any]
) -> xr.Dataset:
    """Return what was found in each trial, and what is known of agents and mazes, labelled."""
    stacked = {name: np.stack([one[name] for one in found]) for name in found[0]}
    agent = agents[0].agent
    policies = np.asarray(agent.policies)
    moves = first_move_count(stacked["decision_count"], policies)
    each, by_policy = ("maze", "trial"), ("maze", "trial", "policy")
    variables = {
        "steps": (each, "moves made", "1"),
        "reached": (each, "whether the goal was reached", "1"),
        "risk": (each, "mean risk", "1"),
        "free_energy": (each, "variational free energy", "nat"),
        "accuracy": (each, "accuracy", "nat"),
        "complexity": (each, "complexity", "nat"),
        "decision_free_energy": (each, "free energy of decisions", "nat"),
        "decision_count": (by_policy, "how often a policy was drawn", "1"),
        "first_move_frequency": ((*each, "move"), "share of decisions by first move", "1"),
        "decision_prior": (("policy",), "decision prior E[1] as given", "1"),
        "estimated_decision_prior": (
            ("maze", "policy"),
            "decision prior E[1] from the first moves of the first trial",
            "1",
        ),
        "policy_moves": (("policy", "place_in_policy"), "moves of a policy", "1"),
        "walls": (("maze", "row", "column"), "where there is a wall", "1"),
        "shortest_path": (("maze",), "moves on a shortest path to the goal", "1"),
    }
    prior = agent.model.decision_prior
    values = {
        **stacked,
        "first_move_frequency": moves / np.maximum(moves.sum(axis=-1, keepdims=True), 1),
        "decision_prior": np.asarray(prior)[1] if prior is not None else None,
        "estimated_decision_prior": np.stack(
            [decision_prior_from_moves(one[0], policies) for one in moves]
        ),
        "policy_moves": policies,
        "walls": np.stack([np.asarray(pair.maze.walls) for pair in agents]),
        "shortest_path": np.array([int(_shortest_path(pair.maze)) for pair in agents]),
    }
    return xr.Dataset(
        {
            name: (dims, values[name], {"long_name": long_name, "units": units})
            for name, (dims, long_name, units) in variables.items()
        },
        {
            "maze": [pair.number for pair in agents],
            "trial": np.arange(1, stacked["steps"].shape[1] + 1),
            "move": list(MOVES),
        },
        {**settings, "chunk": agent.chunk, "learning": agent.learning, **versions()},
    )


_shortest_path = jax.jit(shortest_path)
