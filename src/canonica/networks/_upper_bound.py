"""An upper bound on the value of a problem: interpolation between beliefs, backed up at them."""

import numpy as np
from jaxtyping import Float

from canonica.networks._joint_pomdp import JointPomdp

ROUNDS = 300
SAME = 1e-6


def upper_bound(
    problem: JointPomdp,
    seen: Float[np.ndarray, "outcome state"],
    points: Float[np.ndarray, "point state"],
    discount: float,
) -> Float[np.ndarray, " point"]:
    """Return what no policy is worth more than at each of some beliefs.

    Corners, where the state is known, hold the fast informed bound at first; between them and the
    beliefs a sawtooth is the largest convex function there can be. Every backup of an upper bound
    is one, at corners too.
    """
    states = points.shape[1]
    points = np.vstack([points, np.eye(states)])
    predicted = np.einsum("bs,ast->bat", points, problem.transition)
    both = predicted[:, :, None, :] * seen
    chance = both.sum(axis=-1)
    after = (both / np.maximum(chance, 1e-300)[..., None]).reshape(-1, states)
    ratio, reward = _ratios(after, points), points @ problem.reward.T
    upper = points @ informed_bound(problem, seen, discount)
    for _ in range(ROUNDS):
        corners = upper[-states:]
        drop = np.minimum(upper - points @ corners, 0)
        later = (after @ corners + (ratio * drop).min(axis=1)).reshape(chance.shape)
        now = np.minimum(upper, (reward + discount * (chance * later).sum(axis=2)).max(axis=1))
        if np.abs(now - upper).max() < SAME:
            break
        upper = now
    return upper[:-states]


def informed_bound(
    problem: JointPomdp, seen: Float[np.ndarray, "outcome state"], discount: float
) -> Float[np.ndarray, " state"]:
    """Return the fast informed bound of each state: the best action, told the state before."""
    actions, states = problem.reward.shape
    worth = np.full((actions, states), problem.reward.max() / (1 - discount))
    for _ in range(10 * ROUNDS):
        later = np.einsum("ast,ot,kt->aoks", problem.transition, seen, worth, optimize=True)
        now = problem.reward + discount * later.max(axis=2).sum(axis=1)
        if np.abs(now - worth).max() < SAME:
            break
        worth = now
    return worth.max(axis=0)


def _ratios(after: np.ndarray, points: np.ndarray) -> Float[np.ndarray, "belief point"]:
    """Return how much of each point is in each belief: the least ratio over its states."""
    found = np.empty((len(after), len(points)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, point in enumerate(points):
            on = point > 0
            found[:, number] = (after[:, on] / point[on]).min(axis=1)
    return found
