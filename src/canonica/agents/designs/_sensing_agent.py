"""Agents for small worlds: a hidden state for each observation, and perhaps a memory of it."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from canonica._checks import checked_kind, checked_number, checked_size
from canonica.agents.designs._maze_agent import identity_counts
from canonica.agents.designs._memory import FIXED, Memory, memory_counts
from canonica.agents.network._agent import Agent
from canonica.agents.network._policies import first_move_prior, sequences
from canonica.agents.network.modulations._modulation import Modulation
from canonica.agents.network.modulations._step import StepModulation
from canonica.model import GenerativeModel

MISPERCEIVED = 1e-3
MOST_OBSERVATIONS = 5000  # whose counts, with a memory, fill 3 GB
EACH_STEP = StepModulation()
CHUNK = 100  # steps
POLICY_COUNT = 20.0


def sensing_agent(
    observations: int,
    moves: int,
    *,
    modulation: Modulation = EACH_STEP,
    chunk: int = CHUNK,
    memory: Memory | None = None,
    policy_count: float = POLICY_COUNT,
) -> Agent:
    """Return an agent for any world of so many observations and moves.

    Given, and fixed: a hidden state for each observation, which follows it; with `memory`,
    another one for each that remembers it. Learned: the policy mapping alone, from nothing. At
    first every move is equally likely, whatever is seen or remembered. Policies are single moves,
    decided from the states just inferred.

    Parameters
    ----------
    observations, moves : int
        Of the world.
    modulation : Modulation
        From the risks of a rollout to Gamma; the risk of each step itself by default.
    chunk : int
        Steps of a rollout: as many as a trial may have, for a modulation that judges whole
        trials.
    memory : Memory, optional
        `LATCH` for what was seen at any time in this trial, `TRACE` for what was seen lately, and
        how often; none by default.
    policy_count : float
        Each of the counts c at first: the more, the slower the learning, and the less it hangs on
        the first few trials.

    Raises
    ------
    CanonicaError
        If a number is out of range.

    References
    ----------
    Sections 1 and 2 of the theory.

    Examples
    --------
    >>> from canonica.agents import TRACE, StepModulation
    >>> agent = sensing_agent(4, 2, modulation=StepModulation(), chunk=10, memory=TRACE)
    >>> agent.model.policy_counts.shape  # 4 states that see, 4 that remember, 2 moves
    (2, 2, 8, 2)
    """
    observations = checked_size("observations", observations, most=MOST_OBSERVATIONS)
    policy_count = checked_number("policy_count", policy_count, lowest=1, highest=FIXED)
    if memory is not None:
        checked_kind("memory", memory, Memory, "a Memory, LATCH, TRACE or None")
    policies = sequences(moves, length=1)
    states = observations * (1 if memory is None else 2)
    dtype = jnp.result_type(float)
    prior = np.full(states, 0.5)
    if memory is not None:
        prior[observations:] = memory.prior
    transition = None if memory is None else memory_counts(observations, memory)
    model = GenerativeModel(
        likelihood_counts=jnp.asarray(_sense_counts(observations, states), dtype),
        state_prior=jnp.asarray(np.stack([1 - prior, prior]), dtype),
        transition_counts=None if transition is None else jnp.asarray(transition, dtype),
        policy_counts=jnp.full((2, 2, states, len(policies)), policy_count, dtype),
        decision_prior=jnp.asarray(first_move_prior(policies, np.full(moves, 1 / moves)), dtype),
    )
    return Agent(
        model,
        jnp.asarray(policies),
        modulation=modulation,
        chunk=chunk,
        decides_from="current",
    )


def _sense_counts(observations: int, states: int) -> Float[np.ndarray, "2 2 observation state"]:
    """Return counts by which the first states follow the observations, and others do not."""
    counts = np.full((2, 2, observations, states), FIXED / 2)
    weak = FIXED * MISPERCEIVED
    counts[..., :observations] = identity_counts(observations, weak, FIXED - weak)
    return counts
