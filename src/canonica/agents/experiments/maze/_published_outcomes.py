"""The published outcomes of the maze task, and how a result compares."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from canonica._checks import checked_kind
from canonica.agents.experiments.maze._learning_summary import learning_summary


class Published(NamedTuple):
    """An outcome that was published, of trials from `first` to `last`."""

    first: int
    last: int
    success_rate: float
    mean_steps: float


# [CB22] Isomura, Shimazaki & Friston, Communications Biology 5:55, 2022: outcome of the maze task
# for e = 0.25, 20 mazes of 100 trials; a failed trial counts 20,000 steps. Section 5 of the theory.
PUBLISHED = (Published(1, 10, 0.46, 16_728.0), Published(91, 100, 0.84, 9_351.0))
PUBLISHED_SETTINGS: Mapping[str, Any] = {
    "agent": "published",
    "prior_right": 0.25,
    "height": 19,
    "width": 99,
    "window": 11,
    "max_steps": 20_000,
}
PUBLISHED_SIZES = {"maze": 20, "trial": 100}


def published_comparison(result: xr.Dataset) -> list[dict[str, Any]]:
    """Return the published outcomes, and whether each lies inside the interval of a result.

    Parameters
    ----------
    result : xarray.Dataset
        Of `maze_experiment`.

    Returns
    -------
    list of dict
        `trials`, `statistic`, `published`, `found`, `low`, `high`, `inside`; empty for a result
        by other settings or numbers of mazes and trials than the published.

    References
    ----------
    [CB22]; section 5 of the theory.
    """
    checked_kind("result", result, xr.Dataset, "an xarray.Dataset of maze_experiment")
    same = all(result.attrs.get(name) == value for name, value in PUBLISHED_SETTINGS.items())
    if not same or any(result.sizes.get(dim) != size for dim, size in PUBLISHED_SIZES.items()):
        return []
    summary = learning_summary(result)
    rows = []
    for outcome in PUBLISHED:
        part = summary.isel(block=int(np.argmax(summary["last_trial"].to_numpy() == outcome.last)))
        for name in ("success_rate", "mean_steps"):
            low, high = part[f"{name}_interval"].to_numpy().tolist()
            published = float(getattr(outcome, name))
            rows.append(
                {
                    "trials": f"{outcome.first}-{outcome.last}",
                    "statistic": name,
                    "published": published,
                    "found": float(part[name]),
                    "low": low,
                    "high": high,
                    "inside": bool(low <= published <= high),
                }
            )
    return rows
