"""The T-maze of `inferactively-pymdp`, for its agent and for one of ours; `maze.py` runs it.

`SimplifiedTMaze`: a centre, a left and a right arm and a place with a cue, any of which a move
leads to. In every trial one of the arms, drawn by chance, holds a reward and the other a
punishment; the cue tells which. A trial is at most 10 moves, as in the package's demonstration,
and counts as +1 where the first arm entered was the rewarded one, -1 where it was the other, 0
where none was entered. `World` is made from the package's own tables, A and B, and must show what
the package's environment showed for the same moves.

What each is told about the world, and what is left to learn, stands in `TOLD`.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from pymdp.agent import Agent as PymdpAgent  # pyright: ignore[reportMissingImports]
from pymdp.envs import SimplifiedTMaze, rollout  # pyright: ignore[reportMissingImports]

from canonica.agents import (
    Agent,
    Environment,
    Outcome,
    ProgressModulation,
    identity_counts,
    sequences,
    trial,
)
from canonica.model import GenerativeModel

MOVES_OF_TRIAL = 10
CONDITIONS = 2  # the reward is in the left or in the right arm
# What the package's demonstration sets: planning depth, and preferences for reward, punishment.
PLANNED, LIKED, DISLIKED = 2, 2.0, -3.0
REWARD, PUNISHMENT = 1, 2  # among the observations of an outcome
WEAK = 1e7
POLICY_COUNT = 100.0  # how much the network has to see before it acts differently
MODULATION = ProgressModulation(backward=1.0)  # Gamma 0 after a reward, 1 after all else
AGENTS = 100

TOLD = """\
pymdp is told everything but where the reward is: which place each move leads to, that the cue is
right, what is found in either arm, that it starts in the centre, and that it likes rewards and
dislikes punishments. It plans 2 moves ahead by expected free energy, learns nothing, and is as
good in the first trial as in the last.
canonica is told that each of the 8 bits it sees is a thing of its own, and how many moves there
are. It does not know where a move leads, what a cue is or what is good. At the end of a trial it
learns how it went: Gamma is 0 after a reward and 1 after all else. What to do where, it learns by
that alone, trial by trial; it neither plans nor keeps a model of the arms. Its decisions are drawn
from the present states (the published agent's from the previous ones). How fast it learns depends
on that Gamma and on its initial counts, which were found by trying them on this task."""


class World(Environment):
    """The package's T-maze as tables: what a move leads to, and what is seen there."""

    next_place: Int[Array, "place move"]
    table: Float[Array, "view observation"]
    sizes: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, theirs: Any) -> None:
        places = theirs.num_locations
        tables = [*map(np.asarray, (*theirs.A, *theirs.B))]
        if not all(np.isin(table, (0, 1)).all() for table in tables):
            raise ValueError("the T-maze is random beyond the place of the reward")
        self.next_place = jnp.asarray(tables[len(theirs.A)].argmax(axis=0), jnp.int32)
        seen = np.concatenate(tables[: len(theirs.A)])
        self.table = jnp.asarray(seen.transpose(1, 2, 0).reshape(places * CONDITIONS, -1))
        self.sizes = tuple(len(table) for table in tables[: len(theirs.A)])

    @property
    def moves(self) -> int:
        """Number of moves: one to each place."""
        return self.next_place.shape[1]

    @property
    def observations(self) -> int:
        """One for each value of either observation: place with cue, outcome."""
        return sum(self.sizes)

    @property
    def views(self) -> Float[Array, "view observation"]:
        """What is seen in each place under each condition."""
        return self.table

    def view(self, state: tuple[Array, Array]) -> Int[Array, ""]:
        """Return the place and the condition, as one number."""
        place, condition = state
        return CONDITIONS * place + condition

    def reset(self, key: Array) -> tuple[tuple[Array, Array], Float[Array, " observation"]]:
        """Return the centre, and the arm of the reward by chance."""
        state = jnp.zeros((), jnp.int32), jax.random.bernoulli(key).astype(jnp.int32)
        return state, self.table[self.view(state)]

    def step(self, state: tuple[Array, Array], move: Int[Array, ""], key: Array) -> Outcome:
        """Return where `move` leads; the trial ends in either arm."""
        del key
        place, condition = state
        after = self.next_place[place, move], condition
        seen = self.table[self.view(after)]
        outcome = seen[self.sizes[0] :]
        risk = (1 - outcome[REWARD] + outcome[PUNISHMENT]) / 2
        return Outcome(after, seen, risk, outcome[0] == 0)


class Found(NamedTuple):
    """Times and reward of one package.

    Attributes
    ----------
    seconds, seconds_each : float
        A trial of one agent alone, and of each of many at once.
    first_call : float
        Seconds, compilation included.
    steps : int
        That are computed in a trial.
    reward : (trial,)
        Mean over agents.
    """

    seconds: float
    seconds_each: float
    first_call: float
    steps: int
    reward: np.ndarray


def network(world: World) -> Agent:
    """Return an agent with one hidden state for each bit that it sees, and nothing known."""
    states, moves = world.observations, world.moves
    prior = np.stack([np.full(moves, 1 - 1 / moves), np.full(moves, 1 / moves)])
    model = GenerativeModel(
        likelihood_counts=jnp.asarray(identity_counts(states), float),
        state_prior=jnp.full((2, states), 0.5),
        transition_counts=jnp.full((2, 2, states, states), WEAK),
        policy_counts=jnp.full((2, 2, states, moves), POLICY_COUNT),
        decision_prior=jnp.asarray(prior, float),
    )
    return Agent(
        model,
        jnp.asarray(sequences(moves, 1)),
        MODULATION,
        chunk=MOVES_OF_TRIAL,
        decides_from="current",
    )


