"""How well agents learned, as summary.json says it."""

import math
from typing import Any

import xarray as xr

from canonica.agents.experiments import STATISTICS
from canonica.report import trial_names


def learning_rows(summary: xr.Dataset, prefix: str = "") -> list[dict[str, Any]]:
    """Return a row for each block of trials, of variables whose names begin with `prefix`."""
    rows = []
    for k, trials in enumerate(trial_names(summary)):
        row: dict[str, Any] = {"trials": trials}
        for name in STATISTICS:
            row[name] = number_or_none(summary[f"{prefix}{name}"][k])
            row[f"{name}_interval"] = bounds_or_none(summary[f"{prefix}{name}_interval"][k])
        rows.append(row)
    return rows


def number_or_none(value: Any) -> float | None:
    """Return a number fit for JSON: none for NaN."""
    number = float(value)
    return None if math.isnan(number) else number


def bounds_or_none(values: xr.DataArray) -> list[float] | None:
    """Return both ends of an interval, or none where there is none."""
    low, high = (number_or_none(value) for value in values.to_numpy())
    return None if low is None or high is None else [low, high]
