"""Models run forward: sources and stimuli, encoders, a whole in-silico culture."""

from canonica.simulate._culture import culture, spike_trains
from canonica.simulate._encoder import Encoding, encode
from canonica.simulate._initial_counts import initial_counts, initial_model
from canonica.simulate._landscape import landscape, simulated_landscape
from canonica.simulate._mixing_process import (
    Mixture,
    likelihood_mapping,
    mixing_matrix,
    mixing_process,
)
from canonica.simulate._perturbation import biased_log_evidence
from canonica.simulate._perturbation_study import alpha_from_activity, perturbation
from canonica.simulate._separation import separation

__all__ = [
    "Encoding",
    "Mixture",
    "alpha_from_activity",
    "biased_log_evidence",
    "culture",
    "encode",
    "initial_counts",
    "initial_model",
    "landscape",
    "likelihood_mapping",
    "mixing_matrix",
    "mixing_process",
    "perturbation",
    "separation",
    "simulated_landscape",
    "spike_trains",
]
