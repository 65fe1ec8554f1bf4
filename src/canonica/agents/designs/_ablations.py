"""The efficient agent with one ingredient changed, and the published one beside it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from canonica.agents.designs._efficient_agent import efficient_agent
from canonica.agents.designs._maze_agent import POLICY_COUNT, maze_agent
from canonica.agents.network._agent import Agent
from canonica.agents.network.modulations._none import NoModulation
from canonica.agents.network.modulations._progress import ProgressModulation
from canonica.agents.worlds._maze import Maze

MakesAgent = Callable[[Maze, float], Agent]


def _with(**settings: object) -> MakesAgent:
    def made(maze: Maze, prior_right: float) -> Agent:
        return efficient_agent(maze, prior_right, **settings)  # pyright: ignore[reportArgumentType]

    return made


ABLATIONS: Mapping[str, MakesAgent] = MappingProxyType(
    {
        "published": maze_agent,
        "efficient": efficient_agent,
        "learns nothing": _with(modulation=NoModulation()),
        "published Gamma": _with(modulation=ProgressModulation(), chunk=200),
        "learns at the trial's end": _with(learning="trial"),
        "published policy counts": _with(policy_count=POLICY_COUNT),
        "pillars and cells speak too": _with(only_passages=False),
        "walls say nothing at first": _with(walls_matter=False),
        "policies that turn back": _with(turns_back=True),
        "one move of each policy": _with(moves_made=1),
        "decides from the previous states": _with(decides_from="previous"),
        "policies of 2 moves": _with(length=2),
        "policies of 5 moves": _with(length=5),
        "remembers through K": _with(remembers=True),
    }
)
"""The published agent, the efficient one, and the latter with one ingredient changed."""
