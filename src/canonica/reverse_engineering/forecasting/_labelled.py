"""Label what a model foretells: the forecast that users hold, score, save and plot."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._float64 import in_float64
from canonica._provenance import versions
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering.forecasting._known import Known, Normalised
from canonica.reverse_engineering.forecasting._predicted import (
    Combined,
    ForecastModel,
    Predicted,
    StateMeans,
    Variables,
    settings_of,
)
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import location_of
from canonica.reverse_engineering.forecasting.distribution._mixture import (
    PredictiveMixture,
    quantile,
)
from canonica.reverse_engineering.forecasting.distribution._quantiles import QUANTILES
from canonica.reverse_engineering.published_protocol._result import LEVELS

NUMBERED = ("ensemble", "trial", "input", "electrode")
NODES = 64  # of the quadrature that gives the variance of a response
VALUES = 1000  # drawn of each session's mean, at least


def labelled(
    recording: Normalised,
    known: Known,
    model: ForecastModel,
    predicted: Predicted | Combined,
    key: jax.Array,
) -> xr.Dataset:
    """Return the forecast of a recording as a dataset, its settings and origin with it."""
    sessions, ensembles = recording.ensembles.sessions, recording.ensembles
    mixture = Combined.of(predicted, model.name)
    first = mixture.parts[0]  # what it found out beside its forecast goes with the mixture's
    variables = _responses(sessions, mixture) | session_mean_variables(known, mixture, key)
    membership = "ensemble of each electrode, 0 for none, by what the forecaster may know"
    variables["electrode_ensemble"] = (("electrode",), ensembles.electrode_ensemble, membership)
    variables |= first.found
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
        if dim in first.found:
            coordinates[dim] = first.found[dim][1]
    if "component" in sizes:
        coordinates["component"] = list(mixture.names)
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
            **first.attrs,
            **versions(),
        },
    )


def _unit(name: str) -> str:
    return "nat" if name.startswith("log_") else "1"


def _responses(sessions: Sessions, mixture: Combined) -> Variables:
    dims = ("ensemble", "trial")
    mean, scale = (
        np.stack([sessions.unfold_rows(one) for one in parts])
        for parts in (mixture.mean, mixture.scale)
    )
    quantiles = response_quantiles(mixture.weight, mean, scale, QUANTILES)
    expected = np.tensordot(mixture.weight, mean, axes=1)
    variables: Variables = {
        "predicted_response": (dims, expected, "expected normalised response"),
        "predicted_response_quantile": (
            ("quantile", *dims),
            quantiles,
            "quantiles of the normalised response",
        ),
    }
    words = "scale of the logistic variable, cut off at 0 and 1"
    if len(mixture.parts) == 1:
        return variables | {"predicted_scale": (dims, scale[0], words)}
    return variables | {
        "component_weight": (("component",), mixture.weight, "probability of each model"),
        "component_response": (
            ("component", *dims),
            mean,
            "expected normalised response, model by model",
        ),
        "component_scale": (("component", *dims), scale, f"{words}, model by model"),
    }


@in_float64
@jax.jit
def response_quantiles(weight: Any, mean: Any, scale: Any, probabilities: Any) -> Any:
    """Return quantiles of single responses.

    Parameters
    ----------
    weight : (component,)
        Probability of each model.
    mean, scale : (component, ...)
        Of the censored logistic variables of each model.
    probabilities : (quantile,)
        Above 0 and below 1.

    Returns
    -------
    (quantile, ...)
    """
    responses = PredictiveMixture.of_means(weight, mean, scale)
    each = jnp.asarray(probabilities).reshape(-1, *[1] * (mean.ndim - 1))
    return quantile(each, responses)


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


def session_mean_variables(known: Known, mixture: Combined, key: jax.Array) -> Variables:
    """Return mean responses of sessions, of all trials and by source state, with quantiles."""
    shares = StateMeans.of(known)
    trials = (shares.share > 0).sum(axis=1)  # (session, state)
    weight = trials / trials.sum(axis=-1, keepdims=True)
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    values = _drawn_state_means(shares, mixture, generator)
    in_sessions = (values * weight[:, None]).sum(axis=-1)
    mean = shares(np.tensordot(mixture.weight, mixture.mean, axes=1))
    absent = np.broadcast_to((trials == 0)[:, None], mean.shape)
    state_quantiles = np.where(absent, np.nan, np.quantile(values, QUANTILES, axis=0))
    of_session, of_state = ("session", "ensemble"), ("session", "ensemble", "source_state")
    words = "normalised response of a session"
    return {
        "predicted_session_response": (
            of_session,
            (mean * weight[:, None]).sum(axis=-1),
            f"expected mean {words}",
        ),
        "predicted_session_response_quantile": (
            ("quantile", *of_session),
            np.quantile(in_sessions, QUANTILES, axis=0),
            f"quantiles of the mean {words}",
        ),
        "predicted_state_response": (
            of_state,
            np.where(absent, np.nan, mean),
            f"expected mean {words} under each joint source state, missing where not shown",
        ),
        "predicted_state_response_quantile": (
            ("quantile", *of_state),
            state_quantiles,
            f"quantiles of the mean {words} under each joint source state",
        ),
    }


def _drawn_state_means(
    shares: StateMeans, mixture: Combined, generator: np.random.Generator
) -> Float[np.ndarray, "value session ensemble state"]:
    """Return draws of the mean response under each state, as many of each model as it has weight.

    A model that is right is so of all sessions: its draws are whole futures.
    """
    number = max(VALUES, *(len(part.state_draws) for part in mixture.parts))
    ends = np.floor(np.cumsum(mixture.weight) * number + 0.5).astype(int)
    values = []
    for part, many in zip(mixture.parts, np.diff(ends, prepend=0), strict=True):
        variance = response_variance(part.mean, part.scale)
        noise = StateMeans(shares.share**2)(variance)  # of the mean over a state's trials
        drawn = part.state_draws[np.arange(many) % len(part.state_draws)]
        values.append(drawn + np.sqrt(noise) * generator.standard_normal(drawn.shape))
    return np.concatenate(values)
