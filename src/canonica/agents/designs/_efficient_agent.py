"""The network of [CB22] with other policies, other prior beliefs and online plasticity."""

from typing import Literal

import jax.numpy as jnp
import numpy as np

from canonica._checks import checked_kind, checked_number
from canonica.agents.designs._maze_agent import PRIOR_RIGHT, STRONG, VERTICAL, WEAK, identity_counts
from canonica.agents.designs._maze_policies import is_passage, returns, way_of
from canonica.agents.network._agent import Agent
from canonica.agents.network._policies import sequences
from canonica.agents.network.modulations._following import FollowingModulation
from canonica.agents.network.modulations._modulation import Modulation
from canonica.agents.worlds._maze import Maze
from canonica.model import MINIMUM_POLICY_COUNT, GenerativeModel

FOLLOWING = FollowingModulation()
LENGTH = 4  # moves of a policy, all of which are made
CHUNK = 1000
FEW = 15.0  # policy counts that a single success changes
FIXED = 1e7  # policy counts that nothing changes
NEVER = 1e6  # how often a policy was taken and no wall on its path, before anything is learned


def efficient_agent(
    maze: Maze,
    prior_right: float = PRIOR_RIGHT,
    *,
    length: int = LENGTH,
    moves_made: int | None = None,
    turns_back: bool = False,
    walls_matter: bool = True,
    only_passages: bool = True,
    policy_count: float = FEW,
    remembers: bool = False,
    modulation: Modulation = FOLLOWING,
    chunk: int = CHUNK,
    learning: Literal["trial", "chunk"] = "chunk",
    decides_from: Literal["previous", "current"] = "current",
) -> Agent:
    """Return an agent that finds short ways through a maze like `maze`.

    Network, plasticity and observations are those of `maze_agent`; it is told of no map, place or
    goal. What differs is how it is asked to decide, what it believes at first, and how risk
    becomes Gamma; each can be taken back.

    Decisions: policies that do not turn back, made to their end, from what is seen now. Prior
    beliefs, which hold in any maze: a policy is not taken where a wall is on its path, and what is
    always there (pillars, cells) says nothing of policies. Learning: with few policy counts, every
    `chunk` steps, by the progress that followed each decision. The rest, which way to take where,
    it has to learn.

    Parameters
    ----------
    maze : Maze
        Whose window it sees.
    prior_right : float
        Prior probability e of a move to the right, between 0 and 0.5; to the left it is 0.5 - e.
        The decision prior E of a policy is the product over its moves.
    length : int
        Moves of a policy.
    moves_made : int, optional
        How many of them are made before it decides again; all by default.
    turns_back : bool
        Whether there are policies that undo a move at once.
    walls_matter : bool
        Whether it believes at first that no policy is taken against a wall.
    only_passages : bool
        Whether only cells between two others, which are passages or walls, speak for policies.
    policy_count : float
        Counts c of each pair of values at first, where nothing above says otherwise.
    remembers : bool
        Whether there are further hidden states, one for each passage, that are by the recurrent
        synapses K what it was one step earlier.
    modulation, chunk, learning, decides_from
        As in `Agent`.

    Raises
    ------
    CanonicaError
        If a number is out of range.

    References
    ----------
    Sections 1, 2 and 5 of the theory; [CB22] for what it starts from.

    Examples
    --------
    >>> import jax
    >>> from canonica.agents import maze_walls, trial
    >>> maze = Maze(maze_walls(jax.random.key(0), height=7, width=9), window=5)
    >>> agent = efficient_agent(maze)
    >>> agent.policies.shape  # 4 * 3 * 3 * 3, less those that go round a pillar
    (100, 4)
    >>> found, state = trial(agent, agent.init(), maze, jax.random.key(1), max_steps=1000)
    >>> bool(found.done)
    True
    """
    checked_kind("maze", maze, Maze, "a Maze")
    prior_right = checked_number("prior_right", prior_right, lowest=0, highest=2 * VERTICAL)
    policy_count = checked_number(
        "policy_count",
        policy_count,
        lowest=MINIMUM_POLICY_COUNT,
        highest=FIXED,
        advice="Below 1 no count ever falls; beyond, nothing is learned.",
    )
    policies = sequences(maze.moves, length)
    if not turns_back:
        policies = policies[~returns(policies, 2) & ~returns(policies, 4)]
    passages = np.flatnonzero(is_passage(maze.window))
    seen, remembered = maze.observations, len(passages) if remembers else 0
    dtype = jnp.result_type(float)
    model = GenerativeModel(
        likelihood_counts=jnp.asarray(_likelihood_counts(seen, remembered), dtype),
        state_prior=jnp.full((2, seen + remembered), 0.5, dtype),
        transition_counts=jnp.asarray(_transition_counts(seen, passages[:remembered]), dtype),
        policy_counts=jnp.asarray(
            _policy_counts(
                policies,
                maze.window,
                policy_count,
                remembered,
                walls_matter=walls_matter,
                only_passages=only_passages,
            ),
            dtype,
        ),
        decision_prior=jnp.asarray(_decision_prior(policies, prior_right), dtype),
    )
    return Agent(
        model,
        jnp.asarray(policies),
        modulation=modulation,
        chunk=chunk,
        learning=learning,
        decides_from=decides_from,
        moves_made=length if moves_made is None else moves_made,
        epsilon=0.0,
    )


def _decision_prior(policies: np.ndarray, prior_right: float) -> np.ndarray:
    moves = np.array([VERTICAL, VERTICAL, 2 * VERTICAL - prior_right, prior_right])
    prior = moves[policies].prod(axis=1)
    prior = prior / prior.sum()
    return np.stack([1 - prior, prior])


def _likelihood_counts(seen: int, remembered: int) -> np.ndarray:
    """Return a: states of the window are what is seen; it says nothing of those remembered."""
    flat = np.full((2, 2, seen, remembered), WEAK)
    return np.concatenate([identity_counts(seen), flat], axis=-1)


def _transition_counts(seen: int, remembered: np.ndarray) -> np.ndarray:
    """Return b: states remembered are what passages were, all else says nothing."""
    states = seen + len(remembered)
    counts = np.full((2, 2, states, states), WEAK)
    for value in (0, 1):
        counts[value, value, remembered, np.arange(seen, states)] += STRONG
    return counts


def _policy_counts(
    policies: np.ndarray,
    window: int,
    count: float,
    remembered: int,
    *,
    walls_matter: bool,
    only_passages: bool,
) -> np.ndarray:
    counts = np.full((2, 2, window**2, len(policies)), count)
    if only_passages:
        counts[:, :, ~is_passage(window)] = FIXED
    if walls_matter:
        rows, columns = way_of(policies)
        # Between two places, so that their sum is two times the middle.
        row = rows[:, 1:] + rows[:, :-1] + window // 2
        column = columns[:, 1:] + columns[:, :-1] + window // 2
        inside = (row >= 0) & (row < window) & (column >= 0) & (column < window)
        policy = np.nonzero(inside)[0]
        cell = (row * window + column)[inside]
        counts[1, 1, cell, policy] = MINIMUM_POLICY_COUNT
        counts[0, 1, cell, policy] = NEVER
    more = np.full((2, 2, remembered, len(policies)), count)
    return np.concatenate([counts, more], axis=2)
