"""A decision problem: factors, modalities, actions, and what is good in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np

from canonica._checks import checked_array, checked_kind, checked_number, described, refusal

MOST_STATES = 5_000  # of all factors together: an exact filter holds them all
MOST_ACTIONS = 1_000
CLOSE = 1e-4  # that probabilities add up to 1 to: those of single precision, or of a file
DISCOUNT = 0.95


@dataclass(frozen=True, eq=False)
class Pomdp:
    """A partially observable Markov decision process of categorical factors and modalities.

    An action is one control of every factor; ``actions`` says which. The first observation comes
    before the first action, or after it.

    Parameters
    ----------
    A : sequence of (outcome, state of each factor it depends on...)
        Probability of the outcomes of each modality.
    B : sequence of (next state, previous state of each factor it depends on..., control)
        Probability of the next state of each factor.
    C : sequence of (outcome,), optional
        Preference for each outcome: its reward, in nats as pymdp has them. None by default.
    D : sequence of (state,), optional
        Probability of each factor's first state; uniform by default.
    E : (action,), optional
        Prior probability of each action; uniform by default.
    A_dependencies, B_dependencies : sequence of sequences of int, optional
        The factors that each A and B depends on, in the order of its axes. By default an A
        depends on all, a B on its own factor.
    actions : (action, factor), optional
        Control of each factor in each action; by default all that there are, the last factor's
        changing fastest.
    reward : (action, state), optional
        Expected reward of each action in each joint state, beside what C says.
    discount : float
        Of the reward of a step, from one to the next; 0.95 by default.
    observes_at_start : bool
        Whether an observation comes before the first action, as in pymdp.
    action_names : tuple of str
        Optional names.
    name : str
        Of the problem.

    Raises
    ------
    CanonicaError
        If shapes do not fit, probabilities do not add up to 1, or there are more than 5,000 joint
        states or 1,000 actions.

    Examples
    --------
    >>> import numpy as np
    >>> listen = np.array([[0.85, 0.15], [0.15, 0.85]])
    >>> problem = Pomdp(A=[listen], B=[np.eye(2)[:, :, None]])
    >>> problem.states, problem.outcomes, len(problem.actions)
    ((2,), (2,), 1)
    """

    A: Sequence[Any]
    B: Sequence[Any]
    C: Sequence[Any] | None = None
    D: Sequence[Any] | None = None
    E: Any = None
    A_dependencies: Sequence[Sequence[int]] | None = None
    B_dependencies: Sequence[Sequence[int]] | None = None
    actions: Any = None
    reward: Any = None
    discount: float = DISCOUNT
    observes_at_start: bool = True
    action_names: tuple[str, ...] = ()
    name: str = "problem"
    states: tuple[int, ...] = field(init=False)
    outcomes: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        A = tuple(_array(f"A[{m}]", one) for m, one in enumerate(_listed("A", self.A)))
        B = tuple(_array(f"B[{f}]", one) for f, one in enumerate(_listed("B", self.B)))
        factors = range(len(B))
        states = tuple(len(one) for one in B)
        every = [tuple(factors)] * len(A)
        A_deps = _dependencies("A_dependencies", self.A_dependencies, every, len(B))
        own = [(f,) for f in factors]
        B_deps = _dependencies("B_dependencies", self.B_dependencies, own, len(B))
        for m, (one, on) in enumerate(zip(A, A_deps, strict=True)):
            _check_conditional(f"A[{m}]", one, (len(one), *(states[f] for f in on)))
        for f, (one, on) in enumerate(zip(B, B_deps, strict=True)):
            shape = (states[f], *(states[g] for g in on), one.shape[-1] if one.ndim else 1)
            _check_conditional(f"B[{f}]", one, shape)
        if prod(states) > MOST_STATES:
            raise refusal(
                "B",
                f"{prod(states):,} joint states of all factors",
                f"{MOST_STATES:,} at most",
                "Every conversion is compared with the exact filter, which holds all of them.",
            )
        outcomes = tuple(len(one) for one in A)
        flat = [np.full(size, 1 / size) for size in states]
        D = flat if self.D is None else _vectors("D", self.D, states)
        C = [np.zeros(n) for n in outcomes] if self.C is None else _vectors("C", self.C, outcomes)
        for f, one in enumerate(D):
            _check_conditional(f"D[{f}]", one, (states[f],))
        actions = _actions(self.actions, [one.shape[-1] for one in B])
        E = _prior(self.E, len(actions))
        reward = self.reward
        if reward is not None:
            reward = checked_array("reward", reward, dims=["action", "state"])
            if reward.shape != (len(actions), prod(states)):
                found = f"shape {reward.shape}"
                raise refusal("reward", found, f"shape {(len(actions), prod(states))}")
        checked_number("discount", self.discount, lowest=0, highest=1)
        names = self.action_names or tuple(str(number) for number in range(len(actions)))
        if len(names) != len(actions):
            raise refusal("action_names", described(names), f"{len(actions)} names")
        made = {
            "A": A, "B": B, "C": tuple(C), "D": tuple(D), "E": E, "A_dependencies": A_deps,
            "B_dependencies": B_deps, "actions": actions, "reward": reward, "states": states,
            "outcomes": outcomes, "action_names": tuple(names),
        }  # fmt: skip
        for key, value in made.items():
            object.__setattr__(self, key, value)


def _listed(name: str, given: Any) -> list[Any]:
    """Return the arrays of a list, or of an object array as older versions of pymdp make."""
    if isinstance(given, np.ndarray) and given.dtype != object:
        raise refusal(name, described(given), "a list of arrays, one for each")
    try:
        arrays = list(given)
    except TypeError:
        arrays = []
    if not arrays:
        raise refusal(name, described(given), "a list of arrays, at least one")
    return arrays


def _array(name: str, given: Any) -> np.ndarray:
    array = checked_array(name, np.asarray(given), lowest=0, highest=1 + CLOSE)
    if array.ndim < 2:  # noqa: PLR2004
        raise refusal(name, f"an array of shape {array.shape}", "one with at least two axes")
    return array


def _check_conditional(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse what has another shape, or does not add up to 1 over its first axis."""
    if array.shape != shape:
        raise refusal(name, f"shape {array.shape}", f"shape {shape}")
    totals = array.sum(axis=0)
    off = np.abs(totals - 1) > CLOSE
    if off.any():
        place = f" at {np.argwhere(off)[0].tolist()}" if np.ndim(totals) else ""
        found = f"a column that adds up to {totals[off].flat[0]:g}{place}"
        raise refusal(name, found, "columns (along the first axis) that add up to 1")
    array /= totals


