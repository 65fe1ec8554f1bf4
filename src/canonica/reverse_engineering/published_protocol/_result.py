"""Label what the computation found: the result that users hold, save and plot."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from canonica._provenance import versions
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering.published_protocol._analysis import ProtocolSteps
from canonica.reverse_engineering.published_protocol._ensembles import EnsembleResponse
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

LEVELS = [1, 0]  # of the level coordinate, in this order
NUMBERED = ("ensemble", "trial", "input", "electrode")

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
    "distance_to_ideal": (
        "squared distance to the inputs' frequencies given sources, relative",
        "1",
    ),
    "state_response": ("mean normalised response by joint source state", "1"),
    "electrode_ensemble": ("ensemble of each electrode, 0 for none", "1"),
    "preference": ("response to a source alone less that to the others alone", "spikes"),
    "mean_ensemble_response": ("mean ensemble response", "spikes"),
}


Variables = dict[str, tuple[tuple[str, ...], np.ndarray]]
SESSION_SERIES = (
    "free_energy",
    "accuracy",
    "complexity",
    "response_error",
    "weight_error",
    "frozen_response_error",
    "ridge_response_error",
)


def analysis_variables(
    response: np.ndarray, sessions: Sessions, analysis: ProtocolSteps
) -> Variables:
    """Return what steps 4 to 7 found for one recording, its axes named.

    Parameters
    ----------
    response : (ensemble, trial)
        Normalised.
    sessions : Sessions
        Session of every trial.
    analysis : ProtocolSteps
        Without a batch axis.
    """
    weights = ("session", "ensemble", "input")
    predicted = sessions.unfold_rows(analysis.predicted_response)
    variables: Variables = {
        "response": (("ensemble", "trial"), response),
        "predicted_response": (("ensemble", "trial"), predicted),
        "excitatory_weight": (weights, analysis.weight[:, 1]),
        "inhibitory_weight": (weights, analysis.weight[:, 0]),
        "predicted_excitatory_weight": (weights, analysis.predicted_weight[:, 1]),
        "predicted_inhibitory_weight": (weights, analysis.predicted_weight[:, 0]),
        "firing_threshold_factor": (("level", "ensemble"), analysis.threshold_factor[LEVELS]),
        **{name: (("session",), getattr(analysis, name)) for name in SESSION_SERIES},
    }
    if analysis.distance_to_ideal is not None:
        distance = analysis.distance_to_ideal[:, LEVELS]
        variables["distance_to_ideal"] = (("session", "level", "ensemble"), distance)
    return variables


def recording_variables(ensembles: EnsembleResponse, response: np.ndarray) -> Variables:
    """Return what only a whole recording, with sources and electrodes, can tell."""
    state_means = ensembles.states.session_means(response.T, ensembles.sessions)
    return {
        "electrode_ensemble": (("electrode",), ensembles.electrode_ensemble),
        "preference": (("electrode", "ensemble"), ensembles.preference),
        "mean_ensemble_response": (("session", "ensemble"), ensembles.session_means),
        "state_response": (("session", "ensemble", "source_state"), state_means.swapaxes(1, 2)),
    }


def result(
    variables: Variables,
    sessions: Sessions,
    protocol: PublishedProtocol,
    attrs: Mapping[str, str | float],
    source_states: Sequence[str] | None = None,
) -> xr.Dataset:
    """Return the labelled result, with the protocol's settings and versions as provenance."""
    sizes = {
        dim: size
        for dims, values in variables.values()
        for dim, size in zip(dims, values.shape, strict=True)
    }
    coordinates: dict[str, Any] = {
        dim: np.arange(1, sizes[dim] + 1) for dim in NUMBERED if dim in sizes
    }
    coordinates |= {"session": sessions.labels, "level": LEVELS}
    coordinates["trial_session"] = ("trial", sessions.numbers)
    if source_states is not None:
        coordinates["source_state"] = list(source_states)
    # Built in one call: every further assignment would align and copy all that is there.
    return xr.Dataset(
        {
            name: (dims, np.ascontiguousarray(values), _description(name))
            for name, (dims, values) in variables.items()
        },
        coordinates,
        {**attrs, **protocol.settings, **versions()},
    )


def _description(name: str) -> dict[str, str]:
    long_name, units = LONG_NAMES[name]
    return {"long_name": long_name, "units": units}
