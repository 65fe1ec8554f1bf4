"""Whether one forecast is better than others, over recordings that all were made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_array
from canonica._errors import CanonicaError, how_many, listed
from canonica._statistics import Interval, SignFlipTest, holm_adjusted, sign_flip_test

SIGNIFICANT = 0.05  # probability of naming a better model, of any in the family, where none is
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
        95 % interval of the centre of the differences; None of fewer than 6 recordings, which
        allow no such interval.
    p_value : float
        Of the exact sign-flip test: how often chance alone makes so large a mean difference.
    adjusted_p_value : float
        The same after Holm, for the reference having been compared with several models.
    smallest_p_value : float
        The smallest adjusted value that so many recordings, and models, can give.
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
    interval: Interval | None
    p_value: float
    adjusted_p_value: float
    smallest_p_value: float
    effect_size: float | None
    wins: int
    ratio_of_medians: float | None

    @property
    def better(self) -> str | None:
        """Name of the model with the lower error; None where the difference is within chance."""
        if self.adjusted_p_value > SIGNIFICANT:
            return None
        return self.reference if self.mean_difference > 0 else self.model

    @property
    def sentence(self) -> str:
        """What the recordings say of the two, in words; a better one is named only if one is."""
        return f"{self.reference} against {self.model}: {self._finding}."

    @property
    def _finding(self) -> str:
        size = f"{abs(self.mean_difference):.3g}"
        p_value = f"p = {self.adjusted_p_value:.2g}"
        if self.better is not None:
            direction = "lower" if self.better == self.reference else "higher"
            return (
                f"an error {direction} by {size} in the mean, hardly by chance ({p_value}"
                f"{self._interval_in_words}); lower in {self.wins} of "
                f"{how_many(self.recordings, 'recording')}"
            )
        if self.smallest_p_value > SIGNIFICANT:
            return (
                f"too few recordings to tell a difference from chance (of {self.recordings}, the "
                f"smallest possible p value is {self.smallest_p_value:.2g}); errors are {size} "
                "apart in the mean"
            )
        return (
            f"no difference that chance does not explain ({p_value}{self._interval_in_words}); "
            f"errors are {size} apart in the mean"
        )

    @property
    def _interval_in_words(self) -> str:
        if self.interval is None:
            return ""
        return f"; 95 % interval of the gain {self.interval.low:.3g} to {self.interval.high:.3g}"


@checked_arguments
def paired_comparison(
    errors: Mapping[str, Sequence[float] | Float[np.ndarray, " recording"]],
    reference: str,
    *,
    seed: int = 0,
) -> dict[str, PairedComparison]:
    """Return how a reference compares with each other model, recording by recording.

    Recordings are taken to be independent of each other. Whether a difference is more than chance
    is decided by `canonica._statistics.sign_flip_test`, exact for any number of recordings, and
    adjusted by Holm for how many models the reference is compared with. Of three to five
    recordings no difference can be told from chance, and none is.

    Parameters
    ----------
    errors : mapping
        For each model, its error in each recording, recordings in the same order.
    reference : str
        The model that the others are compared with.
    seed : int
        Decides which signs are flipped, where recordings are so many (more than 12) that this is
        drawn at random.

    Returns
    -------
    dict
        A `PairedComparison` for each model but the reference, by name.

    Raises
    ------
    CanonicaError
        If the reference is not among the models, or their errors are not of the same recordings,
        or not finite.

    Examples
    --------
    >>> errors = {"new": [0.1, 0.2, 0.1, 0.2], "old": [0.2, 0.4, 0.1, 0.3]}
    >>> found = paired_comparison(errors, "new")["old"]
    >>> found.wins, round(found.mean_difference, 3), found.p_value, found.better
    (3, 0.1, 0.25, None)
    """
    values = _checked(errors, reference)
    own = values.pop(reference)
    tests = {model: sign_flip_test(other - own, seed=seed) for model, other in values.items()}
    adjusted = holm_adjusted([test.p_value for test in tests.values()])
    return {
        model: _compared(model, values[model], reference, own, test, float(p_value), len(tests))
        for (model, test), p_value in zip(tests.items(), adjusted, strict=True)
    }


def _compared(  # noqa: PLR0917  (what is compared, then what was found)
    model: str,
    other: Float[np.ndarray, " recording"],
    reference: str,
    own: Float[np.ndarray, " recording"],
    test: SignFlipTest,
    adjusted_p_value: float,
    tests: int,
) -> PairedComparison:
    difference = other - own
    median = float(np.median(other))
    return PairedComparison(
        model=model,
        reference=reference,
        recordings=len(own),
        median_difference=float(np.median(difference)),
        mean_difference=float(difference.mean()),
        interval=test.interval,
        p_value=test.p_value,
        adjusted_p_value=adjusted_p_value,
        smallest_p_value=min(1.0, tests * test.smallest_p_value),
        effect_size=_effect_size(difference),
        wins=int((difference > 0).sum()),
        ratio_of_medians=float(np.median(own)) / median if median else None,
    )


def _effect_size(difference: Float[np.ndarray, " recording"]) -> float | None:
    if len(difference) == 1:
        return None
    deviation = difference.std(ddof=1)
    if deviation <= ROUNDING * np.abs(difference).max():
        return None
    return float(difference.mean() / deviation)


def _checked(
    errors: Mapping[str, Sequence[float] | Float[np.ndarray, " recording"]], reference: str
) -> dict[str, Float[np.ndarray, " recording"]]:
    if reference not in errors:
        raise CanonicaError(
            f"reference: found {reference!r}; expected one of {listed(errors)}. "
            "Compare with a model that there are errors of."
        )
    advice = "Leave out recordings that not all models could forecast."
    values = {
        model: checked_array(f"errors of {model}", row, dims=["recording"], advice=advice)
        for model, row in errors.items()
    }
    lengths = {model: len(row) for model, row in values.items()}
    if len(set(lengths.values())) > 1:
        found = listed(f"{model} {length}" for model, length in lengths.items())
        raise CanonicaError(
            f"errors: found numbers of recordings {found}; expected the same number. {advice}"
        )
    return values
