"""The task of [CB22]: mazes by number, the keys of trials in them, and when time is up."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
from jaxtyping import Array

from canonica._errors import CanonicaError
from canonica.agents.worlds._maze import HEIGHT, WIDTH, WINDOW, Maze, maze_walls

MAX_STEPS = 20_000


@dataclass(frozen=True)
class MazeTask:
    """Mazes by number, and trials in them: the same whatever else is asked for.

    Parameters
    ----------
    seed : int
        Decides everything random.
    height, width, window
        As in `maze_walls` and `Maze`.
    max_steps : int
        When a trial's time is up.
    """

    seed: int = 0
    height: int = HEIGHT
    width: int = WIDTH
    window: int = WINDOW
    max_steps: int = MAX_STEPS

    def __post_init__(self) -> None:
        for name, value, smallest in (("max_steps", self.max_steps, 1), ("seed", self.seed, 0)):
            if value < smallest:
                raise CanonicaError(f"{name}: found {value}; expected at least {smallest}.")

    def key(self, maze: int, trial: int = 0) -> Array:
        """Return the key of a trial, counted from 1; 0 is the maze itself."""
        return jax.random.fold_in(jax.random.fold_in(jax.random.key(self.seed), maze), trial)

    def mazes(self, numbers: Sequence[int]) -> list[Maze]:
        """Return the mazes of these numbers."""
        size = {"height": self.height, "width": self.width, "window": self.window}
        return [_maze(self.key(number), **size) for number in numbers]


@partial(jax.jit, static_argnames=("height", "width", "window"))
def _maze(key: Array, *, height: int, width: int, window: int) -> Maze:
    return Maze(maze_walls(key, height=height, width=width), window)
