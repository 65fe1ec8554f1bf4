"""Steps that an agent takes itself, for its export to be held against."""

import jax
import jax.numpy as jnp
import numpy as np

from canonica.agents import Agent, AgentState
from canonica.agents.network._draw import uniform_of
from canonica.model import GenerativeModel, expected_parameter

RISKS = (0.0, 0.5, 1.0)


def known_steps(agent: Agent, *, steps: int, seed: int, learns: bool) -> dict[str, np.ndarray]:
    """Return what an agent makes of observations that are drawn, step by step.

    Parameters
    ----------
    agent : Agent
        At the start of a trial; in its own precision, which has to be set.
    steps : int
        How many.
    seed : int
        Decides observations, risks, and what the agent draws.
    learns : bool
        Whether it learns from every chunk, and at the end.

    Returns
    -------
    dict of arrays
        ``observation``, ``uniform``, ``belief``, ``action`` of each step; state at the beginning;
        and, where it learns, ``modulation`` of each step, what is ``kept`` by each chunk, and the
        ``_mapping`` of each kind of synapses in the end.
    """
    draw, key = np.random.default_rng(seed), jax.random.key(seed)
    state = _init(agent)
    dtype = state.belief.dtype
    seen = draw.integers(0, 2, (steps, agent.model.likelihood_counts.shape[2])).astype(dtype)
    risk = draw.choice(RISKS, steps).astype(dtype)
    keys = [jax.random.fold_in(key, t) for t in range(steps)]
    known = {f"{name}_beginning": np.asarray(getattr(state, name))
             for name in ("belief", "policy", "made")}  # fmt: skip
    known |= {"observation": seen, "uniform": np.array([uniform_of(one, dtype) for one in keys])}
    found, taught, first = [], [], 0
    for t in range(steps):
        decision, state = _step(agent, state, seen[t], keys[t])
        found.append((state.belief, decision.move))
        if learns and (t + 1 - first == agent.chunk or t + 1 == steps):
            taught.append(_taught(agent, state, risk[first : t + 1], keys[first]))
            state = _learn(agent, state, risk[first : t + 1], keys[first])
            first = t + 1
    known["belief"], known["action"] = (np.array(several) for several in zip(*found, strict=True))
    if learns:
        known["chunk"] = np.asarray(agent.chunk)
        known["modulation"] = np.concatenate([weight for weight, _ in taught])
        known["kept"] = np.array([kept for _, kept in taught])
        known |= _mappings(agent.model_of(state))
    return known


_init = jax.jit(lambda agent: agent.init())
_step = jax.jit(lambda agent, state, seen, key: agent.step(state, seen, key))
_learn = jax.jit(lambda agent, state, risk, key: agent.learn(state, risk, key))


def _taught(
    agent: Agent, state: AgentState, risk: np.ndarray, key: jax.Array
) -> tuple[np.ndarray, float]:
    """Return how much each step of a rollout is learned from, and what it leaves of the counts."""
    rollout = state.rollout
    whole = jnp.full(agent.chunk, 0.5, risk.dtype).at[: len(risk)].set(risk)
    modulation = 1 - 2 * agent.modulation(whole, rollout.mask)
    kept = 1.0
    if agent.plasticity is not None:
        modulation = agent.plasticity.modulated(modulation, key)
        after = jnp.maximum(len(risk) - 1 - jnp.arange(agent.chunk), 0)
        modulation = modulation * agent.plasticity.rate * agent.plasticity.retention**after
        kept = float(agent.plasticity.retention ** len(risk))
    decided = rollout.decided(agent.moves_made)
    return np.asarray(modulation * decided)[: len(risk)], kept


def _mappings(model: GenerativeModel) -> dict[str, np.ndarray]:
    """Return the probability of 1 before a synapse, given either value behind it."""
    counts = {
        "input": model.likelihood_counts,
        "recurrent": model.transition_counts,
        "output": model.policy_counts,
    }
    return {f"{name}_mapping": np.asarray(expected_parameter(one)[1])
            for name, one in counts.items() if one is not None}  # fmt: skip
