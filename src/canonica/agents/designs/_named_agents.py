"""Agents for a maze, by name."""

from typing import Literal

from canonica._checks import described, refusal
from canonica.agents.designs._efficient_agent import efficient_agent
from canonica.agents.designs._maze_agent import maze_agent
from canonica.agents.network._agent import Agent
from canonica.agents.worlds._maze import Maze

AgentName = Literal["published", "efficient"]


def named_agent(name: str, maze: Maze, prior_right: float) -> Agent:
    """Return the agent of that name for a maze, with prior probability e of a move to the right."""
    if name == "published":
        return maze_agent(maze, prior_right)
    if name == "efficient":
        return efficient_agent(maze, prior_right)
    raise refusal("agent", described(name), "'published' or 'efficient'")
