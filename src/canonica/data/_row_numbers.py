"""Rows of 0 and 1 as numbers, the same for rows that are the same."""

import numpy as np


def row_numbers(rows: np.ndarray) -> np.ndarray:
    """Return which of the different rows each one is, from all on to all off.

    Linear in what there is, where sorting rows is not.

    Parameters
    ----------
    rows : (row, column)
        0/1, of any type.

    Returns
    -------
    (row,) of int64
        Numbered from 0 without gaps.

    Examples
    --------
    >>> row_numbers(np.array([[0, 1], [1, 1], [0, 0], [0, 1]])).tolist()
    [1, 0, 2, 1]
    """
    numbers = np.zeros(len(rows), np.int64)
    for column in rows.T:  # without gaps after every column, so that none can overflow
        numbers = _without_gaps(2 * numbers + (column < 1))
    return numbers


def _without_gaps(numbers: np.ndarray) -> np.ndarray:
    """Return the numbers in the same order, all of which occur."""
    occurs = np.bincount(numbers) > 0
    return (np.cumsum(occurs) - 1)[numbers]
