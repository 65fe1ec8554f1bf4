"""The task of [CB22]: mazes by number, the keys of trials in them, and when time is up."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
from jaxtyping import Array

from canonica._checks import checked_seed, checked_size
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
        # Where settings stay what they are, NumPy's numbers become Python's: they go into files.
        object.__setattr__(self, "seed", checked_seed(self.seed))
        for name in ("height", "width", "window", "max_steps"):
            object.__setattr__(self, name, checked_size(name, getattr(self, name)))

    def key(self, maze: int, trial: int = 0) -> Array:
        """Return the key of a trial, counted from 1; 0 is the maze itself."""
        checked_size("maze", maze, least=0)
        checked_size("trial", trial, least=0)
        return jax.random.fold_in(jax.random.fold_in(jax.random.key(self.seed), maze), trial)

    def mazes(self, numbers: Sequence[int]) -> list[Maze]:
        """Return the mazes with these numbers, drawn by the task's seed."""
        size = {"height": self.height, "width": self.width, "window": self.window}
        return [_maze(self.key(number), **size) for number in numbers]


@partial(jax.jit, static_argnames=("height", "width", "window"))
def _maze(key: Array, *, height: int, width: int, window: int) -> Maze:
    return Maze(maze_walls(key, height=height, width=width), window)
