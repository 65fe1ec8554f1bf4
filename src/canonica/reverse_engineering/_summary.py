"""Results in few numbers: per recording, and per condition over its recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

ERRORS = {
    "response_error": "published forecast",
    "frozen_response_error": "frozen weights",
    "ridge_response_error": "ridge regression",
}
LAST_SESSIONS = 10
QUANTITIES = (*ERRORS, "weight_error", "free_energy_first", "free_energy_last")


@dataclass(frozen=True)
class Spread:
    """Median and range over recordings."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of `values`, of which there is at least one."""
        return cls(float(np.median(values)), float(min(values)), float(max(values)))


@dataclass(frozen=True)
class ConditionSummary:
    """What the recordings of one condition have in common.

    Parameters
    ----------
    condition : str
        Name of the condition.
    recordings : int
        How many there are.
    values : dict
        Spread over recordings of each quantity of `recording_summary`.
    best : str
        The prediction with the lowest median response error, as `ERRORS` calls it.
    wins : dict
        In how many recordings each prediction had the lowest response error.
    """

    condition: str
    recordings: int
    values: dict[str, Spread]
    best: str
    wins: dict[str, int]

    @property
    def sentence(self) -> str:
        """Which of the predictions was best, in words."""
        errors = {name: self.values[key].median for key, name in ERRORS.items()}
        first, *others = sorted(errors, key=errors.__getitem__)
        rest = ", ".join(f"{name} {errors[name]:.3f}" for name in others)
        wins = ", ".join(f"{name} {count}" for name, count in self.wins.items())
        return (
            f"{self.condition}: {first} predicted the last sessions best "
            f"(median error {errors[first]:.3f}; {rest}). "
            f"Recordings in which each was best: {wins}."
        )


def recording_summary(result: xr.Dataset) -> dict[str, float]:
    """Return the quantities of one result that tables show.

    Errors are means over the last sessions (10, or as many as were forecast); free energy is that
    of the first and of the last session, in nats.
    """
    forecast = result.sizes["session"] - int(result.attrs["initial_sessions"])
    last = result.isel(session=slice(-min(LAST_SESSIONS, forecast), None))
    free_energy = result["free_energy"].to_numpy()
    errors = [float(last[name].mean()) for name in (*ERRORS, "weight_error")]
    values = (*errors, float(free_energy[0]), float(free_energy[-1]))
    return dict(zip(QUANTITIES, values, strict=True))


def condition_summary(condition: str, recordings: Sequence[Mapping[str, Any]]) -> ConditionSummary:
    """Return the summary of a condition from the `recording_summary` of each of its recordings."""
    values = {name: Spread.of([one[name] for one in recordings]) for name in QUANTITIES}
    winners = [min(ERRORS, key=one.__getitem__) for one in recordings]
    return ConditionSummary(
        condition=condition,
        recordings=len(recordings),
        values=values,
        best=ERRORS[min(ERRORS, key=lambda name: values[name].median)],
        wins={label: winners.count(name) for name, label in ERRORS.items()},
    )