@partial(jax.jit, static_argnames="trials")
def life(agent: Agent, world: World, key: Array, trials: int) -> Float[Array, " trial"]:
    """Return the reward of each trial of an agent that learns from one to the next."""

    def one(state: Any, key: Array) -> tuple[Any, Array]:
        found, state = trial(agent, state, world, key, max_steps=MOVES_OF_TRIAL)
        return state, jnp.where(found.done, jnp.sign(1 - 2 * found.risk), 0)

    return jax.lax.scan(one, agent.init(), jax.random.split(key, trials))[1]


@partial(jax.jit, static_argnames="trials")
def lives(agent: Agent, world: World, keys: Array, trials: int) -> Float[Array, "agent trial"]:
    """Return the rewards of many agents, each living by itself."""
    return jax.vmap(lambda key: life(agent, world, key, trials))(keys)


def planner(theirs: Any, agents: int) -> PymdpAgent:
    """Return the package's agent as its demonstration sets it up."""
    preferences = [jnp.zeros(table.shape[0]) for table in theirs.A]
    preferences[1] = preferences[1].at[REWARD].set(LIKED).at[PUNISHMENT].set(DISLIKED)
    start = jnp.zeros(theirs.B[0].shape[0]).at[0].set(1.0)
    return PymdpAgent(
        theirs.A,
        theirs.B,
        preferences,
        [start, jnp.full(CONDITIONS, 1 / CONDITIONS)],
        policy_len=PLANNED,
        A_dependencies=theirs.A_dependencies,
        B_dependencies=theirs.B_dependencies,
        batch_size=agents,
    )


class Seen(NamedTuple):
    """Of the package's trials: what was seen, done and where the reward was."""

    observation: list[Int[Array, "trial agent time"]]
    move: Int[Array, "trial agent time"]
    condition: Int[Array, "trial agent time"]


def planned_lives(theirs: Any, agents: int, trials: int) -> Callable[[Array], Seen]:
    """Return a compiled loop over trials, each a `rollout` of all agents."""
    agent = planner(theirs, agents)

    def one(nothing: None, key: Array) -> tuple[None, Seen]:
        _, info = rollout(agent, theirs, MOVES_OF_TRIAL, key)
        observation = [seen[..., 0].astype(int) for seen in info["observation"]]
        move = info["action"][..., 0].astype(int)
        return nothing, Seen(observation, move, info["env_state"][1].astype(int))

    return jax.jit(lambda key: jax.lax.scan(one, None, jax.random.split(key, trials))[1])


def reward_of(seen: Seen) -> Float[np.ndarray, "trial agent"]:
    """Return +1, -1 or 0 of each trial, by the first outcome there was."""
    outcome = np.asarray(seen.observation[1])
    first = np.take_along_axis(outcome, (outcome > 0).argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.select([first == REWARD, first == PUNISHMENT], [1.0, -1.0], 0.0)


def check_same_world(world: World, seen: Seen) -> None:
    """Raise an error unless `world` shows what the package's did, for the same moves."""
    move, condition = np.asarray(seen.move), np.asarray(seen.condition)
    next_place, table = np.asarray(world.next_place), np.asarray(world.table)
    ends = np.cumsum(world.sizes)[:-1]
    place = np.zeros(move.shape[:-1], int)
    for time_step in range(move.shape[-1]):
        shown = np.split(table[CONDITIONS * place + condition[..., time_step]], ends, axis=-1)
        for ours, theirs in zip(shown, seen.observation, strict=True):
            np.testing.assert_array_equal(ours.argmax(axis=-1), theirs[..., time_step])
        place = next_place[place, move[..., time_step]]


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = jax.block_until_ready(function())
    return time.perf_counter() - start, found


def in_turn(ways: dict[str, Callable[[Array], Any]], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of every way, run by turns; the first call of each comes first."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(1 + repeats):
        for name, way in ways.items():
            seconds[name].append(timed(partial(way, jax.random.key(turn)))[0])
    return seconds


def measured(*, quick: bool) -> dict[str, Found]:
    """Return what both packages take, and what they earn, in the same run."""
    trials, repeats = (300, 3) if quick else (2000, 5)
    theirs = SimplifiedTMaze(cue_validity=1.0)
    world = World(theirs)
    agent = network(world)
    alone, many = planned_lives(theirs, 1, trials), planned_lives(theirs, AGENTS, trials)

    def our_many(key: Array) -> Array:
        return lives(agent, world, jax.random.split(key, AGENTS), trials)

    ways = {
        "pymdp": alone,
        "canonica": lambda key: life(agent, world, key, trials),
        "pymdp, many": many,
        "canonica, many": our_many,
    }
    seconds = in_turn(ways, repeats)
    seen = many(jax.random.key(0))
    check_same_world(world, seen)
    rewards = {
        "pymdp": reward_of(seen).mean(axis=1),
        "canonica": np.asarray(our_many(jax.random.key(0))).mean(axis=0),
    }
    # A rollout infers and acts once more than there are moves.
    steps = {"pymdp": MOVES_OF_TRIAL + 1, "canonica": MOVES_OF_TRIAL}
    return {
        name: Found(
            seconds=statistics.median(seconds[name][1:]) / trials,
            seconds_each=statistics.median(seconds[f"{name}, many"][1:]) / trials / AGENTS,
            first_call=seconds[name][0],
            steps=steps[name],
            reward=reward,
        )
        for name, reward in rewards.items()
    }
