"""Subjects whose lesions are known, as they choose in a bandit whose arms swap."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array, Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_array, checked_seed, checked_size
from canonica._errors import CanonicaError, listed
from canonica._float64 import double_precision
from canonica.agents import SwitchingBandit
from canonica.reverse_engineering.phenotype._canonical_subject import (
    STRENGTHS,
    canonical_agent,
    with_strengths,
)

TRIALS = 100
REWARD = (0.75, 0.25)
SWITCH_AFTER = 25


@checked_arguments
def simulated_choices(
    seed: int = 0,
    *,
    subjects: int = 20,
    trials: int = TRIALS,
    strengths: Mapping[str, Any] | None = None,
    reward_probability: Sequence[float] = REWARD,
    switch_after: int | None = SWITCH_AFTER,
    group: str = "simulated",
) -> pd.DataFrame:
    """Return choices of canonical subjects with known lesions, as a table for `phenotype`.

    Each is an agent (`canonica.agents.Agent`) that acts, step by step, in a world of its own.

    Parameters
    ----------
    seed : int
        Decides everything random.
    subjects, trials : int
        How many, and choices of each.
    strengths : mapping, optional
        By the name of a parameter of `phenotype`, one number for all subjects, or one for each;
        what is not named is neutral.
    reward_probability : sequence of float
        Of the arms, as in `canonica.agents.SwitchingBandit`.
    switch_after : int, optional
        Choices from one swap of the arms to the next; None for arms that swap by chance, once in
        50 choices.
    group : str
        Name of the group.

    Returns
    -------
    pandas.DataFrame
        With the columns subject, group, trial, choice (from 1 on) and outcome (1 or -1).

    Raises
    ------
    CanonicaError
        If a number is out of range, or there is no such parameter.

    Examples
    --------
    >>> table = simulated_choices(0, subjects=2, trials=5, strengths={"plasticity": [0.5, 2.0]})
    >>> len(table), sorted(table)
    (10, ['choice', 'group', 'outcome', 'subject', 'trial'])
    """
    checked_seed(seed)
    subjects, trials = checked_size("subjects", subjects), checked_size("trials", trials)
    values = {}
    for name, value in (strengths or {}).items():
        if name not in STRENGTHS:
            raise CanonicaError(
                f"strengths: found {name!r}; expected some of {listed(STRENGTHS, len(STRENGTHS))}."
            )
        array = checked_array(f"strengths, {name}", value)
        if array.shape not in ((), (subjects,)):
            raise CanonicaError(
                f"strengths, {name}: found an array of shape {array.shape}; expected one number, "
                f"or one for each of {subjects} subjects."
            )
        values[name] = jnp.asarray(np.broadcast_to(array, (subjects,)))
    with double_precision():
        world = SwitchingBandit(reward_probability, switch_after=switch_after)
        values = {name: jnp.asarray(np.asarray(value), float) for name, value in values.items()}
        keys = jax.random.split(jax.random.key(seed), subjects)
        choice, outcome = map(np.asarray, _lives(world, trials, keys, values))
    return pd.DataFrame(
        {
            "subject": np.repeat([f"{group}-{n + 1}" for n in range(subjects)], trials),
            "group": group,
            "trial": np.tile(np.arange(1, trials + 1), subjects),
            "choice": choice.ravel() + 1,
            "outcome": outcome.ravel(),
        }
    )


@partial(jax.jit, static_argnums=1)
def _lives(
    world: SwitchingBandit, trials: int, keys: Array, strengths: dict[str, Float[Array, " subject"]]
) -> tuple[Array, Array]:
    def life(key: Array, strengths: dict[str, Float[Array, ""]]) -> tuple[Array, Array]:
        agent = with_strengths(canonical_agent(world.moves, world.observations), strengths)
        first, key = jax.random.split(key)

        def row(state: tuple, key: Array) -> tuple[tuple, tuple[Array, Array]]:
            place, observation, mind = state
            acting, happening = jax.random.split(key)
            decision, mind = agent.step(mind, observation, acting)
            outcome = world.step(place, decision.move, happening)
            mind = agent.learn(mind, outcome.risk[None])
            found = decision.move, 1 - 2 * outcome.risk.astype(int)
            return (outcome.state, outcome.observation, mind), found

        start = (*world.reset(first), agent.init())
        return jax.lax.scan(row, start, jax.random.split(key, trials))[1]

    return jax.vmap(life)(keys, strengths)
