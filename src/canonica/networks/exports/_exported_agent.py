"""What of an agent is taken along: plain functions and arrays."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from canonica.model import GenerativeModel

STATE = ("belief", "policy", "made")  # what changes from step to step while nothing is learned


class ExportedAgent(NamedTuple):
    """What of an agent is taken along.

    Attributes
    ----------
    step : function
        From observation, belief, policy, made and a uniform number to action, belief, policy and
        made; its synapses are constants.
    beginning : dict
        Belief, policy and made at the start of a trial.
    observation : (observation,)
        Any one, of the type that `step` takes.
    model : GenerativeModel or None
        That it holds, where its synapses do not depend on the action.
    settings : dict
        Arrays: ``policies`` and what else the step follows.
    meaning : dict, optional
        What ``inputs`` and ``actions`` stand for, in order.
    """

    step: Callable[..., Any]
    beginning: dict[str, np.ndarray]
    observation: np.ndarray
    model: GenerativeModel | None
    settings: dict[str, np.ndarray]
    meaning: dict[str, list[str]] | None = None

    @property
    def arguments(self) -> dict[str, np.ndarray]:
        """One of each argument of `step`, in order."""
        uniform = np.asarray(0.5, self.observation.dtype)
        return {"observation": self.observation, **self.beginning, "uniform": uniform}
