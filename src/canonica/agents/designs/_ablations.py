"""The efficient agent with one ingredient changed, and the published one beside it."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from canonica.agents.designs._efficient_agent import efficient_agent
from canonica.agents.designs._maze_agent import POLICY_COUNT, maze_agent
from canonica.agents.network._agent import Agent
from canonica.agents.network.modulations._none import NoModulation
from canonica.agents.network.modulations._progress import ProgressModulation
from canonica.agents.worlds._maze import Maze

MakesAgent = Callable[[Maze, float], Agent]


ABLATIONS: Mapping[str, MakesAgent] = MappingProxyType(
    {
        "published": maze_agent,
        "efficient": efficient_agent,
        "learns nothing": partial(efficient_agent, modulation=NoModulation()),
        "published Gamma": partial(efficient_agent, modulation=ProgressModulation(), chunk=200),
        "learns at the trial's end": partial(efficient_agent, learning="trial"),
        "published policy counts": partial(efficient_agent, policy_count=POLICY_COUNT),
        "pillars and cells speak too": partial(efficient_agent, only_passages=False),
        "walls say nothing at first": partial(efficient_agent, walls_matter=False),
        "policies that turn back": partial(efficient_agent, turns_back=True),
        "one move of each policy": partial(efficient_agent, moves_made=1),
        "decides from the previous states": partial(efficient_agent, decides_from="previous"),
        "policies of 2 moves": partial(efficient_agent, length=2),
        "policies of 5 moves": partial(efficient_agent, length=5),
        "remembers through K": partial(efficient_agent, remembers=True),
    }
)
"""The published agent, the efficient one, and the latter with one ingredient changed."""
