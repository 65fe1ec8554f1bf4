"""From a problem to the canonical network that filters it."""

from functools import cache
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_number, checked_seed, checked_size, refusal
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.model import present
from canonica.networks._conversion import Conversion
from canonica.networks._divergence import divergences
from canonica.networks._episodes import Episodes, drawn_episodes
from canonica.networks._filters import (
    Approximations,
    FactorFilter,
    exact_beliefs,
    network_log_beliefs,
)
from canonica.networks._fitted_transitions import LARGEST, fitted_transitions
from canonica.networks._joint_pomdp import factors_apart, joint
from canonica.networks._pomdp import Pomdp
from canonica.networks._pymdp_agent import is_pymdp_agent, problem_of_pymdp_agent
from canonica.networks._solution import Solution
from canonica.networks._synapses import filtering_network
from canonica.networks._transition_gain import fitted_gains, of_factor

FLOOR = 1e-6  # that of the published simulations


@checked_arguments
def from_pomdp(
    A: Any,
    B: Any = None,
    C: Any = None,
    D: Any = None,
    E: Any = None,
    *,
    units: Literal["softmax", "sigmoid"] = "softmax",
    factors: Literal["joint", "apart"] = "joint",
    transitions: Literal["fitted", "weighed", "expected"] = "fitted",
    plan: Solution | None = None,
    floor: float = FLOOR,
    episodes: int = 32,
    steps: int = 20,
    seed: int = 0,
) -> Conversion:
    """Return the canonical network that filters a problem, and how far it is from exact.

    Every outcome is an input, every state a unit, and every pair of a state and an action drives
    synapses of its own. The network's beliefs are variational: they follow from the expectation
    of ln B where exact filtering has the logarithm of an expectation. What that and each other
    approximation costs is measured over simulated episodes.

    Parameters
    ----------
    A : sequence of arrays, Pomdp, or an agent of pymdp
        Likelihoods as pymdp has them, ``A[m]`` of shape (outcome, state of each factor...); or a
        whole problem, and nothing else.
    B, C, D, E : sequences of arrays, optional
        Transitions ``B[f]`` (next state, previous state, control), preferences ``C[m]``, first
        states ``D[f]``, and a prior of actions; see `Pomdp`, which also takes dependencies.
    units : "softmax" or "sigmoid"
        Whether units of a factor compete, or are on or off each by itself.
    factors : "joint" or "apart"
        One unit for every joint state of all factors; or units of each factor, whose likelihoods
        are those of that factor alone, all others averaged out as they are met.
    transitions : "fitted", "weighed" or "expected"
        What recurrent synapses hold: the expected ln B of section 6 of the theory; that, times a
        gain for every action; or what brings the network closest to exact filtering, in other
        episodes than those it is tried on. Units that do not compete, and factors of more than
        200 states, are weighed where they would be fitted.
    plan : Solution, optional
        What four of five actions follow in these episodes, by `solve` say; by default actions are
        drawn from their prior.
    floor : float
        The least that a probability counts as inside a logarithm.
    episodes, steps : int
        Simulated, to measure what the conversion costs.
    seed : int
        Of these episodes.

    Returns
    -------
    Conversion
        The network; ``divergence`` holds what it costs, in bits, and why.

    Raises
    ------
    CanonicaError
        If arrays do not fit together or are no probabilities, or a setting is out of range.

    References
    ----------
    [CP25]; section 6 of the theory.

    Examples
    --------
    >>> import numpy as np
    >>> hears = np.array([[0.85, 0.15], [0.15, 0.85]])
    >>> stays = np.eye(2)[:, :, None]
    >>> found = from_pomdp([hears], [stays], transitions="expected")
    >>> found.network.recurrent_weight.shape  # two actions: the one there is, and the beginning
    (2, 2, 2, 2)
    >>> fitted = from_pomdp([hears], [stays])
    >>> bool((fitted.divergence.divergence < found.divergence.divergence).all())
    True
    """
    problem = _problem(A, B, C, D, E)
    generator = np.random.default_rng(checked_seed(seed))
    floor = checked_number("floor", floor, lowest=1e-9, highest=1e-2)
    shape = {
        "episodes": checked_size("episodes", episodes, most=10_000),
        "steps": checked_size("steps", steps, most=10_000),
        "observes_at_start": problem.observes_at_start,
        "plan": plan,
    }
    whole = joint(problem)
    if plan is not None and plan.values.shape[1] != len(whole.start):
        found = f"{plan.values.shape[1]} states"
        raise refusal("plan", found, f"{len(whole.start)}, those of the problem")
    fitted_to, tried_on = (drawn_episodes(whole, generator, **shape) for _ in range(2))
    met = exact_beliefs(whole, fitted_to)
    parts = {False: [whole], True: [whole]}
    if len(problem.states) > 1:
        parts[True] = factors_apart(whole, problem.states, met.mean(axis=(0, 1)))
    made = Approximations(
        transition=True,
        sigmoid=units == "sigmoid",
        apart=factors == "apart" and len(problem.states) > 1,
        floor=floor,
    )

    @cache
    def filters(on: Approximations) -> list[FactorFilter]:
        units = [FactorFilter(part, on) for part in parts[on.apart]]
        if not on.transition or transitions == "expected":
            return units
        return _fitted(units, problem.states, met, fitted_to, every=transitions == "fitted")

    found = divergences(
        exact_beliefs(whole, tried_on), made, lambda on: network_log_beliefs(filters(on), tried_on)
    )
    with double_precision():
        network = filtering_network(filters(made), sigmoid=made.sigmoid, floor=floor)
    settings = {
        "units": units, "factors": factors, "transitions": transitions,
        "floor": floor, "episodes": episodes, "steps": steps, "seed": seed, "name": problem.name,
    }  # fmt: skip
    found = found.assign_attrs(**settings, **versions())
    return Conversion(problem, whole, network, factors, found)


def _problem(A: Any, B: Any, C: Any, D: Any, E: Any) -> Pomdp:
    whole = isinstance(A, Pomdp) or is_pymdp_agent(A)
    if whole and any(one is not None for one in (B, C, D, E)):
        raise refusal("B, C, D, E", "some beside a whole problem", "that problem alone")
    if isinstance(A, Pomdp):
        return A
    if whole:
        return problem_of_pymdp_agent(A)
    if B is None:
        raise refusal("B", "None", "transitions, (next state, previous state, control) each")
    return Pomdp(A, B, C, D, E)


def _fitted(
    units: list[FactorFilter],
    states: tuple[int, ...],
    met: Float[np.ndarray, "time episode state"],
    seen: Episodes,
    *,
    every: bool,
) -> list[FactorFilter]:
    """Return units with transitions weighed, and every synapse fitted where that can be."""
    gains = fitted_gains(units, states, met, seen)
    found = []
    for number, (one, gain) in enumerate(zip(units, gains, strict=True)):
        wide = gain[:, None, None]
        off = None if one.log_off is None else wide * one.log_off
        weighed = one.with_transitions(wide * present(one.log_on, "log_on"), off)
        if every and off is None and len(one.part.start) <= LARGEST:
            weighed = fitted_transitions(weighed, of_factor(met, states, number, units), seen)
        found.append(weighed)
    return found
