"""Agents for small worlds: one hidden state for each observation, and perhaps a memory of it."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from canonica._errors import CanonicaError
from canonica.agents.designs._maze_agent import identity_counts
from canonica.agents.network._agent import Agent
from canonica.agents.network._modulation import Modulation, StepModulation
from canonica.agents.network._outcome_modulation import OutcomeModulation
from canonica.agents.network._policies import first_move_prior, sequences
from canonica.agents.worlds._switching_bandit import SwitchingBandit
from canonica.agents.worlds._t_maze import TMaze
from canonica.model import GenerativeModel

# Senses and memory are given, not learned: counts that a life of experience does not move.
FIXED = 1e9
MISPERCEIVED = 1e-3
T_MAZE_STEPS, T_MAZE_COUNT = 60, 20.0
BANDIT_PULLS, BANDIT_COUNT = 100, 200.0


@dataclass(frozen=True)
class Memory:
    """How hidden states remember others through the recurrent synapses K.

    A remembering state comes on when its source was, and excites itself. It has no likelihood of
    its own. Of the transition mapping, read backwards in time, these probabilities are all:

    Parameters
    ----------
    kept : float
        Probability that the memory had the value before that it has now. About 0.9 is the border
        between a trace that fades and a switch that stays on.
    written, mistaken : float
        Probability that the source was on a step ago, if the memory is on now, and if it is off.
    prior : float
        Prior probability that the memory is on; also where it starts in each trial.

    Raises
    ------
    CanonicaError
        If a number is no probability, or 0 or 1.
    """

    kept: float
    written: float
    mistaken: float
    prior: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < 1:
                raise CanonicaError(f"{name}: found {value}; expected a number between 0 and 1.")


LATCH = Memory(kept=0.9995, written=0.5, mistaken=1e-6, prior=0.1)
TRACE = Memory(kept=0.85, written=0.5, mistaken=0.1, prior=0.3)


def sensing_agent(
    observations: int,
    moves: int,
    *,
    modulation: Modulation,
    chunk: int,
    memory: Memory | None = None,
    policy_count: float = T_MAZE_COUNT,
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
        From the risks of a stretch to Gamma.
    chunk : int
        Steps of a stretch; as many as a trial may have, for a modulation that judges whole
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
    >>> from canonica.agents import StepModulation
    >>> agent = sensing_agent(4, 2, modulation=StepModulation(), chunk=10, memory=TRACE)
    >>> agent.model.policy_counts.shape  # 4 states that see, 4 that remember, 2 moves
    (2, 2, 8, 2)
    """
    for name, value in {"observations": observations, "policy_count": policy_count}.items():
        if value < 1:
            raise CanonicaError(f"{name}: found {value}; expected 1 at least.")
    policies = sequences(moves, length=1)
    states = observations * (1 if memory is None else 2)
    dtype = jnp.result_type(float)
    prior = np.full(states, 0.5)
    if memory is not None:
        prior[observations:] = memory.prior
    transition = None if memory is None else _memory_counts(observations, memory)
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


def _memory_counts(observations: int, memory: Memory) -> Float[np.ndarray, "2 2 state state"]:
    """Return counts by which the second half of the states remembers the first."""
    source = np.arange(observations)
    remembering = source + observations
    before = np.full((2, 2 * observations, 2 * observations), 0.5)  # P(was 1 | is n)
    before[:, source, remembering] = np.array([[memory.mistaken], [memory.written]])
    before[:, remembering, remembering] = np.array([[1 - memory.kept], [memory.kept]])
    return FIXED * np.stack([1 - before, before])


def t_maze_agent(world: TMaze, max_steps: int = T_MAZE_STEPS) -> Agent:
    """Return an agent that learns to use the cue of a T-maze.

    It sees where it is and the cue, and remembers of everything whether it was seen in this trial
    (`LATCH`). It is told how many steps the shortest path has, as the measure of what is soon
    (`OutcomeModulation`). It is not told what any move does, what the cue is or means, which of
    its memories matters, or what is rewarded.

    Parameters
    ----------
    world : TMaze
        Whose observations it has.
    max_steps : int
        Of a trial, which is one stretch of learning: give the same to `trial`.

    Examples
    --------
    >>> agent = t_maze_agent(TMaze(corridor=3))
    >>> agent.chunk, agent.modulation.prompt
    (60, 4)
    """
    return sensing_agent(
        world.observations,
        world.moves,
        modulation=OutcomeModulation(prompt=world.shortest_path),
        chunk=max_steps,
        memory=LATCH,
        policy_count=T_MAZE_COUNT,
    )


def bandit_agent(
    world: SwitchingBandit, max_steps: int = BANDIT_PULLS, memory: Memory | None = TRACE
) -> Agent:
    """Return an agent that learns to follow the better arm of a switching bandit.

    It sees its last pull and what that gave, and has a fading trace of earlier ones (`TRACE`).
    Every pull is modulated by its own risk, at the end of the trial. It is not told that arms
    swap, how often, with which probabilities they reward, or what to do after which result.
    Without memory the best it can learn is to stay after reward, and to shift otherwise.

    Parameters
    ----------
    world : SwitchingBandit
        Whose observations it has.
    max_steps : int
        Pulls of a stretch of learning: give the same to `trial`.
    memory : Memory, optional
        None for an agent that knows its last pull only.

    Examples
    --------
    >>> agent = bandit_agent(SwitchingBandit())
    >>> agent.model.likelihood_counts.shape  # 4 observations; 4 states that see, 4 that remember
    (2, 2, 4, 8)
    """
    return sensing_agent(
        world.observations,
        world.moves,
        modulation=StepModulation(),
        chunk=max_steps,
        memory=memory,
        policy_count=BANDIT_COUNT,
    )
