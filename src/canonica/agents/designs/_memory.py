"""How hidden states remember others through the recurrent synapses."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from canonica._checks import checked_probability

# Senses and memory are given, not learned: counts that a life of experience does not move.
FIXED = 1e9


@dataclass(frozen=True)
class Memory:
    """How hidden states remember others through the recurrent synapses K.

    A remembering state comes on when its source was, and excites itself. It has no likelihood of
    its own. Of the transition mapping, read backwards in time, these probabilities are all:

    Parameters
    ----------
    kept : float
        Probability that the memory had the value before that it has now. About 0.9 is the border
        between a trace that fades and a switch that stays on.
    written, mistaken : float
        Probability that the source was on a step ago, if the memory is on now, and if it is off.
    prior : float
        Prior probability that the memory is on; also where it starts in each trial.

    Raises
    ------
    CanonicaError
        If a number is no probability, or 0 or 1.
    """

    kept: float
    written: float
    mistaken: float
    prior: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            checked_probability(name, value, certain=False)


LATCH = Memory(kept=0.9995, written=0.5, mistaken=1e-6, prior=0.1)
TRACE = Memory(kept=0.85, written=0.5, mistaken=0.1, prior=0.3)


def memory_counts(observations: int, memory: Memory) -> Float[np.ndarray, "2 2 state state"]:
    """Return counts by which the second half of the states remembers the first."""
    source = np.arange(observations)
    remembering = source + observations
    before = np.full((2, 2 * observations, 2 * observations), 0.5)  # P(was 1 | is n)
    before[:, source, remembering] = np.array([[memory.mistaken], [memory.written]])
    before[:, remembering, remembering] = np.array([[1 - memory.kept], [memory.kept]])
    return FIXED * np.stack([1 - before, before])
