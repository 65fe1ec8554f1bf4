"""The maze of [CB22]: pillars, a wall grown from each, a goal in the right border."""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Int

from canonica._checks import checked_kind, checked_size, described, refusal
from canonica._float64 import standard_promotion
from canonica._keys import checked_key
from canonica.agents.worlds._environment import Environment, Outcome

HEIGHT, WIDTH, WINDOW = 19, 99, 11
LONGEST_SIDE, WIDEST_WINDOW = 999, 99  # beyond, what is seen from all places fills the memory
MOVES = ("up", "down", "left", "right")
ROW_STEPS, COLUMN_STEPS = (-1, 1, 0, 0), (0, 0, -1, 1)


class Maze(Environment):
    """A maze of walls on a grid, seen through a window.

    Cells with two odd coordinates are free; a move leads from one to the next, where the wall
    between them is missing. The trial ends in the gap of the right border.

    Parameters
    ----------
    walls : (row, column)
        True where there is a wall; both sizes odd. `maze_walls` draws them.
    window : int
        Rows and columns that are seen, odd, the agent in the middle; outside all is wall.

    Raises
    ------
    CanonicaError
        If sizes are not odd, or too small.

    References
    ----------
    [CB22] Methods and Fig. 4; section 5 of the theory.

    Examples
    --------
    >>> import jax
    >>> maze = Maze(maze_walls(jax.random.key(0), height=7, width=9), window=5)
    >>> place, observation = maze.reset(jax.random.key(1))
    >>> maze.moves, maze.observations, observation.shape
    (4, 25, (25,))
    """

    walls: Bool[Array, "row column"]
    window: int = eqx.field(static=True)
    columns: Int[Array, " place"]
    next_place: Int[Array, "place move"]
    seen: Bool[Array, "place observation"]

    def __init__(self, walls: Bool[Array, "row column"], window: int = WINDOW) -> None:
        self.walls = _checked_walls(walls)
        self.window = _checked_odd("window", window, smallest=3, largest=WIDEST_WINDOW)
        # Tables, made once: all that a step needs.
        self.columns = self._columns()
        self.next_place = self._next_place()
        self.seen = self._seen()

    @property
    def moves(self) -> int:
        """Number of moves: up, down, left and right."""
        return len(MOVES)

    @property
    def observations(self) -> int:
        """Number of cells in the window, each an observation."""
        return self.window**2

    @property
    def views(self) -> Bool[Array, "place observation"]:
        """What is seen in each place: 1 is wall, and so is all that is outside."""
        return self.seen

    @property
    def cells_across(self) -> int:
        """Number of free cells in a row."""
        return self.walls.shape[-1] // 2

    @property
    def places(self) -> int:
        """Where an agent can be: all free cells, row by row, and the goal."""
        return (self.walls.shape[-2] // 2) * self.cells_across + 1

    @property
    def goal(self) -> int:
        """The place in the gap of the right border."""
        return self.places - 1

    @property
    def goal_row(self) -> int:
        """Row of start and goal: the middle one, or the next that has free cells."""
        return _middle(self.walls.shape[-2])

    @property
    def start(self) -> int:
        """The place in column 1 of the goal's row."""
        return (self.goal_row // 2) * self.cells_across

    @property
    def rows(self) -> Int[Array, " place"]:
        """Row of each place in the grid of walls and cells."""
        places = jnp.arange(self.places)
        row = 2 * (places // self.cells_across) + 1
        return jnp.where(places == self.goal, self.goal_row, row)

    @standard_promotion()
    def _columns(self) -> Int[Array, " place"]:
        places = jnp.arange(self.places)
        column = 2 * (places % self.cells_across) + 1
        return jnp.where(places == self.goal, self.walls.shape[1] - 1, column)

    @standard_promotion()
    def _seen(self) -> Bool[Array, "place observation"]:
        padded = jnp.pad(self.walls, self.window // 2, constant_values=True)

        def seen(row: Int[Array, ""], column: Int[Array, ""]) -> Array:
            return lax.dynamic_slice(padded, (row, column), (self.window, self.window)).ravel()

        return jax.vmap(seen)(self.rows, self.columns)

    @standard_promotion()
    def _next_place(self) -> Int[Array, "place move"]:
        rows, columns = self.rows[:, None], self.columns[:, None]
        down, right = jnp.array(ROW_STEPS), jnp.array(COLUMN_STEPS)
        # Beyond the gap of the goal there is nothing to step on: a wall, like all outside.
        walls = jnp.pad(self.walls, 1, constant_values=True)
        free = ~walls[rows + down + 1, columns + right + 1]
        place = (rows + 2 * down) // 2 * self.cells_across + (columns + 2 * right) // 2
        led = jnp.where(columns + 2 * right >= self.walls.shape[1], self.goal, place)
        # A step back from the goal leads to the last cell of its row.
        back = (self.goal_row // 2 + 1) * self.cells_across - 1
        here = jnp.arange(self.places)[:, None]
        led = jnp.where(here == self.goal, back, led)
        return jnp.where(free, led, here).astype(jnp.int32)

    @standard_promotion()
    def reset(self, key: Array) -> tuple[Int[Array, ""], Bool[Array, " observation"]]:
        """Return the place where trials start, and the view from it."""
        del key
        return jnp.asarray(self.start, jnp.int32), self.seen[self.start]

    @standard_promotion()
    def step(self, state: Int[Array, ""], move: Int[Array, ""], key: Array) -> Outcome:
        """Return where `move` leads: risk 0 if the column grew, 1 if it fell, 0.5 otherwise."""
        del key
        place = self.next_place[state, move]
        advance = jnp.sign(self.columns[place] - self.columns[state])
        return Outcome(place, self.seen[place], (1 - advance) / 2, place == self.goal)

    def view(self, state: Int[Array, ""]) -> Int[Array, ""]:
        """Return the number of the view, which is that of the place."""
        return state


def _middle(height: int) -> int:
    """Return the middle row, or the next one where it has pillars instead of cells."""
    return (height // 2) | 1


def maze_walls(
    key: Array, *, height: int = HEIGHT, width: int = WIDTH
) -> Bool[Array, "row column"]:
    """Return the walls of a random maze; the goal can always be reached.

    From every pillar, row by row, one wall grows towards a random neighbour that is no wall yet.

    Parameters
    ----------
    key : jax.Array
        Decides the maze, with the precision that JAX has at the moment: in single and in double
        precision other numbers are drawn.
    height, width : int
        Odd, 5 at least.

    Raises
    ------
    CanonicaError
        If sizes are not odd, or too small.

    References
    ----------
    [CB22] Methods; section 5 of the theory.
    """
    height, width = (
        _checked_odd(name, size, smallest=5, largest=LONGEST_SIDE)
        for name, size in (("height", height), ("width", width))
    )
    return _grown_walls(checked_key(key), height=height, width=width)


@partial(jax.jit, static_argnames=("height", "width"))
@standard_promotion()
def _grown_walls(key: Array, *, height: int, width: int) -> Bool[Array, "row column"]:
    row, column = jnp.arange(height)[:, None], jnp.arange(width)[None]
    border = (row == 0) | (row == height - 1) | (column == 0) | (column == width - 1)
    walls = border | ((row % 2 == 0) & (column % 2 == 0))
    across = width // 2 - 1
    pillars = (height // 2 - 1) * across
    down, right = jnp.array(ROW_STEPS), jnp.array(COLUMN_STEPS)
    draws = jax.random.uniform(key, (pillars, len(MOVES)))

    def grown(pillar: Int[Array, ""], walls: Array) -> Array:
        y, x = 2 * (pillar // across) + 2 + down, 2 * (pillar % across) + 2 + right
        # The largest of four draws among those left is any of them with equal probability.
        towards = jnp.argmax(jnp.where(walls[y, x], -1, draws[pillar]))
        return walls.at[y[towards], x[towards]].set(True)

    walls = lax.fori_loop(0, pillars, grown, walls)
    return walls.at[_middle(height), width - 1].set(False)


def _checked_odd(name: str, value: Any, *, smallest: int, largest: int) -> int:
    size = checked_size(name, value, least=smallest, most=largest)
    if size % 2 == 0:
        raise refusal(name, size, f"an odd number, from {smallest} to {largest}")
    return size


def _checked_walls(walls: Any) -> Bool[Array, "row column"]:
    """Return walls of a shape that a maze can have; inside compiled code no values are seen."""
    array = isinstance(walls, np.ndarray | jax.Array)
    if not array or walls.dtype.kind != "b" or walls.ndim != 2:  # noqa: PLR2004
        raise refusal("walls", described(walls), "an array of bools (row, column)")
    for side in walls.shape:
        _checked_odd("walls", side, smallest=5, largest=LONGEST_SIDE)
    return jnp.asarray(walls)


@standard_promotion()
def shortest_path(maze: Maze) -> Int[Array, ""]:
    """Return the number of moves on a shortest path from start to goal; -1 if there is none.

    Parameters
    ----------
    maze : Maze
        Of any size.

    Raises
    ------
    CanonicaError
        If it is no maze.
    """
    following = checked_kind("maze", maze, Maze, "a Maze").next_place

    def onward(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        reached, _, steps = state
        more = jnp.zeros_like(reached).at[following.ravel()].max(jnp.repeat(reached, maze.moves))
        return reached | more, (more & ~reached).any(), steps + 1

    def goes_on(state: tuple[Array, Array, Array]) -> Array:
        reached, grew, _ = state
        return grew & ~reached[maze.goal]

    start = jnp.zeros(maze.places, bool).at[maze.start].set(True)
    reached, _, steps = lax.while_loop(goes_on, onward, (start, jnp.array(True), jnp.int32(0)))
    return jnp.where(reached[maze.goal], steps, -1)
