"""From the forecasts of many recordings to what they together tell about plasticity."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica._checks import refusal
from canonica._errors import CanonicaError
from canonica.reverse_engineering.forecasting.plasticity._hierarchy import (
    PooledPlasticity,
    pooled_plasticity,
)

RULED_OUT = -1e300  # log likelihood of what could not be fitted; finite, as sums need it


class Likelihood(NamedTuple):
    """How likely a recording is at each prior strength, relative to no plasticity.

    Attributes
    ----------
    prior_strength : (strength,)
        Increasing.
    log_likelihood : (strength,)
        Finite.
    """

    prior_strength: Float[np.ndarray, " strength"]
    log_likelihood: Float[np.ndarray, " strength"]


@checked_arguments
def pooled(forecasts: Sequence[xr.Dataset], *, condition: str = "all") -> PooledPlasticity:
    """Return what recordings together tell about their plasticity.

    Parameters
    ----------
    forecasts : sequence of xarray.Dataset
        Of the recordings, by a model that estimates plasticity.
    condition : str
        What to call them together.

    Raises
    ------
    CanonicaError
        If there are none, or they are of another model.

    References
    ----------
    See `pooled_plasticity`, which this prepares.
    """
    likelihoods = [plasticity_likelihood(forecast) for forecast in forecasts]
    sound = [one for one in likelihoods if one is not None]
    if not sound or len(sound) < len(likelihoods):
        raise CanonicaError(
            f"forecasts: found {len(likelihoods)}, of which {len(sound)} estimate plasticity; "
            "expected at least one, and all of them: those of the canonical model do."
        )
    return pooled_likelihoods(sound, condition=condition)


@checked_arguments
def plasticity_likelihood(forecast: xr.Dataset) -> Likelihood | None:
    """Return how likely each prior strength is, whatever the memory; None if nothing is said.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    if not {"log_likelihood", "prior_strength"} <= set(forecast.variables):
        return None
    every = forecast["log_likelihood"].transpose("memory", "prior_strength").to_numpy()
    # Each memory is equally probable beforehand.
    values = np.logaddexp.reduce(every, axis=0) - np.log(len(every))
    values = np.where(np.isfinite(values), values, RULED_OUT)
    return Likelihood(forecast["prior_strength"].to_numpy(), values)


@checked_arguments
def pooled_likelihoods(likelihoods: Sequence[Likelihood], *, condition: str) -> PooledPlasticity:
    """Return the same from likelihoods, on one grid or on several.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    if not likelihoods:
        raise refusal("likelihoods", "none", "at least one")
    grid, every = on_one_grid(likelihoods)
    return pooled_plasticity(every, grid, condition=condition)


def on_one_grid(
    likelihoods: Sequence[Likelihood],
) -> tuple[Float[np.ndarray, " strength"], Float[np.ndarray, "recording strength"]]:
    """Return a grid of prior strengths, and log likelihoods on it.

    Grids differ where numbers of initial trials do. Then one grid spans them all, likelihoods are
    interpolated in the logarithm of the strength, and stay what they are beyond a grid's ends.
    """
    grids = [one.prior_strength for one in likelihoods]
    if all(np.array_equal(grid, grids[0]) for grid in grids):
        return grids[0], np.stack([one.log_likelihood for one in likelihoods])
    ends = min(grid[0] for grid in grids), max(grid[-1] for grid in grids)
    common = np.geomspace(*ends, max(map(len, grids)))
    every = [np.interp(np.log(common), np.log(grid), values) for grid, values in likelihoods]
    return common, np.stack(every)
