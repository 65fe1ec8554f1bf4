"""Learning curves of many agents, each on its own in a world."""

from functools import partial

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array

from canonica._checks import checked_seed, checked_size
from canonica._float64 import double_precision, of_float64
from canonica._provenance import versions
from canonica.agents.experiments._meeting import check_meeting
from canonica.agents.experiments._trial import trial
from canonica.agents.network._agent import Agent
from canonica.agents.network._agent_state import AgentState
from canonica.agents.worlds._environment import Environment


def learning_curves(
    agent: Agent,
    world: Environment,
    *,
    trials: int = 100,
    agents: int = 16,
    max_steps: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Return how agents that start alike learn in a world, trial after trial.

    Parameters
    ----------
    agent : Agent
        As each of them is at first.
    world : Environment
        The same for all; what is random in it differs.
    trials, agents : int
        How many, of each agent, and of these.
    max_steps : int, optional
        When a trial's time is up; the agent's `chunk` by default.
    seed : int
        Decides everything random.

    Returns
    -------
    xarray.Dataset
        (agent, trial): `steps`; `done`, whether the world ended the trial; `risk`, its mean over
        steps; `balance`, the sum of ``1 - 2 risk`` over steps: good steps less bad ones.

    Raises
    ------
    CanonicaError
        If a number is out of range, or the agent does not fit the world.

    Examples
    --------
    >>> from canonica.agents import TMaze, t_maze_agent
    >>> world = TMaze(corridor=1)
    >>> found = learning_curves(t_maze_agent(world, max_steps=10), world, trials=4, agents=2)
    >>> dict(found.sizes)
    {'agent': 2, 'trial': 4}

    In this world the last step alone is good or bad, if an arm is reached at all:

    >>> bool((found.balance.where(found.risk < 0.5) > 0.99).sum() == (found.risk < 0.5).sum())
    True
    >>> bool((found.balance.where(found.risk > 0.5) < -0.99).sum() == (found.risk > 0.5).sum())
    True
    """
    check_meeting(agent, world)
    max_steps = checked_size("max_steps", agent.chunk if max_steps is None else max_steps)
    trials, agents = checked_size("trials", trials), checked_size("agents", agents)
    seed = checked_seed(seed)
    with double_precision():
        keys = jax.random.split(jax.random.key(seed), (agents, trials))
        lives = _lives(of_float64(agent), of_float64(world), keys, max_steps=max_steps)
        steps, done, risk = (np.asarray(part) for part in lives)
    dims = ("agent", "trial")
    balance = steps * (1 - 2 * risk)
    attrs = {"max_steps": max_steps, "seed": seed, "world": type(world).__name__, **versions()}
    return xr.Dataset(
        {
            "steps": (dims, steps, {"units": "1", "long_name": "moves of the trial"}),
            "done": (dims, done, {"long_name": "ended by the world"}),
            "risk": (dims, risk, {"units": "1", "long_name": "mean risk"}),
            "balance": (dims, balance, {"units": "1", "long_name": "sum of 1 - 2 risk"}),
        },
        {"agent": np.arange(1, agents + 1), "trial": np.arange(1, trials + 1)},
        attrs,
    )


@partial(jax.jit, static_argnames="max_steps")
def _lives(agent: Agent, world: Environment, keys: Array, *, max_steps: int) -> tuple:
    def next_trial(state: AgentState, key: Array) -> tuple[AgentState, tuple]:
        found, state = trial(agent, state, world, key, max_steps=max_steps)
        return state, (found.steps, found.done, found.risk)

    return jax.vmap(lambda life: jax.lax.scan(next_trial, agent.init(), life)[1])(keys)
