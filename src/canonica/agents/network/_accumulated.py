"""What will be added to the counts once the agent acts by them."""

from typing import NamedTuple

import numpy as np

from canonica.agents.network._coincidence import Coincidence
from canonica.model import GenerativeModel


class Accumulated(NamedTuple):
    """What observations and transitions will add to the counts, once the agent acts by them.

    Attributes
    ----------
    likelihood, transition : Coincidence
        Of observations and states, of previous states and states; no transition where the network
        has no recurrent synapses.
    """

    likelihood: Coincidence
    transition: Coincidence | None


def nothing_accumulated(model: GenerativeModel, dtype: np.dtype) -> Accumulated:
    """Return what a model that has seen nothing has to learn."""
    observations, states = model.likelihood_counts.shape[2:]
    recurrent = model.transition_counts is not None
    return Accumulated(
        Coincidence.none(observations, states, dtype),
        Coincidence.none(states, states, dtype) if recurrent else None,
    )
