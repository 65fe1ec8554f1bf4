"""Whether one forecast is better than others, over recordings that all were made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from canonica._errors import CanonicaError, listed

CONFIDENCE = 0.95
FEWEST_RECORDINGS = 3  # whose resampling says something about others
ROUNDING = 1e-12  # differences that vary by less than this share of theirs do not vary


@dataclass(frozen=True)
class PairedComparison:
    """Errors of another model less those of a reference: positive where the reference is better.

    Parameters
    ----------
    model, reference : str
        Names of the two forecasting models.
    recordings : int
        Number of recordings that both have forecast.
    median_difference, mean_difference : float
        Median and mean of the differences over recordings.
    interval : (float, float) or None
        Bootstrap 95 % interval of the mean difference; None with fewer than 3 recordings.
    effect_size : float or None
        Mean difference over the standard deviation of differences; None where they do not vary.
    wins : int
        In how many recordings the reference has the lower error.
    ratio_of_medians : float or None
        Median error of the reference over that of the other; None where the other has none.
    """

    model: str
    reference: str
    recordings: int
    median_difference: float
    mean_difference: float
    interval: tuple[float, float] | None
    effect_size: float | None
    wins: int
    ratio_of_medians: float | None

    @property
    def sentence(self) -> str:
        """Which of the two is better, in words."""
        size = f"{abs(self.mean_difference):.3g}"
        if self.mean_difference == 0:
            finding = "the same error in the mean"
        elif self.mean_difference > 0:
            finding = f"an error lower by {size} in the mean"
        else:
            finding = f"an error higher by {size} in the mean"
        return (
            f"{self.reference} against {self.model}: {finding}, {self._certainty}; "
            f"better in {self.wins} of {self.recordings} recordings."
        )

    @property
    def _certainty(self) -> str:
        if self.interval is None:
            return "chance or not, the recordings are too few to say"
        low, high = self.interval
        chance = "hardly chance" if low > 0 or high < 0 else "possibly chance"
        return f"{chance} (95 % interval of the gain {low:.3g} to {high:.3g})"


def paired_comparison(
    errors: Mapping[str, Sequence[float] | Float[np.ndarray, " recording"]],
    reference: str,
    *,
    seed: int = 0,
    draws: int = 10_000,
) -> dict[str, PairedComparison]:
    """Return how a reference compares with each other model, recording by recording.

    The interval is that of the mean over recordings drawn with replacement, the same for all
    models: its percentiles (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    chapter 13). With few recordings it is somewhat too narrow.

    Parameters
    ----------
    errors : mapping
        For each model, its error in each recording, recordings in the same order.
    reference : str
        The model that the others are compared with.
    seed : int
        Decides which recordings are drawn.
    draws : int
        How often recordings are resampled.

    Raises
    ------
    CanonicaError
        If the reference is not among the models, or their errors are not of the same recordings,
        or not finite.

    Examples
    --------
    >>> errors = {"new": [0.1, 0.2, 0.1, 0.2], "old": [0.2, 0.4, 0.1, 0.3]}
    >>> found = paired_comparison(errors, "new")["old"]
    >>> found.wins, round(found.mean_difference, 3)
    (3, 0.1)
    """
    values = _checked(errors, reference, draws)
    recordings = len(values[reference])
    drawn = np.random.default_rng(seed).integers(recordings, size=(draws, recordings))
    return {
        model: _compared(model, other, reference, values[reference], drawn)
        for model, other in values.items()
        if model != reference
    }


def _compared(
    model: str,
    other: Float[np.ndarray, " recording"],
    reference: str,
    own: Float[np.ndarray, " recording"],
    drawn: np.ndarray,
) -> PairedComparison:
    difference = other - own
    median = float(np.median(other))
    return PairedComparison(
        model=model,
        reference=reference,
        recordings=len(own),
        median_difference=float(np.median(difference)),
        mean_difference=float(difference.mean()),
        interval=_interval(difference[drawn].mean(axis=1)) if _enough(own) else None,
        effect_size=_effect_size(difference),
        wins=int((difference > 0).sum()),
        ratio_of_medians=float(np.median(own)) / median if median else None,
    )


def _enough(values: np.ndarray) -> bool:
    return len(values) >= FEWEST_RECORDINGS


def _interval(means: Float[np.ndarray, " draw"]) -> tuple[float, float]:
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _effect_size(difference: Float[np.ndarray, " recording"]) -> float | None:
    if len(difference) == 1:
        return None
    deviation = difference.std(ddof=1)
    if deviation <= ROUNDING * np.abs(difference).max():
        return None
    return float(difference.mean() / deviation)


def _checked(
    errors: Mapping[str, Sequence[float] | Float[np.ndarray, " recording"]],
    reference: str,
    draws: int,
) -> dict[str, Float[np.ndarray, " recording"]]:
    if reference not in errors:
        raise CanonicaError(
            f"reference: found {reference!r}; expected one of {listed(errors)}. "
            "Compare with a model that there are errors of."
        )
    if draws < 1:
        raise CanonicaError(
            f"draws: found {draws}; expected at least 1. Some thousands make the interval steady."
        )
    values = {model: np.asarray(row, np.float64) for model, row in errors.items()}
    lengths = {model: len(row) for model, row in values.items()}
    if len(set(lengths.values())) > 1 or not lengths[reference]:
        found = listed(f"{model} {length}" for model, length in lengths.items())
        raise CanonicaError(
            f"errors: found numbers of recordings {found}; expected the same number, at least 1. "
            "Leave out recordings that not all models could forecast."
        )
    for model, row in values.items():
        if not np.isfinite(row).all():
            raise CanonicaError(
                f"errors of {model}: found {listed(row[~np.isfinite(row)])}; expected finite "
                "numbers. Leave out recordings that not all models could forecast."
            )
    return values
