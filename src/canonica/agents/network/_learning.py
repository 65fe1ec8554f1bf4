"""Hebbian plasticity of a rollout, modulated by Gamma, and the free energy on the way."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.agents.network._accumulated import Accumulated
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._coincidence import coincidence_of, coincidence_of_decisions
from canonica.agents.network._counts import Counts
from canonica.agents.network._pairs import Pairs
from canonica.agents.network._response import Response
from canonica.agents.network._response_law import ResponseLaw
from canonica.agents.network._rollout import Rollout
from canonica.agents.network._tally import Tally
from canonica.model import MINIMUM_POLICY_COUNT, PlasticityGains, previous_in_time


class Lesson(NamedTuple):
    """What a rollout teaches.

    Attributes
    ----------
    risk, modulation : (time,)
        Of each step; ``1 - 2 Gamma``, or what has become of it.
    plasticity : PlasticityGains or None
        How strongly it changes the counts.
    at_first : Pairs
        Policy counts that a network which forgets returns to.
    """

    risk: Float[Array, " time"]
    modulation: Float[Array, " time"]
    plasticity: PlasticityGains | None
    at_first: Pairs


def with_rollout(
    state: AgentState,
    rollout: Rollout,
    lesson: Lesson,
    *,
    from_current: bool,
    moves_made: int,
) -> AgentState:
    """Return the state that has learned what was done in a rollout, the rest accumulated.

    Parameters
    ----------
    state : AgentState
        By whose law the agent acted.
    rollout : Rollout
        What happened.
    lesson : Lesson
        What it teaches.
    from_current : bool
        Whether decisions were drawn from the states of their own step.
    moves_made : int
        From one decision to the next.
    """
    law, tally = state.law, state.tally
    response, belief = rollout.response, rollout.response.belief
    dtype = belief.dtype
    previous = previous_in_time(belief, rollout.before.belief)
    mask = rollout.mask.astype(dtype)
    decided = rollout.decided(moves_made).astype(dtype)
    modulation = decided * lesson.modulation
    seen = belief if from_current else previous
    policies = len(tally.decisions)

    counts, weight = _kept(state.counts.policy, rollout, modulation, lesson)
    modulated = coincidence_of_decisions(seen, response.policy, policies, weight)
    learned = jax.tree.map(
        lambda count, more: jnp.maximum(count + more.astype(count.dtype), MINIMUM_POLICY_COUNT),
        counts,
        modulated,
    )
    # Whatever the states: at their posterior, their free energy is minus a log evidence, of which
    # this is the part that is not linear in coincidences.
    nonlinear = -(mask * jax.nn.softplus(response.log_odds).sum(axis=1)).sum()
    free_energy = tally.free_energy._replace(
        complexity=tally.free_energy.complexity + nonlinear,
        decision=tally.free_energy.decision + _decision(law, response, seen, decided, modulation),
    )
    drawn = jnp.zeros(policies, jnp.int32).at[response.policy].add(decided.astype(jnp.int32))
    return state._replace(
        counts=state.counts._replace(policy=learned),
        accumulated=_accumulated_with(
            state.accumulated, rollout.observation, previous, belief, mask
        ),
        tally=Tally(
            tally.steps + rollout.steps,
            tally.risk + (mask * lesson.risk).sum(),
            free_energy,
            tally.decisions + drawn,
        ),
    )


def _kept(
    counts: Pairs, rollout: Rollout, modulation: Float[Array, " time"], lesson: Lesson
) -> tuple[Pairs, Float[Array, " time"]]:
    """Return the policy counts that a rollout leaves, and what each of its steps adds."""
    plasticity = lesson.plasticity
    if plasticity is None:
        return counts, modulation
    kept = jax.tree.map(
        lambda now, first: plasticity.kept(now, first, rollout.steps), counts, lesson.at_first
    )
    after = jnp.maximum(rollout.steps - 1 - jnp.arange(len(modulation)), 0)
    weight = modulation * plasticity.rate * plasticity.retention**after
    return kept, weight.astype(modulation.dtype)


def _accumulated_with(
    accumulated: Accumulated,
    observation: Float[Array, "time observation"] | None,
    previous: Float[Array, "time state"],
    belief: Float[Array, "time state"],
    mask: Float[Array, " time"],
) -> Accumulated:
    likelihood, transition = accumulated
    if observation is not None:
        likelihood = likelihood + coincidence_of(observation, belief, mask)
    if transition is not None:
        transition = transition + coincidence_of(previous, belief, mask)
    return Accumulated(likelihood, transition)


def flushed(state: AgentState, plasticity: PlasticityGains | None) -> AgentState:
    """Return the state that has learned all that was accumulated, its tally complete."""
    law, counts = state.law, state.counts
    likelihood, transition = state.accumulated
    accuracy = likelihood.expected(law.likelihood)
    silent = likelihood.silent(law.likelihood)
    silent = silent + likelihood.time * law.state_log_prior[0].sum()
    learned = counts.transition
    if transition is not None and law.transition is not None and learned is not None:
        silent = silent + transition.silent(law.transition)
        learned = learned + _by_rate(transition.counts, plasticity)
    F = state.tally.free_energy
    free_energy = F._replace(
        accuracy=F.accuracy + accuracy, complexity=F.complexity - silent + accuracy
    )
    return state._replace(
        counts=Counts(
            counts.likelihood + _by_rate(likelihood.counts, plasticity), learned, counts.policy
        ),
        accumulated=jax.tree.map(jnp.zeros_like, state.accumulated),
        tally=state.tally._replace(free_energy=free_energy),
    )


def _by_rate(
    increment: Float[Array, "2 2 outcome cause"], plasticity: PlasticityGains | None
) -> Float[Array, "2 2 outcome cause"]:
    return increment if plasticity is None else increment * plasticity.rate.astype(increment.dtype)


def _decision(
    law: ResponseLaw,
    response: Response,
    seen: Float[Array, "time state"],
    decided: Float[Array, " time"],
    modulation: Float[Array, " time"],
) -> Float[Array, ""]:
    """Return the free energy of decisions taken: certain, so without entropy."""
    log_prior = law.policy_log_prior
    prior = (log_prior[1] - log_prior[0])[response.policy]
    evidence = response.policy_log_odds - prior + law.policy.silent(seen)
    return -(decided * (prior + log_prior[0].sum()) + modulation * evidence).sum()
