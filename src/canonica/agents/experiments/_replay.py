"""A recorded trial gone through once more: what was believed, and how probable each move was."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Shaped

from canonica._float64 import in_float64
from canonica.agents.network._agent import Agent
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._draw import odds
from canonica.agents.worlds._maze import Maze


class RecordedTrial(NamedTuple):
    """What a trial's record says of each step."""

    view: Int[Array, " time"]
    policy: Int[Array, " time"]
    risk: Float[Array, " time"]


@in_float64
def replayed(
    agent: Agent,
    state: AgentState,
    maze: Maze,
    recorded: RecordedTrial,
    moments: Int[np.ndarray, " frame"],
) -> tuple[Array, Array]:
    """Return beliefs, and chances of first moves, at each of `moments`; in float64."""
    return _replay(agent, state, maze.views, recorded, jnp.asarray(moments), moves=maze.moves)


@partial(jax.jit, static_argnames="moves")
def _replay(
    agent: Agent,
    state: AgentState,
    views: Shaped[Array, "view observation"],
    recorded: RecordedTrial,
    moments: Int[Array, " frame"],
    *,
    moves: int,
) -> tuple[Float[Array, "frame state"], Float[Array, "frame move"]]:
    """Return beliefs, and chances of first moves, at each of `moments`.

    Steps in between leave nothing but the agent's state: little is held, however long the trial.
    """
    unused = jax.random.key(0)  # what is drawn with it gives way to what was recorded

    def live(step: Array, now: tuple[AgentState, Array]) -> tuple[AgentState, Array]:
        state, chances = now
        _, after = agent.step(state, views[recorded.view[step]], unused)
        seen = state.belief if agent.decides_from == "previous" else after.belief
        chances = jnp.where(
            state.made == 0, _first_move_chances(agent, state, seen, moves), chances
        )
        after = _as_recorded(after, recorded.policy[step].astype(state.policy.dtype))
        # An agent that learns at the trial's end acts by the same law until then.
        if agent.learning != "trial":
            after = _learned(agent, after, recorded.risk, step)
        return after, chances

    def to_moment(carry: tuple, moment: Array) -> tuple[tuple, tuple]:
        step, now = carry
        state, chances = lax.fori_loop(step, moment + 1, live, now)
        return (moment + 1, (state, chances)), (state.belief, chances)

    nothing = jnp.zeros(moves, state.belief.dtype)
    start = (jnp.zeros((), moments.dtype), (state, nothing))
    return lax.scan(to_moment, start, moments)[1]


def _first_move_chances(
    agent: Agent, state: AgentState, seen: Float[Array, " state"], moves: int
) -> Float[Array, " move"]:
    """Return with which probability the policy drawn now begins with each move."""
    law = state.law
    weight = odds(seen @ law.policy.slope + law.policy_offset, agent.epsilon)
    return jax.ops.segment_sum(weight / weight.sum(), agent.policies[:, 0], moves)


def _as_recorded(state: AgentState, policy: Int[Array, ""]) -> AgentState:
    """Return the state after a step, as if `policy` had been drawn in it."""
    response = state.rollout.response
    drawn = response.policy.at[state.rollout.steps - 1].set(policy)
    rollout = state.rollout._replace(response=response._replace(policy=drawn))
    return state._replace(policy=policy, rollout=rollout)


def _learned(
    agent: Agent, state: AgentState, risk: Float[Array, " time"], step: Int[Array, ""]
) -> AgentState:
    """Return the state after a step, learned from its chunk where that is complete."""
    first = jnp.maximum(step + 1 - agent.chunk, 0)
    of_chunk = lax.dynamic_slice(jnp.pad(risk, (0, agent.chunk)), (first,), (agent.chunk,))
    return lax.cond(
        state.rollout.steps == agent.chunk,
        lambda: agent.consolidate(state, state.rollout, of_chunk.astype(state.belief.dtype)),
        lambda: state,
    )
