"""Policies of moves in a maze: which turn back, and which cells lie on their way."""

import numpy as np
from jaxtyping import Bool, Int

from canonica.agents.worlds._maze import COLUMN_STEPS, ROW_STEPS


def returns(policies: Int[np.ndarray, "policy length"], moves: int) -> Bool[np.ndarray, " policy"]:
    """Return which policies come back, at any time, to where they were so many moves earlier.

    Two moves: turning back at once. Four besides: going round a pillar, which has a wall.

    Examples
    --------
    >>> returns(np.array([[0, 1], [0, 0], [2, 3]]), 2).tolist()  # up and down, twice up, ...
    [True, False, True]
    """
    rows, columns = way_of(policies)
    back = (rows[:, moves:] == rows[:, :-moves]) & (columns[:, moves:] == columns[:, :-moves])
    return back.any(axis=1)


def is_passage(window: int) -> Bool[np.ndarray, " observation"]:
    """Return which cells of the window lie between two cells to be in: passages, or walls.

    Of the others, every one is either a cell to be in, or a pillar; their place in the window is
    always the same, because moves are two cells long.
    """
    odd = (np.arange(window) - window // 2) % 2 == 1
    return (odd[:, None] != odd).ravel()


def way_of(policies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column, in moves, before each move of a policy and after the last."""
    down, right = (np.array(steps)[policies] for steps in (ROW_STEPS, COLUMN_STEPS))
    before = ((0, 0), (1, 0))
    return np.pad(down.cumsum(axis=1), before), np.pad(right.cumsum(axis=1), before)
