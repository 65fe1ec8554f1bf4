"""How well the posterior of plasticity is calibrated: coverage, ranks, probabilities."""

from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from canonica._arguments import checked_arguments
from canonica.studies.plasticity._calibration import KINDS
from canonica.studies.plasticity._labelled import check_study

LEVEL = (0.5, 0.9)
RANK_BINS = 10
GROUPS = 8  # of recordings, by how probable plasticity is


@checked_arguments
def calibration_summary(found: xr.Dataset) -> xr.Dataset:
    """Return how well the posterior of plasticity is calibrated.

    Parameters
    ----------
    found : xarray.Dataset
        As `plasticity_calibration` returns it.

    Returns
    -------
    xarray.Dataset
        Of the prior strength of plastic networks: `bias` and `spread`, mean and standard deviation
        of ln(posterior median / truth); `coverage` (level) of central intervals, and
        `coverage_error`, its standard error if calibrated; `rank_count` (bin), and the p values
        `rank_chi_square_p` and `rank_kolmogorov_smirnov_p` of the ranks being uniform. Of the
        probability of plasticity, half of the networks being plastic: `predicted` and `observed`
        (group), shares in groups of as many recordings each, `observed_error`, the standard error
        of `observed` if calibrated; `brier`, the mean squared error, `brier_expected`, what it
        would be if calibrated, and `brier_p`, two-sided, of the difference.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    References
    ----------
    Spiegelhalter, Statistics in Medicine 5:421, 1986, for `brier_p`.

    Examples
    --------
    >>> from canonica.reverse_engineering.forecasting import Canonical
    >>> from canonica.studies import plasticity_calibration
    >>> model = Canonical(rates=5, memories=(1.0, float("inf")))
    >>> sizes = {"initial_sessions": 3, "trials_per_session": 8, "inputs": 4}
    >>> found = plasticity_calibration(0, draws=4, model=model, **sizes)
    >>> calibration_summary(found).coverage.dims
    ('level',)
    """
    check_study(found, "plasticity_calibration", "rank")
    values = _of_strength(found) | _of_probability(found)
    return xr.Dataset(values, {"level": list(LEVEL)}, found.attrs)


def _of_strength(found: xr.Dataset) -> dict[str, Any]:
    median = found["prior_strength"].sel(quantile=0.5).to_numpy()
    error = np.log(median / found["true_prior_strength"].to_numpy())
    rank = found["rank"].to_numpy()
    count, _ = np.histogram(rank, RANK_BINS, (0, 1))
    level = np.asarray(LEVEL)
    inside = np.abs(rank[:, None] - 0.5) <= level / 2
    return {
        "bias": error.mean(),
        "spread": error.std(),
        "coverage": ("level", inside.mean(axis=0)),
        "coverage_error": ("level", np.sqrt(level * (1 - level) / len(rank))),
        "rank_count": ("bin", count),
        "rank_chi_square_p": stats.chisquare(count).pvalue,
        "rank_kolmogorov_smirnov_p": stats.kstest(rank, "uniform").pvalue,
    }


def _of_probability(found: xr.Dataset) -> dict[str, Any]:
    said = found["probability_plastic"].to_numpy().ravel()
    true = np.repeat(np.asarray(KINDS) == KINDS[0], found.sizes["draw"])
    order = np.argsort(said)
    groups = np.array_split(order, min(GROUPS, len(order)))
    variance = said * (1 - said)
    # Of the Brier score less what it is expected to be, and its variance.
    surprise = ((true - said) * (1 - 2 * said)).sum()
    deviation = np.sqrt(((1 - 2 * said) ** 2 * variance).sum())
    return {
        "predicted": ("group", [said[group].mean() for group in groups]),
        "observed": ("group", [true[group].mean() for group in groups]),
        "observed_error": (
            "group",
            [np.sqrt(variance[group].sum()) / len(group) for group in groups],
        ),
        "brier": ((true - said) ** 2).mean(),
        "brier_expected": variance.mean(),
        "brier_p": 2 * stats.norm.sf(abs(surprise) / deviation),
    }
