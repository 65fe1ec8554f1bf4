"""How well agents learned: tens of trials, with the uncertainty of few mazes."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._checks import check_dims, checked_size
from canonica._statistics import DRAWS, Interval, Statistic, bootstrap_interval

BLOCK = 10  # trials
MOST_BLOCKS = 20
STATISTICS = ("success_rate", "mean_steps", "median_steps")


def blocks(trials: int, block: int = BLOCK) -> list[tuple[int, int]]:
    """Return first and last trial of each block, counted from 1; the last may be shorter.

    Examples
    --------
    >>> blocks(25)
    [(1, 10), (11, 20), (21, 25)]
    """
    edges = [*range(0, trials, block), trials]
    return [(first + 1, last) for first, last in pairwise(edges)]


def legible_block(trials: int) -> int:
    """Return how many trials to take together: ten, or tens, to have a table of some lines.

    Examples
    --------
    >>> legible_block(100), legible_block(2000)
    (10, 100)
    """
    return BLOCK * -(-trials // (BLOCK * MOST_BLOCKS))


class BlockStatistic(NamedTuple):
    """A statistic of a block of trials, and what it is computed from.

    Attributes
    ----------
    values : (unit, trial)
        Steps, or whether the goal was reached.
    statistic : function
        Mean or median.
    """

    values: np.ndarray
    statistic: Statistic

    def found(self) -> float:
        """Return the value of the statistic over all units."""
        return float(self.statistic(self.values))

    def interval(self, *, draws: int = DRAWS, seed: int = 0) -> Interval:
        """Return the bootstrap interval of the statistic, over units."""
        return bootstrap_interval(self.values, self.statistic, draws=draws, seed=seed)


def block_statistics(
    steps: Float[np.ndarray, "unit trial"], reached: Float[np.ndarray, "unit trial"]
) -> dict[str, BlockStatistic]:
    """Return each statistic of a block of trials, by name; NaN where nothing was observed."""
    return {
        "success_rate": BlockStatistic(reached, np.mean),
        "mean_steps": BlockStatistic(steps, np.mean),
        "median_steps": BlockStatistic(steps, np.median),
    }


def learning_summary(result: xr.Dataset, *, block: int = BLOCK) -> xr.Dataset:
    """Return success rate and steps by blocks of trials, with bootstrap intervals over mazes.

    Parameters
    ----------
    result : xarray.Dataset
        `steps` and `reached` (maze, trial), as of `maze_experiment`.
    block : int
        Trials in a block.

    Returns
    -------
    xarray.Dataset
        `success_rate`, `mean_steps` and `median_steps` (block,), failed trials counting all
        their steps; each with its 95 % bootstrap interval, as `success_rate_interval` (block,
        bound), NaN where there are too few mazes to resample; `first_trial`, `last_trial`.

    Examples
    --------
    >>> import xarray as xr
    >>> steps = xr.DataArray([[60, 20], [40, 10]], dims=("maze", "trial"))
    >>> learning_summary(xr.Dataset({"steps": steps, "reached": steps < 60}))["mean_steps"].item()
    32.5
    """
    check_dims("result", result, dict.fromkeys(("steps", "reached"), ("maze", "trial")))
    block = checked_size("block", block)
    steps = result["steps"].transpose("maze", "trial").to_numpy().astype(float)
    reached = result["reached"].transpose("maze", "trial").to_numpy().astype(float)
    parts = blocks(steps.shape[1], block)
    rows = [
        block_statistics(steps[:, first - 1 : last], reached[:, first - 1 : last])
        for first, last in parts
    ]
    variables: dict[str, Any] = {}
    for name in STATISTICS:
        variables[name] = ("block", [row[name].found() for row in rows])
        intervals = [row[name].interval() for row in rows]
        variables[f"{name}_interval"] = (("block", "bound"), np.array(intervals))
    first_trial, last_trial = np.array(parts).T
    return xr.Dataset(
        variables,
        {
            "first_trial": ("block", first_trial),
            "last_trial": ("block", last_trial),
            "bound": ["low", "high"],
        },
    )
