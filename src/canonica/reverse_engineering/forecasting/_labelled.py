"""Label what a model foretells: the forecast that users hold, score, save and plot."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from canonica._float64 import in_float64
from canonica._provenance import versions
from canonica.reverse_engineering._result import LEVELS
from canonica.reverse_engineering.forecasting._known import Known, Normalised
from canonica.reverse_engineering.forecasting._predicted import (
    ForecastModel,
    Predicted,
    StateMeans,
    Variables,
    settings_of,
)
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    location_of,
    quantile,
)
from canonica.reverse_engineering.forecasting.distribution._quantiles import QUANTILES

NUMBERED = ("ensemble", "trial", "input", "electrode")
NODES = 64  # of the quadrature that gives the variance of a response
VALUES = 1000  # drawn of each session's mean, at least


def labelled(
    recording: Normalised,
    known: Known,
    model: ForecastModel,
    predicted: Predicted,
    key: jax.Array,
) -> xr.Dataset:
    """Return the forecast of a recording as a dataset, its settings and origin with it."""
    sessions, ensembles = recording.ensembles.sessions, recording.ensembles
    variables = _responses(recording, predicted) | _session_means(known, predicted, key)
    membership = "ensemble of each electrode, 0 for none, by what the forecaster may know"
    variables["electrode_ensemble"] = (("electrode",), ensembles.electrode_ensemble, membership)
    variables |= predicted.found
    sizes = {
        dim: size
        for dims, values, _ in variables.values()
        for dim, size in zip(dims, np.shape(values), strict=True)
    }
    coordinates: dict[str, Any] = {
        dim: np.arange(1, sizes[dim] + 1) for dim in NUMBERED if dim in sizes
    }
    coordinates |= {
        "session": sessions.labels,
        "horizon": ("session", np.arange(len(sessions.labels)) - known.initial + 1),
        "trial_session": ("trial", sessions.numbers),
        "source_state": ensembles.states.labels,
        "quantile": list(QUANTILES),
    }
    if "level" in sizes:
        coordinates["level"] = LEVELS
    for dim in sizes.keys() - coordinates.keys():
        if dim in predicted.found:
            coordinates[dim] = predicted.found[dim][1]
    return xr.Dataset(
        {
            name: (dims, np.ascontiguousarray(values), {"long_name": words, "units": _unit(name)})
            for name, (dims, values, words) in variables.items()
            if name not in coordinates
        },
        coordinates,
        {
            **ensembles.attrs,
            "model": model.name,
            **settings_of(model),
            "normalisation": recording.normalisation,
            "baseline": recording.baseline.value,
            "baseline_origin": recording.baseline.origin,
            "recording_fingerprint": ensembles.fingerprint,
            **predicted.attrs,
            **versions(),
        },
    )


def _unit(name: str) -> str:
    return "nat" if name.startswith("log_") else "1"


def _responses(recording: Normalised, predicted: Predicted) -> Variables:
    unfold, dims = recording.ensembles.sessions.unfold_rows, ("ensemble", "trial")
    mean, scale = unfold(predicted.mean), unfold(predicted.scale)
    return {
        "predicted_response": (dims, mean, "expected normalised response"),
        "predicted_scale": (dims, scale, "scale of the logistic variable, cut off at 0 and 1"),
        "predicted_response_quantile": (
            ("quantile", *dims),
            _quantiles(mean, scale, np.asarray(QUANTILES)),
            "quantiles of the normalised response",
        ),
    }


@in_float64
@jax.jit
def _quantiles(mean: Any, scale: Any, probabilities: Any) -> Any:
    location = location_of(jax.scipy.special.logit(mean), scale)
    return quantile(probabilities.reshape(-1, *[1] * mean.ndim), location, scale)


@in_float64
@jax.jit
def response_variance(mean: Any, scale: Any) -> Any:
    """Return the variance of single responses.

    From the integral of ``2 y P(x > y)``, by the midpoint rule: exact to rounding for scales above
    two steps of it, to a few millionths for a step's.

    Parameters
    ----------
    mean, scale : (...)
        Expectation and scale of the censored logistic variables.
    """
    location = location_of(jax.scipy.special.logit(mean), scale)
    y = ((jnp.arange(NODES) + 0.5) / NODES).reshape(-1, *[1] * mean.ndim)
    return (2 * y * jax.nn.sigmoid((location - y) / scale)).mean(axis=0) - mean**2


def _session_means(known: Known, predicted: Predicted, key: jax.Array) -> Variables:
    """Return mean responses of sessions, of all trials and by source state, with quantiles."""
    shares = StateMeans.of(known)
    variance = response_variance(predicted.mean, predicted.scale)
    noise = StateMeans(shares.share**2)(variance)  # of the mean over a state's trials
    trials = (shares.share > 0).sum(axis=1)  # (session, state)
    weight = trials / trials.sum(axis=-1, keepdims=True)
    draws = predicted.state_draws
    repeats = -(-VALUES // len(draws))
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    values = np.repeat(draws, repeats, axis=0)
    values = values + np.sqrt(noise) * generator.standard_normal(values.shape)
    in_sessions = (values * weight[:, None]).sum(axis=-1)
    absent = np.broadcast_to((trials == 0)[:, None], noise.shape)
    by_state = np.where(absent, np.nan, shares(predicted.mean))
    state_quantiles = np.where(absent, np.nan, np.quantile(values, QUANTILES, axis=0))
    of_session, of_state = ("session", "ensemble"), ("session", "ensemble", "source_state")
    session_mean = (shares(predicted.mean) * weight[:, None]).sum(axis=-1)
    words = "normalised response of a session"
    return {
        "predicted_session_response": (of_session, session_mean, f"expected mean {words}"),
        "predicted_session_response_quantile": (
            ("quantile", *of_session),
            np.quantile(in_sessions, QUANTILES, axis=0),
            f"quantiles of the mean {words}",
        ),
        "predicted_state_response": (
            of_state,
            by_state,
            f"expected mean {words} under each joint source state, missing where not shown",
        ),
        "predicted_state_response_quantile": (
            ("quantile", *of_state),
            state_quantiles,
            f"quantiles of the mean {words} under each joint source state",
        ),
    }
