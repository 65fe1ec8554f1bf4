"""A whole trial, from start to goal or until time is up, in one compiled loop."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from canonica._checks import checked_kind, checked_size
from canonica._float64 import standard_promotion
from canonica._keys import checked_key
from canonica.agents.experiments._beliefs_by_view import BeliefsByView
from canonica.agents.experiments._meeting import check_meeting
from canonica.agents.experiments._record import Record
from canonica.agents.network._agent import Agent
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._draw import uniform_of
from canonica.agents.network._response import Acting, Response
from canonica.agents.network._response_law import ResponseLaw
from canonica.agents.network._rollout import Rollout
from canonica.agents.worlds._environment import Environment
from canonica.model import FreeEnergy, present


class Trial(NamedTuple):
    """How a trial ended, with its risk and free energy.

    Attributes
    ----------
    steps : ()
        Moves that were made.
    done : ()
        Whether the environment ended it; otherwise time was up.
    risk : ()
        Mean over steps.
    free_energy : FreeEnergy
        Sums over steps.
    decisions : (policy,)
        How often each policy was drawn.
    record : Record or None
        Every step, where it was asked for.
    """

    steps: Int[Array, "*batch"]
    done: Bool[Array, "*batch"]
    risk: Float[Array, "*batch"]
    free_energy: FreeEnergy
    decisions: Int[Array, "*batch policy"]
    record: Record | None


class _Now(NamedTuple):
    """Where agent and environment are within a trial."""

    place: Any
    observation: Array | None  # where it is not to be looked up
    acting: Acting
    steps: Int[Array, ""]
    done: Bool[Array, ""]


class _Trace(NamedTuple):
    """What one step leaves behind, to be learned from and recorded."""

    seen: Array  # which view, or the observation itself
    response: Response
    risk: Float[Array, ""]
    place: Any | None  # where it is to be recorded


@standard_promotion()
def trial(
    agent: Agent,
    state: AgentState,
    environment: Environment,
    key: Array,
    *,
    max_steps: int,
    record: bool = False,
) -> tuple[Trial, AgentState]:
    """Return what became of a trial, and the agent at the start of the next one.

    Step by step the same as `Agent.step` and the environment's `step` by turns, with
    `Agent.learn` after every chunk and at the end, and `Agent.begin`: keys of the steps are split
    from ``fold_in(key, chunk)``, and each is split for the agent and for the environment.

    Parameters
    ----------
    agent : Agent
        Who acts.
    state : AgentState
        At the start of a trial: from `Agent.init`, `Agent.begin` or the trial before.
    environment : Environment
        Where.
    key : jax.Array
        Decides everything random.
    max_steps : int
        When time is up.
    record : bool
        Whether to keep every step, which takes memory for `max_steps` of them.

    Returns
    -------
    Trial, AgentState
        Compile with `jax.jit` (`max_steps` and `record` static). With `jax.vmap` over states,
        environments and keys, one compiled loop runs many agents, until the last has finished.

    Raises
    ------
    CanonicaError
        If the agent does not fit the world, or `max_steps` is no number of steps.

    References
    ----------
    [CB22] Methods; section 5 of the theory.
    """
    check_meeting(agent, environment)
    checked_kind("state", state, AgentState, "an AgentState: agent.init()")
    checked_size("max_steps", max_steps, advice="In jax.jit, it has to be static.")
    start_key, key = jax.random.split(checked_key(key))
    noisy = agent.plasticity is not None and agent.plasticity.noise is not None
    place, observation = environment.reset(start_key)
    views, dtype = environment.views, state.belief.dtype
    views = None if views is None else views.astype(dtype)
    zero, no = jnp.zeros((), jnp.int32), jnp.zeros((), bool)
    seen = observation if views is None else None
    start = _Now(place, seen, Acting(state.belief, zero, zero), zero, no)
    time = -(-max_steps // agent.chunk) * agent.chunk
    kept = Record.empty(place, time, dtype) if record else None

    def drives_of(state: AgentState) -> Array | None:
        """Return what every observation there is says to each state, to be looked up."""
        return None if views is None else state.law.state_drive(views)

    def noise_key(chunk: Int[Array, ""]) -> Array | None:
        # From the key that began the trial, of which nothing else is made.
        return jax.random.fold_in(jax.random.fold_in(start_key, 0), chunk) if noisy else None

    def goes_on(carry: tuple) -> Bool[Array, ""]:
        now, *_, chunk = carry
        return ~now.done & (chunk * agent.chunk < max_steps)

    def one_chunk(carry: tuple) -> tuple:
        now, state, drives, by_view, kept, chunk = carry
        first = chunk * agent.chunk
        # All that is random is drawn at once: keys are dear beside a step.
        keys = jax.random.split(jax.random.fold_in(key, chunk), agent.chunk)
        agent_keys, world_keys = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        uniform = jax.vmap(partial(uniform_of, dtype=dtype))(agent_keys)
        step = partial(_step, agent, state.law, _Surroundings(environment, drives, record))
        after, trace = lax.scan(step, now._replace(steps=zero), (uniform, world_keys))
        # What follows the end, or the end of time, did not happen.
        steps = jnp.minimum(after.steps, max_steps - first)
        done = after.done & (steps == after.steps)
        observations = trace.seen if views is None else None
        rollout = Rollout(steps, now.acting, observations, trace.response)
        if by_view is not None:
            by_view = by_view.with_rollout(trace.seen, rollout)
        if agent.learning == "chunk":
            state, by_view = _counted(state, by_view, views)
        state = agent.consolidate(state, rollout, trace.risk, noise_key(chunk))
        if agent.learning == "chunk":
            drives = drives_of(state)
        if kept is not None:
            kept = kept.with_rows(_recorded(agent, now.acting.made, trace), first)
        return after._replace(done=done), state, drives, by_view, kept, chunk + 1

    by_view = None if views is None else BeliefsByView.none(len(views), len(state.belief), dtype)
    carry = (start, state, drives_of(state), by_view, kept, zero)
    now, state, _, by_view, kept, _ = lax.while_loop(goes_on, one_chunk, carry)
    state = agent.flush(_counted(state, by_view, views)[0])
    tally = state.tally
    if kept is not None:
        kept = kept.until(tally.steps, max_steps)
    found = Trial(
        tally.steps,
        now.done,
        tally.risk / jnp.maximum(tally.steps, 1),
        tally.free_energy,
        tally.decisions,
        kept,
    )
    return found, agent.begin(state)


def _recorded(agent: Agent, made: Int[Array, ""], trace: _Trace) -> Record:
    """Return the rows that a chunk adds to the record."""
    policy = trace.response.policy
    moves = agent.policies[policy, (made + jnp.arange(agent.chunk)) % agent.moves_made]
    return Record(trace.place, policy, moves, trace.risk)


class _Surroundings(NamedTuple):
    """The environment, and what each of its views says to each state where they are known."""

    environment: Environment
    drives: Float[Array, "view state"] | None
    recorded: bool


def _step(
    agent: Agent,
    law: ResponseLaw,
    world: _Surroundings,
    now: _Now,
    random: tuple[Float[Array, ""], Array],
) -> tuple[_Now, _Trace]:
    uniform, world_key = random
    environment, drives, recorded = world
    acting = now.acting
    dtype = acting.belief.dtype
    if drives is None:
        seen = present(now.observation, "observation").astype(dtype)
        drive = law.state_drive(seen)
    else:
        seen = environment.view(now.place)
        drive = drives[seen]
    response = agent.respond(law, drive, acting, uniform)
    outcome = environment.step(now.place, agent.policies[response.policy, acting.made], world_key)
    after = _Now(
        outcome.state,
        outcome.observation if drives is None else None,
        Acting(response.belief, response.policy, (acting.made + 1) % agent.moves_made),
        now.steps + ~now.done,
        now.done | outcome.done,
    )
    risk = outcome.risk.astype(dtype)
    return after, _Trace(seen, response, risk, now.place if recorded else None)


def _counted(
    state: AgentState, by_view: BeliefsByView | None, views: Array | None
) -> tuple[AgentState, BeliefsByView | None]:
    """Return the state with the sums by view accumulated, and those sums empty again."""
    if by_view is None or views is None:
        return state, by_view
    likelihood = state.accumulated.likelihood + by_view.coincidence(views)
    accumulated = state.accumulated._replace(likelihood=likelihood)
    return state._replace(accumulated=accumulated), jax.tree.map(jnp.zeros_like, by_view)
