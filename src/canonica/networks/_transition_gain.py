"""How much of what was believed before counts: gains that bring a network closest to filtering."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax

from canonica.networks._divergence import divergence
from canonica.networks._episodes import Episodes
from canonica.networks._filters import FactorFilter, network_log_beliefs

LARGEST_GAIN = 2.0
SCALES = (0.4, 0.55, 0.7, 0.8, 0.9, 1.0, 1.15)
EPISODES, STEPS = 8, 12  # looked at where there are many states
MANY = 200


def fitted_gains(
    filters: list[FactorFilter],
    states: tuple[int, ...],
    met: Float[np.ndarray, "time episode state"],
    seen: Episodes,
) -> list[Float[np.ndarray, " action"]]:
    """Return gains of each factor's transitions, action by action.

    First, for every action, the gain g whose response to ``g sum s lnB`` diverges least, in the
    mean over beliefs that the exact filter had, from ``sum s B``: a convex problem of one number.
    Then all of them times the one of a few factors with which the network, which steps on from
    beliefs of its own, stays closest. An action that was never taken keeps a gain of 1.

    Parameters
    ----------
    filters : list of FactorFilter
        What the units of each factor compute.
    states : tuple of int
        How many each factor has, whether or not they are apart.
    met, seen
        What the exact filter believed in these episodes.
    """
    if met.shape[-1] > MANY:
        met = met[:STEPS, :EPISODES]
        seen = Episodes(seen.outcomes[:STEPS, :, :EPISODES], seen.actions[:STEPS, :EPISODES])
    gains = []
    for number, one in enumerate(filters):
        belief = of_factor(met, states, number, filters)[:-1].reshape(-1, len(one.part.start))
        gains.append(_of_each_action(one, belief, seen.actions[:-1].ravel()))

    def bits(scale: float) -> float:
        scaled = [scale * gain for gain in gains]
        return float(divergence(met, network_log_beliefs(filters, seen, scaled)).mean())

    best = min(SCALES, key=bits)
    return [best * gain for gain in gains]


def of_factor(
    met: Float[np.ndarray, "time episode state"],
    states: tuple[int, ...],
    number: int,
    filters: list[FactorFilter],
) -> Float[np.ndarray, "time episode part"]:
    """Return beliefs about one factor; those about joint states where there is only that one."""
    if len(filters) == 1:
        return met
    others = tuple(2 + other for other in range(len(states)) if other != number)
    return met.reshape(*met.shape[:2], *states).sum(axis=others)


def _of_each_action(
    one: FactorFilter, belief: Float[np.ndarray, "sample state"], action: np.ndarray
) -> Float[np.ndarray, " action"]:
    found = np.ones(len(one.part.transition))
    for number, transition in enumerate(one.part.transition):
        before = belief[action == number]
        if len(before) > 0:
            drive = before @ one.log_transition[number]
            found[number] = _least(drive, before @ transition, sigmoid=one.on.sigmoid)
    return found


def _least(drive: np.ndarray, target: np.ndarray, *, sigmoid: bool) -> float:
    def loss(gain: float) -> float:
        if not sigmoid:
            return float(-(target * log_softmax(gain * drive, axis=1)).sum(axis=1).mean())
        on, off = log_expit(gain * drive), log_expit(-gain * drive)
        return float(-(target * on + (1 - target) * off).sum(axis=1).mean())

    best = minimize_scalar(loss, bounds=(0, LARGEST_GAIN), method="bounded")
    return float(best.x) if best.fun < loss(1.0) else 1.0  # type: ignore[attr-defined]
