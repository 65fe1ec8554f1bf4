"""Models run forward: sources and stimuli, encoders, a whole in-silico culture."""

from canonica.simulate._culture import culture
from canonica.simulate._encoder import encode, initial_counts
from canonica.simulate._mixing_process import likelihood_mapping, mixing_process

__all__ = ["culture", "encode", "initial_counts", "likelihood_mapping", "mixing_process"]
