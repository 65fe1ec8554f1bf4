"""An agent as a step of plain arrays, which is what exports take along."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from canonica.agents import Agent
from canonica.agents.network._response import Acting
from canonica.networks.exports import ExportedAgent


def exported_agent(agent: Agent) -> ExportedAgent:
    """Return what of an agent is taken along; in its own precision, which has to be set."""
    state = jax.jit(lambda one: one.init())(agent)
    law = state.law

    def step(
        observation: Array, belief: Array, policy: Array, made: Array, uniform: Array
    ) -> tuple[Array, Array, Array, Array]:
        drive = law.state_drive(observation)
        response = agent.respond(law, drive, Acting(belief, policy, made), uniform)
        move = jnp.asarray(agent.policies)[response.policy, made]
        made = (made + 1) % agent.moves_made
        return move.astype(jnp.int32), response.belief, response.policy, made.astype(jnp.int32)

    observations = agent.model.likelihood_counts.shape[2]
    return ExportedAgent(
        step=step,
        beginning={name: np.asarray(getattr(state, name)) for name in ("belief", "policy", "made")},
        observation=np.zeros(observations, state.belief.dtype),
        model=agent.model,
        settings={
            "policies": np.asarray(agent.policies),
            "epsilon": np.asarray(agent.epsilon),
            "moves_made": np.asarray(agent.moves_made),
            "decides_from_current": np.asarray(agent.decides_from == "current"),
            "acts_by_chunk": np.asarray(agent.learning == "chunk"),
            "rate": np.asarray(1.0 if agent.plasticity is None else agent.plasticity.rate),
        },
    )
