"""Predicted and observed learning side by side, and how far they are apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._checks import check_dims, checked_size
from canonica._statistics import FEWEST_UNITS, bootstrap_difference, bootstrap_interval
from canonica.agents.experiments.maze._learning_summary import (
    BLOCK,
    BlockStatistic,
    block_statistics,
    blocks,
)

NORMAL_95 = 1.959964  # standard deviations either side


def transplant_summary(found: xr.Dataset, *, block: int = BLOCK) -> xr.Dataset:
    """Return predicted and observed learning by blocks of trials, and how far they are apart.

    Parameters
    ----------
    found : xarray.Dataset
        Of `transplant` or `transplant_study`.
    block : int
        Trials in a block.

    Returns
    -------
    xarray.Dataset
        Of `success_rate`, `mean_steps` and `median_steps`: `predicted_...`, `observed_...` and
        `difference_...`, predicted less observed, (group, block), each with its 95 % interval
        (group, block, bound), by bootstrap over fresh agents and over observed ones; NaN where
        nothing was observed, or too few. As far as fresh agents have their priors of different
        others, the interval holds the sampling error of the priors too; fresh agents of a single
        one share its error, which `estimated_prior_right_interval` shows. That and
        `estimated_prior_right` (group,) are of the mean over agents: by bootstrap, or, of too
        few, as for decisions that do not depend on each other.
    """
    each = {"predicted": "maze", "observed": "agent"}
    check_dims(
        "found",
        found,
        {f"{kind}_steps": ("group", dim, "trial") for kind, dim in each.items()}
        | {f"{kind}_reached": ("group", dim, "trial") for kind, dim in each.items()}
        | {
            "estimated_first_move": ("group", "agent", "move"),
            "decisions_observed": ("group", "agent"),
        },
    )
    block = checked_size("block", block)
    groups = [_group_summary(found.isel(group=k), block) for k in range(found.sizes["group"])]
    return xr.concat(groups, dim="group").assign_coords(group=found["group"])


def _group_summary(one: xr.Dataset, block: int) -> xr.Dataset:
    predicted, observed = (
        [
            one[f"{kind}_{part}"].transpose(unit, "trial").to_numpy().astype(float)
            for part in ("steps", "reached")
        ]
        for kind, unit in (("predicted", "maze"), ("observed", "agent"))
    )
    parts = blocks(one.sizes["trial"], block)
    rows = [_compared(predicted, observed, slice(first - 1, last)) for first, last in parts]
    right = one["estimated_first_move"].sel(move="right").to_numpy().astype(float)
    interval = _prior_interval(right, one["decisions_observed"].to_numpy())
    first_trial, last_trial = np.array(parts).T
    of_blocks = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return xr.Dataset(
        {
            **{
                name: (("block", "bound")[: values.ndim], values)
                for name, values in of_blocks.items()
            },
            "estimated_prior_right": ((), right.mean()),
            "estimated_prior_right_interval": ("bound", np.array(interval)),
        },
        {
            "first_trial": ("block", first_trial),
            "last_trial": ("block", last_trial),
            "bound": ["low", "high"],
        },
    )


def _compared(
    predicted: Sequence[np.ndarray], observed: Sequence[np.ndarray], trials: slice
) -> dict[str, Any]:
    """Return all statistics of a block of trials, and intervals; NaN where nothing was observed."""
    of_fresh, of_observed = (
        block_statistics(steps[:, trials], reached[:, trials])
        for steps, reached in (predicted, observed)
    )
    found: dict[str, Any] = {}
    for name, fresh in of_fresh.items():
        other = of_observed[name]
        values = fresh.found(), other.found()
        found |= {f"predicted_{name}": values[0], f"observed_{name}": values[1]}
        found |= {
            f"difference_{name}": values[0] - values[1],
            f"predicted_{name}_interval": fresh.interval(seed=1),
            f"observed_{name}_interval": other.interval(seed=2),
            f"difference_{name}_interval": _difference(fresh, other),
        }
    return found


def _difference(one: BlockStatistic, other: BlockStatistic) -> tuple[float, float]:
    return bootstrap_difference(one.values, other.values, one.statistic, seed=1)


def _prior_interval(
    right: Float[np.ndarray, " agent"], decisions: Int[np.ndarray, " agent"]
) -> tuple[float, float]:
    """Return the interval of the mean prior of a move to the right."""
    if len(right) >= FEWEST_UNITS:
        return bootstrap_interval(right, seed=3)
    error = np.sqrt((right * (1 - right) / np.maximum(decisions, 1)).sum()) / len(right)
    mean = right.mean()
    return float(max(mean - NORMAL_95 * error, 0)), float(min(mean + NORMAL_95 * error, 1))
