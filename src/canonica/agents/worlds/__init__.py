"""Worlds for agents: two functions on JAX arrays each; they know no agent."""

from canonica.agents.worlds._environment import Environment, Outcome
from canonica.agents.worlds._gymnasium_world import GymnasiumWorld
from canonica.agents.worlds._maze import Maze, maze_walls, shortest_path
from canonica.agents.worlds._maze_task import MazeTask
from canonica.agents.worlds._pymdp_world import PymdpWorld
from canonica.agents.worlds._registered_worlds import register
from canonica.agents.worlds._switching_bandit import BanditState, SwitchingBandit
from canonica.agents.worlds._t_maze import TMaze, TMazeState
from canonica.agents.worlds._world_pictures import picture

__all__ = [
    "BanditState",
    "Environment",
    "GymnasiumWorld",
    "Maze",
    "MazeTask",
    "Outcome",
    "PymdpWorld",
    "SwitchingBandit",
    "TMaze",
    "TMazeState",
    "maze_walls",
    "picture",
    "shortest_path",
]

register()
