"""The agent of [CB22], for a maze of any size."""

import jax.numpy as jnp
import numpy as np

from canonica._checks import (
    checked_array,
    checked_kind,
    checked_number,
    checked_positive,
    checked_size,
)
from canonica.agents.network._agent import Agent
from canonica.agents.network._policies import first_move_prior, sequences
from canonica.agents.worlds._maze import Maze
from canonica.model import GenerativeModel

PRIOR_RIGHT = 0.25
POLICY_LENGTH = 4  # moves of a policy
VERTICAL = 0.25  # prior of up, and of down
WEAK, STRONG = 1e7, 9.9e8  # counts of any pair of values, and what agreement adds
POLICY_COUNT = 3000.0
LARGEST_IDENTITY = 10_000  # whose counts fill 3 GB


def identity_counts(size: int, weak: float = WEAK, strong: float = STRONG) -> np.ndarray:
    """Return counts of a mapping by which every state is seen as one observation.

    Parameters
    ----------
    size : int
        States, and observations.
    weak, strong : float
        Counts of every pair of values, and what those that agree have more.

    Returns
    -------
    (2, 2, size, size)
        `weak` everywhere, and `strong` more for equal values of observation i and state i.

    Raises
    ------
    CanonicaError
        If a number is out of range.
    """
    checked_size("size", size, most=LARGEST_IDENTITY)
    weak, strong = checked_positive("weak", weak), checked_number("strong", strong, lowest=0)
    counts = np.full((2, 2, size, size), weak)
    diagonal = np.arange(size)
    for value in (0, 1):
        counts[value, value, diagonal, diagonal] += strong
    return counts


def maze_agent(maze: Maze, prior_right: float = PRIOR_RIGHT) -> Agent:
    """Return the agent of [CB22], for a maze like `maze`.

    A hidden state for every cell of the window; policies are all sequences of four moves, of
    which the first is made; learning at the end of each trial, modulated chunk by chunk.

    Parameters
    ----------
    maze : Maze
        Whose window it sees.
    prior_right : float
        Prior probability e of a move to the right, between 0 and 0.5; to the left it is 0.5 - e.

    Raises
    ------
    CanonicaError
        If `prior_right` is out of range.

    References
    ----------
    [CB22] Methods; section 5 of the theory.
    """
    checked_kind("maze", maze, Maze, "a Maze")
    prior_right = checked_number("prior_right", prior_right, lowest=0, highest=1 - 2 * VERTICAL)
    policies = sequences(maze.moves, POLICY_LENGTH)
    moves = np.array([VERTICAL, VERTICAL, 0.5 - prior_right, prior_right])
    return agent_with_prior(maze, policies, first_move_prior(policies, moves))


def agent_with_prior(maze: Maze, policies: np.ndarray, decision_prior: np.ndarray) -> Agent:
    """Return the agent of [CB22] with any decision prior E.

    Parameters
    ----------
    maze : Maze
        Whose window it sees.
    policies : (policy, length)
        Moves of each policy.
    decision_prior : (2, policy)
        E, by value of the decision.

    Raises
    ------
    CanonicaError
        If prior and policies do not fit each other, or the prior is none.
    """
    states = checked_kind("maze", maze, Maze, "a Maze").observations
    checked_array("policies", policies, dims=["policy", "length"], lowest=0)
    policies = np.asarray(policies)
    decision_prior = checked_array("decision_prior", decision_prior, dims=["value", "policy"])
    dtype = jnp.result_type(float)
    model = GenerativeModel(
        likelihood_counts=jnp.asarray(identity_counts(states), dtype),
        state_prior=jnp.full((2, states), 0.5, dtype),
        transition_counts=jnp.full((2, 2, states, states), WEAK, dtype),
        policy_counts=jnp.full((2, 2, states, len(policies)), POLICY_COUNT, dtype),
        decision_prior=jnp.asarray(decision_prior, dtype),
    )
    return Agent(model, jnp.asarray(policies))
