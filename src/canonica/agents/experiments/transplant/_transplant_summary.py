"""Predicted and observed learning side by side, and how far they are apart."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._statistics import FEWEST_UNITS, bootstrap_interval, percentiles
from canonica.agents.experiments.maze._learning_summary import (
    BLOCK,
    STATISTICS,
    block_draws,
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
    groups = [_group_summary(found.isel(group=k), block) for k in range(found.sizes["group"])]
    return xr.concat(groups, dim="group").assign_coords(group=found["group"])


def _group_summary(one: xr.Dataset, block: int) -> xr.Dataset:
    predicted = [
        one[name].transpose("maze", "trial").to_numpy().astype(float)
        for name in ("predicted_steps", "predicted_reached")
    ]
    observed = [
        one[name].transpose("agent", "trial").to_numpy()
        for name in ("observed_steps", "observed_reached")
    ]
    parts = blocks(one.sizes["trial"], block)
    values: dict[str, list[float]] = {}
    intervals: dict[str, list[tuple[float, float]]] = {}
    for first, last in parts:
        rows = slice(first - 1, last)
        drawn = {
            "predicted": block_draws(predicted[0][:, rows], predicted[1][:, rows] > 0, seed=1),
            "observed": _observed_draws(observed[0][:, rows], observed[1][:, rows]),
        }
        for name in STATISTICS:
            a, b = drawn["predicted"][name], drawn["observed"][name]
            for kind, (value, draws) in {
                "predicted": a,
                "observed": b,
                "difference": (a[0] - b[0], a[1] - b[1]),
            }.items():
                values.setdefault(f"{kind}_{name}", []).append(value)
                intervals.setdefault(f"{kind}_{name}_interval", []).append(percentiles(draws))
    right = one["estimated_first_move"].sel(move="right").to_numpy().astype(float)
    interval = _prior_interval(right, one["decisions_observed"].to_numpy())
    first_trial, last_trial = np.array(parts).T
    return xr.Dataset(
        {
            **{name: ("block", rows) for name, rows in values.items()},
            **{name: (("block", "bound"), np.array(rows)) for name, rows in intervals.items()},
            "estimated_prior_right": ((), right.mean()),
            "estimated_prior_right_interval": ("bound", np.array(interval)),
        },
        {
            "first_trial": ("block", first_trial),
            "last_trial": ("block", last_trial),
            "bound": ["low", "high"],
        },
    )


def _observed_draws(
    steps: Float[np.ndarray, "agent trial"], reached: Float[np.ndarray, "agent trial"]
) -> dict[str, tuple[float, np.ndarray]]:
    if np.isnan(steps).any():
        missing = block_draws(np.zeros((1, 1)), np.zeros((1, 1), bool), seed=2)
        return {name: (np.nan, draws) for name, (_, draws) in missing.items()}
    return block_draws(steps, reached > 0, seed=2)


def _prior_interval(
    right: Float[np.ndarray, " agent"], decisions: Int[np.ndarray, " agent"]
) -> tuple[float, float]:
    """Return the interval of the mean prior of a move to the right."""
    if len(right) >= FEWEST_UNITS:
        return bootstrap_interval(right, seed=3)
    error = np.sqrt((right * (1 - right) / np.maximum(decisions, 1)).sum()) / len(right)
    mean = right.mean()
    return float(max(mean - NORMAL_95 * error, 0)), float(min(mean + NORMAL_95 * error, 1))
