"""Results in few numbers: per recording, and per condition over its recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import refusal
from canonica._errors import listed
from canonica._of_results import of_results
from canonica._statistics import holm_adjusted, sign_flip_test

SIGNIFICANT = 0.05  # probability of naming a best prediction where none is
ERRORS = {
    "response_error": "published forecast",
    "frozen_response_error": "frozen weights",
    "ridge_response_error": "ridge regression",
}
LAST_SESSIONS = 10
QUANTITIES = (*ERRORS, "weight_error", "free_energy_first", "free_energy_last")


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest value of a quantity over recordings."""

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
    lowest : str
        The prediction with the lowest median response error, as `ERRORS` calls it.
    best : str or None
        The same, if its error is lower than that of each other prediction by more than chance
        explains; else None.
    p_value, smallest_p_value : float
        The largest of the p values of its comparisons with the others, by exact sign-flip tests
        and after Holm for all pairs of predictions; and the smallest that so many recordings allow.
    wins : dict
        In how many recordings each prediction had the lowest response error.
    """

    condition: str
    recordings: int
    values: dict[str, Spread]
    lowest: str
    best: str | None
    p_value: float
    smallest_p_value: float
    wins: dict[str, int]

    @property
    def sentence(self) -> str:
        """Which of the predictions was best, in words."""
        errors = {name: self.values[key].median for key, name in ERRORS.items()}
        rest = ", ".join(
            f"{name} {errors[name]:.3f}"
            for name in sorted(errors, key=errors.__getitem__)
            if name != self.lowest
        )
        wins = ", ".join(f"{name} {count}" for name, count in self.wins.items())
        return (
            f"{self.condition}: {self.lowest} {self._found} "
            f"(median error {errors[self.lowest]:.3f}; {rest}). "
            f"Recordings in which each was best: {wins}."
        )

    @property
    def _found(self) -> str:
        if self.best is not None:
            return f"predicted the last sessions best, hardly by chance (p = {self.p_value:.2g})"
        lowest = "had the lowest error in the last sessions, but"
        if self.smallest_p_value > SIGNIFICANT:
            return (
                f"{lowest} {self._recordings} too few to tell that from chance, the "
                f"smallest possible p value being {self.smallest_p_value:.2g}"
            )
        return f"{lowest} not by more than chance explains (p = {self.p_value:.2g})"

    @property
    def _recordings(self) -> str:
        return "1 recording is" if self.recordings == 1 else f"{self.recordings} recordings are"


@of_results(result=("session", "free_energy", "weight_error", "initial_sessions", *ERRORS))
def recording_summary(result: xr.Dataset) -> dict[str, float]:
    """Return the quantities of one result that tables show.

    Errors are means over the last sessions (10, or as many as were forecast); free energy is that
    of the first and of the last session, in nats.

    Raises
    ------
    CanonicaError
        If `result` is not what canonica returns.
    """
    forecast = result.sizes["session"] - int(result.attrs["initial_sessions"])
    last = result.isel(session=slice(-min(LAST_SESSIONS, forecast), None))
    free_energy = result["free_energy"].to_numpy()
    errors = [float(last[name].mean()) for name in (*ERRORS, "weight_error")]
    values = (*errors, float(free_energy[0]), float(free_energy[-1]))
    return dict(zip(QUANTITIES, values, strict=True))


@checked_arguments
def condition_summary(condition: str, recordings: Sequence[Mapping[str, Any]]) -> ConditionSummary:
    """Return the summary of a condition from the `recording_summary` of each of its recordings.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    lacking = [name for one in recordings for name in QUANTITIES if name not in one]
    if lacking or not recordings:
        found = f"one without {listed(dict.fromkeys(lacking))}" if lacking else "none"
        raise refusal("recordings", found, "at least one, as recording_summary returns it")
    values = {name: Spread.of([one[name] for one in recordings]) for name in QUANTITIES}
    winners = [min(ERRORS, key=one.__getitem__) for one in recordings]
    lowest = min(ERRORS, key=lambda name: values[name].median)
    p_value, smallest, lower = _against_others(recordings, lowest)
    return ConditionSummary(
        condition=condition,
        recordings=len(recordings),
        values=values,
        lowest=ERRORS[lowest],
        best=ERRORS[lowest] if lower and p_value <= SIGNIFICANT else None,
        p_value=p_value,
        smallest_p_value=smallest,
        wins={label: winners.count(name) for name, label in ERRORS.items()},
    )


def _against_others(
    recordings: Sequence[Mapping[str, Any]], lowest: str
) -> tuple[float, float, bool]:
    """Return the largest p value of a prediction's comparisons, the smallest, and if it is lower.

    All pairs are tested, for which prediction is compared with the others was decided by the same
    numbers.
    """
    pairs = list(combinations(ERRORS, 2))
    differences = [np.array([one[b] - one[a] for one in recordings]) for a, b in pairs]
    tests = [sign_flip_test(difference) for difference in differences]
    adjusted = holm_adjusted([test.p_value for test in tests])
    own = [number for number, pair in enumerate(pairs) if lowest in pair]
    lower = all((differences[number].mean() > 0) == (pairs[number][0] == lowest) for number in own)
    smallest = min(1.0, len(pairs) * tests[0].smallest_p_value)
    return float(adjusted[own].max()), smallest, lower
