"""Networks that act: the two-layer canonical network as an agent, and worlds for it."""

from canonica.agents._agent import Agent, Decision
from canonica.agents._agent_state import AgentState
from canonica.agents._environment import Environment, Outcome
from canonica.agents._maze import Maze, maze_walls, shortest_path
from canonica.agents._maze_agent import agent_with_prior, identity_counts, maze_agent
from canonica.agents._modulation import (
    MeanModulation,
    Modulation,
    ProgressModulation,
    StepModulation,
)
from canonica.agents._policies import first_move_prior, sequences
from canonica.agents._trial import Record, Trial, trial

__all__ = [
    "Agent",
    "AgentState",
    "Decision",
    "Environment",
    "Maze",
    "MeanModulation",
    "Modulation",
    "Outcome",
    "ProgressModulation",
    "Record",
    "StepModulation",
    "Trial",
    "agent_with_prior",
    "first_move_prior",
    "identity_counts",
    "maze_agent",
    "maze_walls",
    "sequences",
    "shortest_path",
    "trial",
]
