"""Label what the computation found: the result that users hold, save and plot."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from canonica._version import __version__
from canonica.reverse_engineering._analysis import Analysis
from canonica.reverse_engineering._ensembles import EnsembleResponse
from canonica.reverse_engineering._protocol import PublishedProtocol
from canonica.reverse_engineering._sessions import Sessions

LEVELS = [1, 0]  # of the level coordinate, in this order

LONG_NAMES = {
    "response": ("normalised ensemble response", "1"),
    "predicted_response": ("forecast ensemble response", "1"),
    "excitatory_weight": ("excitatory synaptic weight W1 at the start of the session", "1"),
    "inhibitory_weight": ("inhibitory synaptic weight W0 at the start of the session", "1"),
    "predicted_excitatory_weight": ("forecast excitatory synaptic weight", "1"),
    "predicted_inhibitory_weight": ("forecast inhibitory synaptic weight", "1"),
    "firing_threshold_factor": ("firing threshold factor phi, log of the state prior", "1"),
    "free_energy": ("variational free energy, without parameter complexity", "nat"),
    "accuracy": ("expected log likelihood", "nat"),
    "complexity": ("divergence of beliefs from the state prior", "nat"),
    "response_error": ("mean squared error of the forecast response", "1"),
    "weight_error": ("relative squared error of the forecast synaptic strengths", "1"),
    "frozen_response_error": ("mean squared error with weights frozen, last initial session", "1"),
    "ridge_response_error": ("mean squared error of a ridge regression, initial sessions", "1"),
    "distance_to_ideal": ("distance to the posterior of an observer who knows the sources", "1"),
    "state_response": ("mean normalised response by joint source state", "1"),
    "electrode_ensemble": ("ensemble of each electrode, 0 for none", "1"),
    "preference": ("response to a source alone less that to the others alone", "spikes"),
    "mean_ensemble_response": ("mean ensemble response", "spikes"),
}


def analysis_result(
    response: np.ndarray,
    sessions: Sessions,
    analysis: Analysis,
    protocol: PublishedProtocol,
    attrs: Mapping[str, str | int | float],
) -> xr.Dataset:
    """Return the result of steps 4 to 7 for one recording.

    Parameters
    ----------
    response : (ensemble, trial)
        Normalised.
    sessions : Sessions
        Session of every trial.
    analysis : Analysis
        Without a batch axis.
    protocol : PublishedProtocol
        Its settings are recorded.
    attrs : mapping
        Further provenance.
    """
    weights = ("session", "ensemble", "input")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "response": (("ensemble", "trial"), response),
        "predicted_response": (
            ("ensemble", "trial"),
            sessions.unfold_rows(analysis.predicted_response),
        ),
        "excitatory_weight": (weights, analysis.weight[:, 1]),
        "inhibitory_weight": (weights, analysis.weight[:, 0]),
        "predicted_excitatory_weight": (weights, analysis.predicted_weight[:, 1]),
        "predicted_inhibitory_weight": (weights, analysis.predicted_weight[:, 0]),
        "firing_threshold_factor": (("level", "ensemble"), analysis.threshold_factor[LEVELS]),
    }
    for name in (
        "free_energy",
        "accuracy",
        "complexity",
        "response_error",
        "weight_error",
        "frozen_response_error",
        "ridge_response_error",
    ):
        variables[name] = (("session",), getattr(analysis, name))
    if analysis.distance_to_ideal is not None:
        variables["distance_to_ideal"] = (
            ("session", "level", "ensemble"),
            analysis.distance_to_ideal[:, LEVELS],
        )
    result = xr.Dataset(
        {name: (dims, np.ascontiguousarray(values)) for name, (dims, values) in variables.items()}
    )
    numbered = ("ensemble", "trial", "input")
    coordinates: dict[str, Any] = {dim: np.arange(1, result.sizes[dim] + 1) for dim in numbered}
    coordinates |= {"session": sessions.labels, "level": LEVELS}
    coordinates["trial_session"] = ("trial", sessions.numbers)
    result = result.assign_coords(coordinates)
    result.attrs = {**attrs, **protocol.settings, **_versions()}
    return _described(result)


def recording_result(ensembles: EnsembleResponse, result: xr.Dataset) -> xr.Dataset:
    """Return `result` with what only a whole recording, sources and electrodes, can tell."""
    states, sessions = ensembles.states, ensembles.sessions
    state_means = states.session_means(result["response"].to_numpy().T, sessions)
    result = result.assign(
        electrode_ensemble=("electrode", ensembles.electrode_ensemble),
        preference=(("electrode", "ensemble"), ensembles.preference),
        mean_ensemble_response=(("session", "ensemble"), sessions.means(ensembles.response.T)),
        state_response=(("session", "ensemble", "source_state"), state_means.swapaxes(1, 2)),
    )
    result = result.assign_coords(
        electrode=np.arange(1, len(ensembles.electrode_ensemble) + 1),
        source_state=states.labels,
    )
    return _described(result)


def _described(result: xr.Dataset) -> xr.Dataset:
    for name, (long_name, units) in LONG_NAMES.items():
        if name in result:
            result[name].attrs.update(long_name=long_name, units=units)
    return result


def _versions() -> dict[str, str]:
    return {"canonica_version": __version__, "jax_version": version("jax")}
