"""Brian 2: the network of section 2 of the theory as a rate model, with its plasticity."""

from pathlib import Path

import numpy as np

from canonica._checks import refusal
from canonica.model import GenerativeModel, present
from canonica.model._gains import gain_of
from canonica.networks.exports._exported_agent import ExportedAgent

FILE = "network.npz"


def write_brian2(agent: ExportedAgent, folder: Path) -> list[str]:
    """Write the counts, thresholds and settings that the script makes a network of.

    Raises
    ------
    CanonicaError
        If synapses depend on the action, or the model is of the exact form, whose weights no
        network has.
    """
    model = agent.model
    if model is None:
        raise refusal(
            "to", "a network whose synapses depend on the action", "an Agent",
            "Take it along to stablehlo or onnx.",
        )  # fmt: skip
    if model.form != "canonical":
        raise refusal("agent", f"a model of the {model.form} form", "one of the canonical form")
    epsilon = float(agent.settings["epsilon"])
    np.savez(
        folder / FILE,
        allow_pickle=False,
        prior=np.asarray(model.state_prior[1]),
        threshold=_difference(model.state_prior, epsilon, None),
        output_threshold=_difference(
            present(model.decision_prior, "decision_prior"), epsilon, _gain(model, "decision")
        ),
        **_synapses(model),
        **agent.settings,
    )
    return [FILE]


def _synapses(model: GenerativeModel) -> dict[str, np.ndarray]:
    """Return counts and gains of every kind of synapses there is."""
    found = {}
    for name, term, counts in (
        ("input", "likelihood", model.likelihood_counts),
        ("recurrent", "transition", model.transition_counts),
        ("output", "decision", model.policy_counts),
    ):
        if counts is not None:
            found[f"{name}_counts"] = np.asarray(counts)
            found[f"{name}_gain"] = _gain(model, term)
    return found


def _gain(model: GenerativeModel, term: str) -> np.ndarray:
    gain = gain_of(model.gains, term)
    return np.ones(2) if gain is None else np.asarray(gain)


def _difference(prior: object, epsilon: float, gain: np.ndarray | None) -> np.ndarray:
    """Return what a prior adds to the firing threshold: the log odds of it."""
    log_prior = np.log(np.maximum(np.asarray(prior), epsilon))
    log_prior = log_prior if gain is None else gain[:, None] * log_prior
    return log_prior[1] - log_prior[0]