def _dependencies(
    name: str, given: Any, default: list[tuple[int, ...]], factors: int
) -> tuple[tuple[int, ...], ...]:
    made = default if given is None else [tuple(int(f) for f in one) for one in given]
    sound = all(set(one) <= set(range(factors)) and len(set(one)) == len(one) for one in made)
    if len(made) != len(default) or not sound:
        raise refusal(name, described(given), f"{len(default)} lists of factors, numbered from 0")
    return tuple(made)


def _vectors(name: str, given: Any, sizes: tuple[int, ...]) -> list[np.ndarray]:
    vectors = [
        checked_array(f"{name}[{n}]", np.asarray(one), dims=["value"]).copy()
        for n, one in enumerate(_listed(name, given))
    ]
    if tuple(map(len, vectors)) != sizes:
        raise refusal(name, f"sizes {tuple(map(len, vectors))}", f"sizes {sizes}")
    for n, one in enumerate(vectors):
        if name == "D" and one.min() < 0:
            raise refusal(f"D[{n}]", f"{one.min():g}", "probabilities")
    return vectors


def _actions(given: Any, controls: list[int]) -> np.ndarray:
    if given is None:
        if prod(controls) > MOST_ACTIONS:
            raise refusal("B", f"{prod(controls):,} actions", f"{MOST_ACTIONS:,} at most")
        return np.array(list(product(*map(range, controls))))
    actions = checked_array("actions", given, dims=["action", "factor"], lowest=0).astype(int)
    if actions.shape[1] != len(controls) or (actions >= np.array(controls)).any():
        expected = f"one control of each factor, of {tuple(controls)}"
        raise refusal("actions", described(actions), expected)
    return actions


def _prior(given: Any, actions: int) -> np.ndarray:
    if given is None:
        return np.full(actions, 1 / actions)
    prior = checked_array("E", np.asarray(given), dims=["action"], lowest=0)
    if len(prior) != actions or prior.sum() <= 0:
        raise refusal(
            "E",
            f"{len(prior)} numbers that add up to {prior.sum():g}",
            f"one for each of {actions} actions",
            "A prior of longer policies has no meaning here: give one of single actions.",
        )
    return prior / prior.sum()


def checked_pomdp(value: Any) -> Pomdp:
    """Return a problem, or refuse what is none."""
    return checked_kind("problem", value, Pomdp, "a Pomdp, as read_pomdp returns it")
