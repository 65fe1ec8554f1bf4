"""Worlds as pictures, drawn cell by cell."""

from functools import singledispatch
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped, UInt8

from canonica._checks import checked_kind
from canonica.agents.worlds._environment import Environment
from canonica.agents.worlds._maze import Maze
from canonica.agents.worlds._switching_bandit import BanditState, SwitchingBandit
from canonica.agents.worlds._t_maze import TMaze, TMazeState

Picture = UInt8[np.ndarray, "height width 3"]

# Okabe & Ito's palette, distinct to colour-blind readers too.
WHITE, PALE, GREY, DARK = (255, 255, 255), (214, 236, 249), (200, 200, 200), (60, 60, 60)
ORANGE, GREEN, BLUE = (230, 159, 0), (0, 158, 115), (0, 114, 178)
WIDEST, LARGEST_CELL = 1200, 48  # pixels
ACROSS = 32  # squares in a row of plain observations


@singledispatch
def picture(
    world: Environment, state: Any, observation: Shaped[np.ndarray, " observation"]
) -> Picture:
    """Return a world as an image; where nothing better is known, its observation as squares.

    Parameters
    ----------
    world : Environment
        Of any kind; register a function for a new one with ``picture.register``.
    state : pytree
        Of the world.
    observation : (observation,)
        What is seen there.
    """
    checked_kind("world", world, Environment, "an Environment")
    del state
    across = min(ACROSS, len(observation))
    rows = -(-len(observation) // across)
    colours = np.full((rows * across, 3), GREY, np.uint8)
    colours[: len(observation)] = np.where(np.asarray(observation)[:, None] > 0, BLUE, WHITE)
    return _enlarged(colours.reshape(rows, across, 3), grid=True)


@picture.register
def _(world: Maze, state: Any, observation: Shaped[np.ndarray, " observation"]) -> Picture:
    """Paint walls dark, what is seen pale blue, the goal green, the agent orange."""
    del observation
    walls = np.asarray(world.walls)
    row, column = int(world.rows[state]), int(world.columns[state])
    cells = np.where(walls[..., None], DARK, WHITE).astype(np.uint8)
    half = world.window // 2
    window = np.zeros_like(walls)
    window[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1] = True
    cells[window & ~walls] = PALE
    cells[window & walls] = (30, 70, 100)
    cells[world.goal_row, -1] = GREEN
    image = _enlarged(cells)
    _mark(image, (row, column), walls.shape, _disc, ORANGE)
    return image


@picture.register
def _(world: TMaze, state: TMazeState, observation: Shaped[np.ndarray, " observation"]) -> Picture:
    """Paint the rewarded arm green, the cell of the cue blue with an arrow, the agent orange."""
    del observation
    size = (world.corridor + 3, 5)
    cells = np.full((*size, 3), DARK, np.uint8)
    where = [(world.corridor + 1 - cell, 2) for cell in range(world.corridor + 1)]
    where += [(1, 1), (1, 3)]
    for cell in where:
        cells[cell] = WHITE
    cells[where[world.junction + 1 + int(state.rewarded)]] = GREEN
    cells[where[world.cue_place]] = PALE
    image = _enlarged(cells)
    arrow = _arrow if int(state.cue) else _arrow_to_the_left
    _mark(image, where[world.cue_place], size, arrow, BLUE)
    _mark(image, where[int(state.place)], size, _disc, ORANGE)
    return image


@picture.register
def _(
    world: SwitchingBandit, state: BanditState, observation: Shaped[np.ndarray, " observation"]
) -> Picture:
    """Draw bars as high as the reward probability; a disc over the last arm, filled with reward."""
    del observation
    probability = np.asarray(world.probabilities(state))
    bar, room, tall = 80, 40, 240
    image = np.full((tall + 100, room + len(probability) * (bar + room), 3), 255, np.uint8)
    floor = tall + 80
    for arm, height in enumerate(probability):
        left = room + arm * (bar + room)
        image[floor - tall : floor, left : left + bar] = PALE
        image[floor - round(tall * float(height)) : floor, left : left + bar] = BLUE
    image[floor : floor + 3] = DARK
    if int(state.arm) >= 0:
        left = room + int(state.arm) * (bar + room)
        over = image[15:65, left + 15 : left + 65]
        over[_disc(50)] = ORANGE
        if not bool(state.rewarded):
            over[8:-8, 8:-8][_disc(34)] = WHITE
    return image


def _enlarged(cells: UInt8[np.ndarray, "row column 3"], *, grid: bool = False) -> Picture:
    """Return the cells as squares of one size, as large as fits the widest picture."""
    side = _side(cells.shape[1])
    image = cells.repeat(side, axis=0).repeat(side, axis=1)
    if grid:
        image[::side] = image[:, ::side] = DARK
    return image


def _side(across: int) -> int:
    return max(4, min(LARGEST_CELL, WIDEST // across))


def _mark(
    image: Picture,
    cell: tuple[int, int],
    size: tuple[int, ...],
    shape: Any,
    colour: tuple[int, int, int],
) -> None:
    """Paint a shape into a cell of an enlarged picture."""
    side = _side(size[1])
    top, left = cell[0] * side, cell[1] * side
    image[top : top + side, left : left + side][shape(side)] = colour


def _disc(side: int) -> Bool[np.ndarray, "side side"]:
    across = (np.arange(side) + 0.5) / side - 0.5
    return across[:, None] ** 2 + across**2 < 0.38**2


def _arrow(side: int) -> Bool[np.ndarray, "side side"]:
    down, right = np.meshgrid(*2 * [(np.arange(side) + 0.5) / side - 0.5], indexing="ij")
    head = (right > 0) & (np.abs(down) < 0.45 - right)
    shaft = (right <= 0) & (right > -0.45) & (np.abs(down) < 0.15)  # noqa: PLR2004
    return head | shaft


def _arrow_to_the_left(side: int) -> Bool[np.ndarray, "side side"]:
    return _arrow(side)[:, ::-1]
