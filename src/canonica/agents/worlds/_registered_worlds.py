"""Worlds of this package as Gymnasium environments, registered when it is imported."""

import gymnasium
import jax

from canonica._checks import checked_seed
from canonica._float64 import double_precision
from canonica.agents.worlds._gymnasium_world import GymnasiumWorld
from canonica.agents.worlds._maze import HEIGHT, WIDTH, WINDOW, Maze, maze_walls
from canonica.agents.worlds._switching_bandit import HIGH, LOW, SWITCH_PROBABILITY, SwitchingBandit
from canonica.agents.worlds._t_maze import TMaze


def maze_world(
    *,
    height: int = HEIGHT,
    width: int = WIDTH,
    window: int = WINDOW,
    seed: int = 0,
    render_mode: str | None = None,
) -> GymnasiumWorld:
    """Return a `Maze` for Gymnasium, its walls drawn by `seed`; `reset` does not change them.

    Parameters
    ----------
    height, width, window : int
        As in `maze_walls` and `Maze`.
    seed : int
        Which maze.
    render_mode : "rgb_array" or None
        As in `GymnasiumWorld`.

    Examples
    --------
    >>> import gymnasium
    >>> environment = gymnasium.make("canonica/Maze-v0", height=7, width=9, window=5, seed=3)
    >>> environment.observation_space, environment.action_space
    (MultiBinary(25), Discrete(4))
    """
    key = jax.random.key(checked_seed(seed))
    with double_precision():  # the same maze whatever JAX is set to
        walls = maze_walls(key, height=height, width=width)
    return GymnasiumWorld(Maze(walls, window), render_mode)


def t_maze_world(
    *,
    corridor: int = 3,
    reliability: float = 1.0,
    cue_place: int = 0,
    render_mode: str | None = None,
) -> GymnasiumWorld:
    """Return the environment `canonica/TMaze-v0` of Gymnasium, a `TMaze`.

    Parameters
    ----------
    corridor, reliability, cue_place
        As in `TMaze`.
    render_mode : "rgb_array" or None
        As in `GymnasiumWorld`.
    """
    return GymnasiumWorld(TMaze(corridor, reliability, cue_place), render_mode)


def bandit_world(
    *,
    reward_probability: tuple[float, ...] = (HIGH, LOW),
    switch_probability: float = SWITCH_PROBABILITY,
    switch_after: int | None = None,
    render_mode: str | None = None,
) -> GymnasiumWorld:
    """Return the environment `canonica/SwitchingBandit-v0` of Gymnasium, a `SwitchingBandit`.

    Parameters
    ----------
    reward_probability, switch_probability, switch_after
        As in `SwitchingBandit`.
    render_mode : "rgb_array" or None
        As in `GymnasiumWorld`.
    """
    bandit = SwitchingBandit(reward_probability, switch_probability, switch_after)
    return GymnasiumWorld(bandit, render_mode)


def register() -> None:
    """Make the worlds known to `gymnasium.make`, once, each with its time limit."""
    for name, function, steps in (
        ("canonica/Maze-v0", maze_world, 20_000),
        ("canonica/TMaze-v0", t_maze_world, 60),
        ("canonica/SwitchingBandit-v0", bandit_world, 100),
    ):
        if name not in gymnasium.registry:
            point = f"{__name__}:{function.__name__}"
            gymnasium.register(name, entry_point=point, max_episode_steps=steps)
