"""The problem that an agent of pymdp holds, read off its attributes; pymdp itself is not needed."""

from typing import Any

import numpy as np

from canonica.networks._pomdp import Pomdp


def is_pymdp_agent(value: Any) -> bool:
    """Return whether something has what an agent of pymdp holds its problem in."""
    return all(hasattr(value, name) for name in ("A", "B", "C", "D"))


def problem_of_pymdp_agent(agent: Any) -> Pomdp:
    """Return the problem of an agent; of a batch of them, the first's.

    Where it chooses among policies of several moves, what it does first counts as its action, and
    the prior of an action is that of all policies that begin with it.
    """
    A_deps, B_deps = (getattr(agent, f"{name}_dependencies", None) for name in "AB")
    batched = hasattr(agent, "batch_size")

    def one(array: Any) -> np.ndarray:
        return np.array(array[0] if batched else array, dtype=np.float64)

    factors = len(agent.B)
    A, B = [one(each) for each in agent.A], [one(each) for each in agent.B]
    E = getattr(agent, "E", None)
    actions, prior = _actions(agent, E if E is None else one(E), factors)
    return Pomdp(
        A, B,
        [one(each) for each in agent.C], [one(each) for each in agent.D], prior,
        A_dependencies=A_deps, B_dependencies=B_deps, actions=actions,
    )  # fmt: skip


def _actions(
    agent: Any, prior: np.ndarray | None, factors: int
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the controls of each action that a policy begins with, and how probable it is."""
    policies = getattr(agent, "policies", None)
    if policies is None:
        return None, prior
    policies = getattr(policies, "policy_arr", policies)
    first = np.array([np.asarray(each)[0] for each in policies], dtype=int).reshape(-1, factors)
    actions, which = np.unique(first, axis=0, return_inverse=True)
    if prior is None or len(prior) != len(first):
        return actions, None
    return actions, np.bincount(which.ravel(), weights=prior, minlength=len(actions))
