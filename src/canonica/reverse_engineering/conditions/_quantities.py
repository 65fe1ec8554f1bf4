"""What is compared between cultures: each a number for a culture, with its name and unit."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

from canonica._of_results import of_results
from canonica.reverse_engineering._summary import LAST_SESSIONS

Values = dict[str, float]


class Quantity(NamedTuple):
    """A number that every culture has.

    Attributes
    ----------
    label : str
        What it is, in words.
    unit : str
        Of the number; 1 for none.
    """

    label: str
    unit: str


QUANTITIES = {
    "implicit_prior": Quantity("implicit prior of a source being on, mean exp(phi1)", "1"),
    "initial_response": Quantity("excitability: mean response in the initial sessions", "spikes"),
    "log10_plasticity_rate": Quantity("plasticity: log10 of the rate, 1 / prior strength", "1"),
    "plasticity_log_evidence": Quantity("log evidence that the network learns at all", "nat"),
    "free_energy_change": Quantity("free energy, last less initial sessions", "nat"),
    "free_energy_slope": Quantity("free energy, slope over sessions", "nat/session"),
    "accuracy_change": Quantity("accuracy, last less initial sessions", "nat"),
    "accuracy_slope": Quantity("accuracy, slope over sessions", "nat/session"),
    "complexity_change": Quantity("complexity, last less initial sessions", "nat"),
    "complexity_slope": Quantity("complexity, slope over sessions", "nat/session"),
    "selectivity": Quantity("selectivity: preference of ensembles for their source", "spikes"),
    "distance_to_ideal": Quantity("distance to the ideal posterior, last sessions", "1"),
    "response_error": Quantity("response error of the published forecast", "1"),
    "weight_error": Quantity("weight error of the published forecast", "1"),
    "forecast_squared_error": Quantity("squared error of the blind forecast", "1"),
    "forecast_crps": Quantity("CRPS of the blind forecast", "1"),
    "forecast_log_score": Quantity("log score of the blind forecast", "nat"),
}


@of_results(
    result=("session", "firing_threshold_factor", "free_energy", "initial_sessions"),
    scores=("session", "horizon", "squared_error", "crps", "log_score"),
)
def culture_quantities(
    result: xr.Dataset, forecast: xr.Dataset | None = None, scores: xr.Dataset | None = None
) -> Values:
    """Return what one culture says in a few numbers; NaN for what is not known of it.

    Parameters
    ----------
    result : xarray.Dataset
        As `canonica.reverse_engineer` returns it.
    forecast, scores : xarray.Dataset, optional
        As `canonica.forecast` and `canonica.score` return them, of the same recording.

    Returns
    -------
    dict of str to float
        Every name of `QUANTITIES`. Changes are means of the last sessions (10, or as many as follow
        the initial ones) less means of the initial ones; slopes are of least squares over all
        sessions; errors and scores are means of the last sessions.

    Raises
    ------
    CanonicaError
        If `result` or `scores` is not what canonica returns, or another argument is not of the kind
        that the signature says.
    """
    values = dict.fromkeys(QUANTITIES, np.nan)
    values |= _thresholds(result) | _energies(result) | _errors(result)
    if "preference" in result:
        values["selectivity"] = _selectivity(result)
    if forecast is not None:
        values |= _plasticity(forecast)
    if scores is not None:
        later = _last(scores, int((scores["horizon"] > 0).sum()))
        values |= {
            f"forecast_{name}": float(later[name].mean())
            for name in ("squared_error", "crps", "log_score")
        }
    return values


def _later(result: xr.Dataset) -> int:
    return result.sizes["session"] - int(result.attrs["initial_sessions"])


def _last(dataset: xr.Dataset, later: int) -> xr.Dataset:
    return dataset.isel(session=slice(-min(LAST_SESSIONS, later), None))


def _thresholds(result: xr.Dataset) -> Values:
    prior = np.exp(result["firing_threshold_factor"].sel(level=1))
    values = {"implicit_prior": float(prior.mean())}
    if "mean_ensemble_response" in result:
        initial = slice(int(result.attrs["initial_sessions"]))
        response = result["mean_ensemble_response"].isel(session=initial)
        values["initial_response"] = float(response.mean())
    return values


def _energies(result: xr.Dataset) -> Values:
    return {
        f"{name}_{what}": of(result, name)
        for name in ("free_energy", "accuracy", "complexity")
        for what, of in _TIME.items()
    }


def _change(result: xr.Dataset, name: str) -> float:
    initial = result.isel(session=slice(int(result.attrs["initial_sessions"])))
    return float(_last(result, _later(result))[name].mean() - initial[name].mean())


def _slope(result: xr.Dataset, name: str) -> float:
    values = result[name].to_numpy()
    return float(np.polynomial.polynomial.polyfit(np.arange(len(values)), values, 1)[1])


_TIME: dict[str, Callable[[xr.Dataset, str], float]] = {"change": _change, "slope": _slope}


def _selectivity(result: xr.Dataset) -> float:
    """Return the mean over ensembles of their electrodes' preference for the ensemble's source."""
    members = result["electrode_ensemble"].to_numpy()
    preference = result["preference"].transpose("electrode", "ensemble").to_numpy()
    means = [
        preference[members == number + 1, number].mean() for number in range(preference.shape[1])
    ]
    return float(np.mean(means))


def _errors(result: xr.Dataset) -> Values:
    last = _last(result, _later(result))
    names = [
        name for name in ("response_error", "weight_error", "distance_to_ideal") if name in last
    ]
    return {name: float(last[name].mean()) for name in names}  # of what occurs


def _plasticity(forecast: xr.Dataset) -> Values:
    names = {"prior_strength_median", "log_evidence"}
    if not names <= set(forecast.attrs):
        return {}
    return {
        "log10_plasticity_rate": -float(np.log10(forecast.attrs["prior_strength_median"])),
        "plasticity_log_evidence": float(forecast.attrs["log_evidence"]),
    }
