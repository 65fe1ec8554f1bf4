"""Beliefs of the exact filter, and of the network with each of its approximations on or off."""

from copy import copy
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, log_softmax, softmax

from canonica.model import present
from canonica.networks._episodes import Episodes, believed, moved
from canonica.networks._joint_pomdp import JointPomdp

SMALLEST = 1e-300  # where there is no floor, instead of a logarithm of 0


@dataclass(frozen=True)
class Approximations:
    """Which of its approximations a filter makes.

    Parameters
    ----------
    transition : bool
        The expectation of a logarithm, ``sum s lnB``, in place of ``ln sum s B``.
    sigmoid : bool
        A unit is on or off by itself; without it units of a factor compete.
    apart : bool
        Each factor has beliefs of its own; without it there is one factor, the joint state.
    floor : float
        The least that a probability counts as; 0 for none.
    """

    transition: bool
    sigmoid: bool
    apart: bool
    floor: float


def exact_beliefs(problem: JointPomdp, seen: Episodes) -> Float[np.ndarray, "time episode state"]:
    """Return what the exact filter believes after every observation."""
    belief, found = np.broadcast_to(problem.start, (seen.episodes, len(problem.start))), []
    for t in range(seen.steps):
        belief = believed(problem, belief, seen.actions[t - 1] if t > 0 else None, seen.outcomes[t])
        found.append(belief)
    return np.stack(found)


class FactorFilter:
    """What the units of one factor compute, in the log domain.

    Parameters
    ----------
    part : JointPomdp
        The factor, as a problem of its own.
    on : Approximations
        That are made; whether factors are apart is no concern of one.
    """

    def __init__(self, part: JointPomdp, on: Approximations) -> None:
        self.part, self.on = part, on
        self.least = max(on.floor, SMALLEST)
        self.log_likelihoods = [self._evidence(one) for one in part.likelihoods]
        self.log_on = np.log(np.maximum(part.transition, self.least)) if on.transition else None
        self.log_off = None
        if on.transition and on.sigmoid:
            self.log_off = np.log(np.maximum(1 - part.transition, self.least))

    def _log(self, probability: np.ndarray) -> np.ndarray:
        """Return what a probability says of a unit: its logarithm, or its log odds."""
        on = np.log(np.maximum(probability, self.least))
        return on - np.log(np.maximum(1 - probability, self.least)) if self.on.sigmoid else on

    def _evidence(self, likelihood: np.ndarray) -> np.ndarray:
        log = np.log(np.maximum(likelihood, self.least))
        if not self.on.sigmoid:
            return log
        return log - np.log(np.maximum(likelihood_elsewhere(likelihood), self.least))

    @property
    def log_transition(self) -> Float[np.ndarray, "action state state"]:
        """What each state before adds to the log odds of each state, by action."""
        log_on = present(self.log_on, "log_on")
        return log_on if self.log_off is None else log_on - self.log_off

    def with_transitions(
        self,
        log_on: Float[np.ndarray, "action state state"],
        log_off: Float[np.ndarray, "action state state"] | None = None,
    ) -> "FactorFilter":
        """Return the same units with other logarithms of transitions."""
        other = copy(self)
        other.log_on, other.log_off = log_on, log_off
        return other

    def start(self, episodes: int) -> Float[np.ndarray, "episode state"]:
        """Return log odds before the first observation."""
        return np.broadcast_to(self._log(self.part.start), (episodes, len(self.part.start)))

    def predicted(
        self,
        belief: Float[np.ndarray, "episode state"],
        actions: Int[np.ndarray, " episode"],
        gain: Float[np.ndarray, " action"] | None = None,
    ) -> Float[np.ndarray, "episode state"]:
        """Return log odds by what was believed before, and done; logarithms weighed by gains."""
        if self.on.transition:
            drive = moved(self.log_transition, belief, actions)
            return drive if gain is None else gain[actions][:, None] * drive
        return self._log(moved(self.part.transition, belief, actions))

    def response(self, log_odds: Float[np.ndarray, "episode state"]) -> np.ndarray:
        """Return activities by log odds."""
        return expit(log_odds) if self.on.sigmoid else softmax(log_odds, axis=1)


def likelihood_elsewhere(
    likelihood: Float[np.ndarray, "outcome state"],
) -> Float[np.ndarray, "outcome state"]:
    """Return the likelihood of each outcome given that a state is not on: mean over the others."""
    states = likelihood.shape[1]
    if states == 1:
        return likelihood
    return (likelihood.sum(axis=1, keepdims=True) - likelihood) / (states - 1)


def network_log_beliefs(
    filters: list[FactorFilter],
    seen: Episodes,
    gains: list[Float[np.ndarray, " action"]] | None = None,
) -> Float[np.ndarray, "time episode state"]:
    """Return log beliefs over joint states, each factor's normalised, that the units stand for.

    The logarithms of each factor's transitions are weighed by its gains, if there are any.
    """
    beliefs: list[np.ndarray] = []
    found = []
    for t in range(seen.steps):
        together, now = np.zeros((seen.episodes, 1)), []
        for number, one in enumerate(filters):
            log_odds = one.start(seen.episodes)
            if t > 0:
                gain = None if gains is None else gains[number]
                log_odds = one.predicted(beliefs[number], seen.actions[t - 1], gain)
            for evidence, outcome in zip(one.log_likelihoods, seen.outcomes[t], strict=True):
                log_odds = log_odds + np.where(outcome[:, None] < 0, 0, evidence[outcome])
            now.append(one.response(log_odds))
            log_belief = _normalised(log_odds, now[-1], sigmoid=one.on.sigmoid)
            together = (together[:, :, None] + log_belief[:, None]).reshape(seen.episodes, -1)
        beliefs = now
        found.append(together)
    return np.stack(found)


def _normalised(log_odds: np.ndarray, response: np.ndarray, *, sigmoid: bool) -> np.ndarray:
    if not sigmoid:
        return log_softmax(log_odds, axis=1)
    on = np.maximum(response, SMALLEST)
    return np.log(on / on.sum(axis=1, keepdims=True))
