"""Whether a model, policies and settings make an agent; values only where they are known."""

from typing import Any

import numpy as np
from jax.core import Tracer

from canonica._checks import checked_array, checked_choice, checked_kind, checked_size, refusal
from canonica._errors import CanonicaError
from canonica.agents.network.modulations._modulation import Modulation
from canonica.model import GenerativeModel, PlasticityGains

SMALLEST_COUNT, LARGEST_COUNT = 1e-6, 1e30  # of which single precision still knows the logarithms
PAIR = 2  # values of a binary variable, on each side of a mapping


def check_model(model: Any, epsilon: float) -> GenerativeModel:
    """Return the model of an agent: one that decides, of shapes that fit, of sound numbers.

    Raises
    ------
    CanonicaError
        If it is none. Inside compiled code only shapes are looked at.
    """
    checked_kind("model", model, GenerativeModel, "a GenerativeModel")
    if model.policy_counts is None or model.decision_prior is None:
        raise CanonicaError("model: found no policy_counts; expected a model that decides.")
    observations, states = np.shape(model.likelihood_counts)[-2:]
    decisions = np.shape(model.policy_counts)[-1]
    for name, shape in {
        "likelihood_counts": (PAIR, PAIR, observations, states),
        "transition_counts": (PAIR, PAIR, states, states),
        "policy_counts": (PAIR, PAIR, states, decisions),
    }.items():
        _check_values(model, name, shape, SMALLEST_COUNT, LARGEST_COUNT)
    # A state prior of 0 is as good as `epsilon`; where that is 0 too, its logarithm is none.
    least = 0.0 if epsilon > 0 else SMALLEST_COUNT
    _check_values(model, "state_prior", (PAIR, states), least, 1.0)
    _check_values(model, "decision_prior", (PAIR, decisions), 0.0, 1.0)
    return model


def _check_values(
    model: GenerativeModel, name: str, shape: tuple[int, ...], lowest: float, highest: float
) -> None:
    values = getattr(model, name)
    if values is None:
        return
    if np.shape(values) != shape:
        raise refusal(f"model, {name}", f"shape {np.shape(values)}", f"shape {shape}")
    if not isinstance(values, Tracer):
        checked_array(f"model, {name}", values, lowest=lowest, highest=highest)
    if name == "decision_prior" and not isinstance(values, Tracer):
        prior = np.asarray(values)
        if (prior.sum(axis=0) <= 0).any() or prior[1].sum() <= 0:
            raise refusal(f"model, {name}", "no decision that is possible", "one at least")


def check_policies(policies: Any, decisions: int) -> None:
    """Refuse what is no array of moves, one row for each decision of the model."""
    kind = getattr(getattr(policies, "dtype", None), "kind", None)
    if kind not in {"i", "u"} or np.ndim(policies) != PAIR or 0 in np.shape(policies):
        raise refusal("policies", _shown(policies), "an array of whole numbers (policy, length)")
    if len(policies) != decisions:
        raise CanonicaError(
            f"policies: found {len(policies)}; expected {decisions}, one for each decision of the "
            "model."
        )
    if not isinstance(policies, Tracer):
        checked_array("policies", policies, lowest=0)


def _shown(policies: Any) -> str:
    dtype = getattr(policies, "dtype", type(policies).__name__)
    return f"{dtype} of shape {np.shape(policies)}" if hasattr(policies, "dtype") else str(dtype)


def check_settings(
    *,
    modulation: Any,
    learning: Any,
    decides_from: Any,
    moves_made: Any,
    acting_precision: Any,
    plasticity: Any,
    length: int,
) -> None:
    """Refuse settings that an agent cannot have; `length` is that of its policies."""
    checked_kind("modulation", modulation, Modulation, "a Modulation: a hashable function")
    try:
        hash(modulation)
    except TypeError as error:
        raise refusal(
            "modulation", f"{type(modulation).__name__}, which has no hash", "a frozen dataclass"
        ) from error
    if plasticity is not None:
        checked_kind("plasticity", plasticity, PlasticityGains, "PlasticityGains, or None")
    checked_choice("learning", learning, ("trial", "chunk"))
    checked_choice("decides_from", decides_from, ("previous", "current"))
    checked_choice("acting_precision", acting_precision, ("single", "double", None))
    checked_size("moves_made", moves_made, most=length, advice="Policies are no longer than that.")


def check_observation(observation: Any, observations: int) -> None:
    """Refuse an observation of another size, or, where it is known, one that is not of 0 and 1."""
    if np.shape(observation) != (observations,):
        raise refusal("observation", f"shape {np.shape(observation)}", f"shape ({observations},)")
    if not isinstance(observation, Tracer):
        checked_array("observation", observation, lowest=0, highest=1)
