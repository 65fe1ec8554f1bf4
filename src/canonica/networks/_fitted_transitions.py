"""Recurrent synapses that bring a network of competing units closest to filtering."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from canonica.networks._episodes import Episodes
from canonica.networks._filters import FactorFilter

LARGEST = 200  # states of a factor
SAMPLES = 2_000  # beliefs that each action is fitted to, at most
WEAKEST = 1e-5  # pull of what is not seen towards where it was
ITERATIONS = 60
LEAST = -27.0  # below which a logarithm is as good as none


def fitted_transitions(
    one: FactorFilter,
    belief: Float[np.ndarray, "time episode state"],
    seen: Episodes,
) -> FactorFilter:
    """Return a factor's units with recurrent synapses fitted to exact filtering.

    For every action, the logarithms W for which ``softmax(s W)`` diverges least, in the mean over
    beliefs met, from ``s B``: a convex problem, begun and held, weakly, at the weighed ln B. What
    a row shares decides nothing; it is set so that its largest is 0.

    Parameters
    ----------
    one : FactorFilter
        With logarithms that are weighed already.
    belief : (time, episode, state)
        Of the exact filter, about this factor.
    seen : Episodes
        What was done.
    """
    before, action = belief[:-1].reshape(-1, belief.shape[-1]), seen.actions[:-1].ravel()
    found = one.log_transition.copy()
    for number, transition in enumerate(one.part.transition):
        chosen = np.flatnonzero(action == number)[:SAMPLES]
        if len(chosen) > 0:
            found[number] = _fitted(before[chosen], transition, found[number])
    found -= found.max(axis=2, keepdims=True)
    return one.with_transitions(np.maximum(found, LEAST))


def _fitted(before: np.ndarray, transition: np.ndarray, first: np.ndarray) -> np.ndarray:
    target, shape = before @ transition, first.shape

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        W = flat.reshape(shape)
        drive = before @ W
        cross = -(target * log_softmax(drive, axis=1)).sum() / len(before)
        slope = before.T @ (softmax(drive, axis=1) - target) / len(before)
        pull = W - first
        return cross + WEAKEST / 2 * (pull**2).sum(), (slope + WEAKEST * pull).ravel()

    best = minimize(
        loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    return best.x.reshape(shape)
