"""Agents made for a world: which hidden states, priors and plasticity they come with."""

from canonica.agents.designs._bandit_agent import bandit_agent
from canonica.agents.designs._efficient_agent import efficient_agent
from canonica.agents.designs._maze_agent import agent_with_prior, identity_counts, maze_agent
from canonica.agents.designs._memory import LATCH, TRACE, Memory
from canonica.agents.designs._sensing_agent import sensing_agent
from canonica.agents.designs._t_maze_agent import t_maze_agent

__all__ = [
    "LATCH",
    "TRACE",
    "Memory",
    "agent_with_prior",
    "bandit_agent",
    "efficient_agent",
    "identity_counts",
    "maze_agent",
    "sensing_agent",
    "t_maze_agent",
]
