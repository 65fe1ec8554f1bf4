"""Hebbian plasticity of a stretch of steps, modulated by Gamma, and the free energy on the way."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.agents.network._accumulated import Pending
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._coincidence import coincidence_of, coincidence_of_decisions
from canonica.agents.network._counts import Counts
from canonica.agents.network._response import Response
from canonica.agents.network._response_law import ResponseLaw
from canonica.agents.network._rollout import Stretch
from canonica.agents.network._tally import Tally
from canonica.model import MINIMUM_POLICY_COUNT, previous_in_time


def with_stretch(
    state: AgentState,
    stretch: Stretch,
    risk: Float[Array, " time"],
    gamma: Float[Array, " time"],
    *,
    from_current: bool,
    moves_made: int,
) -> AgentState:
    """Return the state that has learned of a stretch what it did, and has the rest pending.

    Parameters
    ----------
    state : AgentState
        By whose law the agent acted.
    stretch : Stretch
        What happened.
    risk, gamma : (time,)
        Of each step.
    from_current : bool
        Whether decisions were drawn from the states of their own step.
    moves_made : int
        From one decision to the next.
    """
    law, tally = state.law, state.tally
    response, belief = stretch.response, stretch.response.belief
    dtype = belief.dtype
    previous = previous_in_time(belief, stretch.before.belief)
    lived = stretch.lived.astype(dtype)
    decided = stretch.decided(moves_made).astype(dtype)
    modulation = decided * (1 - 2 * gamma)
    seen = belief if from_current else previous
    policies = len(tally.decisions)

    modulated = coincidence_of_decisions(seen, response.policy, policies, modulation)
    learned = jax.tree.map(
        lambda count, more: jnp.maximum(count + more.astype(count.dtype), MINIMUM_POLICY_COUNT),
        state.counts.policy,
        modulated,
    )
    # Whatever the states: at their posterior, their free energy is minus a log evidence, of which
    # this is the part that is not linear in coincidences.
    unsettled = -(lived * jax.nn.softplus(response.log_odds).sum(axis=1)).sum()
    free_energy = tally.free_energy._replace(
        complexity=tally.free_energy.complexity + unsettled,
        decision=tally.free_energy.decision + _decision(law, response, seen, decided, modulation),
    )
    drawn = jnp.zeros(policies, jnp.int32).at[response.policy].add(decided.astype(jnp.int32))
    return state._replace(
        counts=state.counts._replace(policy=learned),
        pending=_pending_with(state.pending, stretch.observation, previous, belief, lived),
        tally=Tally(
            tally.steps + stretch.steps,
            tally.risk + (lived * risk).sum(),
            free_energy,
            tally.decisions + drawn,
        ),
    )


def _pending_with(
    pending: Pending,
    observation: Float[Array, "time observation"] | None,
    previous: Float[Array, "time state"],
    belief: Float[Array, "time state"],
    lived: Float[Array, " time"],
) -> Pending:
    likelihood, transition = pending
    if observation is not None:
        likelihood = likelihood + coincidence_of(observation, belief, lived)
    if transition is not None:
        transition = transition + coincidence_of(previous, belief, lived)
    return Pending(likelihood, transition)


def settled(state: AgentState) -> AgentState:
    """Return the state that has learned all that was pending, its tally complete."""
    law, counts = state.law, state.counts
    likelihood, transition = state.pending
    accuracy = likelihood.expected(law.likelihood)
    silent = likelihood.silent(law.likelihood)
    silent = silent + likelihood.time * law.state_log_prior[0].sum()
    learned = counts.transition
    if transition is not None and law.transition is not None and learned is not None:
        silent = silent + transition.silent(law.transition)
        learned = learned + transition.counts
    F = state.tally.free_energy
    free_energy = F._replace(
        accuracy=F.accuracy + accuracy, complexity=F.complexity - silent + accuracy
    )
    return state._replace(
        counts=Counts(counts.likelihood + likelihood.counts, learned, counts.policy),
        pending=jax.tree.map(jnp.zeros_like, state.pending),
        tally=state.tally._replace(free_energy=free_energy),
    )


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
