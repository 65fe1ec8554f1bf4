"""A problem over the joint states of all its factors, and over each factor by itself."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from canonica.networks._pomdp import Pomdp

UNSEEN = 1e-12  # how often a state counts as met that never was


class JointPomdp(NamedTuple):
    """A problem of one factor: joint states, numbered with the last factor's changing fastest.

    Attributes
    ----------
    likelihoods : tuple of (outcome, state)
        Of each modality.
    transition : (action, state, state)
        From the previous to the next state.
    start : (state,)
        Probability of the first.
    reward : (action, state)
        Expected, of an action in a state.
    prior : (action,)
        Of the actions.
    """

    likelihoods: tuple[Float[np.ndarray, "outcome state"], ...]
    transition: Float[np.ndarray, "action state state"]
    start: Float[np.ndarray, " state"]
    reward: Float[np.ndarray, "action state"]
    prior: Float[np.ndarray, " action"]


def joint(problem: Pomdp) -> JointPomdp:
    """Return a problem over its joint states."""
    shape, N = problem.states, int(np.prod(problem.states))
    likelihoods = tuple(
        _spread(one, on, shape).reshape(len(one), N)
        for one, on in zip(problem.A, problem.A_dependencies or (), strict=True)
    )
    each = [_joint_transition(problem, controls) for controls in problem.actions]
    transition = np.stack(each)
    start = np.ones(1)
    for one in problem.D or ():
        start = np.multiply.outer(start, one).ravel()
    outcome = sum(
        c @ likelihood for c, likelihood in zip(problem.C or (), likelihoods, strict=True)
    )
    reward = transition @ outcome
    if problem.reward is not None:
        reward = reward + problem.reward
    return JointPomdp(likelihoods, transition, start, reward, problem.E)


def _spread(array: np.ndarray, on: Sequence[int], shape: tuple[int, ...]) -> np.ndarray:
    """Return an array over an outcome and some factors as one over all of them."""
    order = np.argsort(on)
    ordered = array.transpose(0, *(1 + order)) if on else array
    wide = [size if factor in on else 1 for factor, size in enumerate(shape)]
    return np.broadcast_to(ordered.reshape(len(array), *wide), (len(array), *shape))


def _joint_transition(problem: Pomdp, controls: np.ndarray) -> Float[np.ndarray, "state state"]:
    """Return the transitions of one action, previous state first."""
    N, made = int(np.prod(problem.states)), None
    pairs = zip(problem.B, problem.B_dependencies or (), controls, strict=True)
    for one, on, control in pairs:  # (next of the factors so far, previous of all)
        wide = _spread(one[..., control], on, problem.states).reshape(len(one), N)
        made = wide if made is None else (made[:, None] * wide[None]).reshape(-1, N)
    return np.ascontiguousarray(np.asarray(made).T)


def factors_apart(
    problem: JointPomdp, states: tuple[int, ...], occupancy: Float[np.ndarray, " state"]
) -> list[JointPomdp]:
    """Return each factor as a problem of its own, the others averaged out as they are met.

    Parameters
    ----------
    problem : JointPomdp
        Of all factors.
    states : tuple of int
        How many each factor has.
    occupancy : (state,)
        How often each joint state is met.
    """
    weight = np.maximum(occupancy, UNSEEN).reshape(states)
    found = []
    for factor, size in enumerate(states):
        of = np.broadcast_to(np.arange(size).reshape(_along(factor, states)), states).ravel()
        member = np.eye(size)[of]
        shared = member * weight.reshape(-1, 1)
        given = shared / shared.sum(axis=0)
        found.append(
            JointPomdp(
                tuple(one @ given for one in problem.likelihoods),
                np.stack([given.T @ one @ member for one in problem.transition]),
                problem.start @ member,
                problem.reward @ given,
                problem.prior,
            )
        )
    return found


def _along(factor: int, states: tuple[int, ...]) -> list[int]:
    return [size if f == factor else 1 for f, size in enumerate(states)]
