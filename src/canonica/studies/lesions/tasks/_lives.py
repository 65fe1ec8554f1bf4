"""Agents with lesions that live through the trials of a world."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica._float64 import double_precision, of_float64
from canonica.agents import Agent, AgentState, Environment, Record, Trial, trial
from canonica.lesions import lesioned
from canonica.studies.lesions.tasks._task import Made


class Life(NamedTuple):
    """What became of an agent's trials, each (..., trial).

    Attributes
    ----------
    steps, done, reward : (..., trial)
        Moves; whether the world ended the trial; good steps less bad ones, by step.
    free_energy, accuracy, complexity : (..., trial)
        In nats a step.
    decided : (..., trial, move)
        How often each move was made.
    told : pytree
        What the task makes of each trial's record.
    """

    steps: Any  # JAX's arrays inside, NumPy's outside
    done: Any
    reward: Any
    free_energy: Any
    accuracy: Any
    complexity: Any
    decided: Any
    told: Any


Teller = Callable[[Record, Int[Array, ""]], Any]


def lives(
    agent: Agent,
    world: Environment,
    made: Made,
    strengths: Float[np.ndarray, "point lesion"],
    seeds: Int[np.ndarray, " seed"],
    *,
    trials: int,
    max_steps: int,
    told: Teller,
    after: tuple[Made, int] | None = None,
) -> Life:
    """Return the lives of agents with lesions, one for each point and seed.

    Parameters
    ----------
    agent, world
        Who, intact, and where.
    made : function
        From a row of strengths to lesions.
    strengths : (point, lesion)
    seeds : (seed,)
        Decide everything random, the same for all points.
    trials, max_steps : int
        Of each life, and of each trial.
    told : function
        From a trial's record and steps to what is kept of it.
    after : (function, int), optional
        Other lesions, and the trial from which on they take the place of the first.
    """
    with double_precision():
        agent, world = of_float64(agent), of_float64(world)
        keys = jax.vmap(lambda seed: jax.random.split(jax.random.key(seed), trials))(
            jnp.asarray(seeds)
        )
        found = _lives(
            agent,
            world,
            made,
            jnp.asarray(strengths, float),
            keys,
            max_steps=max_steps,
            told=told,
            after=after,
        )
        return jax.tree.map(np.asarray, found)


@eqx.filter_jit
def _lives(
    agent: Agent,
    world: Environment,
    made: Made,
    strengths: Array,
    keys: Array,
    *,
    max_steps: int,
    told: Teller,
    after: tuple[Made, int] | None,
) -> Life:
    lived = partial(_lived, world=world, max_steps=max_steps, told=told)

    def live(row: Array, keys: Array) -> Life:
        before = lesioned(agent, *made(row))
        if after is None:
            return lived(before, before.init(), keys)[0]
        first, state = lived(before, before.init(), keys[: after[1]])
        altered = lesioned(agent, *after[0](row))
        then, _ = lived(altered, altered.begin(state), keys[after[1] :])
        return jax.tree.map(lambda *parts: jnp.concatenate(parts), first, then)

    return jax.vmap(lambda row: jax.vmap(partial(live, row))(keys))(strengths)


def _lived(
    agent: Agent,
    state: AgentState,
    keys: Array,
    *,
    world: Environment,
    max_steps: int,
    told: Teller,
) -> tuple[Life, AgentState]:
    def next_trial(state: AgentState, key: Array) -> tuple[AgentState, Life]:
        found, state = trial(agent, state, world, key, max_steps=max_steps, record=True)
        return state, _life_of(found, world.moves, told)

    state, life = jax.lax.scan(next_trial, state, keys)
    return life, state


def _life_of(found: Trial, moves: int, told: Teller) -> Life:
    record = found.record
    assert record is not None  # noqa: S101  (asked for)
    steps = jnp.maximum(found.steps, 1)
    made = jnp.arange(len(record.move)) < found.steps
    return Life(
        steps=found.steps.astype(float),
        done=found.done.astype(float),
        reward=1 - 2 * found.risk,
        free_energy=found.free_energy.total / steps,
        accuracy=found.free_energy.accuracy / steps,
        complexity=found.free_energy.complexity / steps,
        decided=jax.ops.segment_sum(made.astype(float), record.move, moves),
        told=told(record, found.steps),
    )


def of_last_trials(life: Life, measured: int) -> dict[str, Float[np.ndarray, "*batch"]]:
    """Return what every task in a world measures of an agent's last trials."""
    last = (..., slice(-measured, None))
    return {
        "choice_entropy": entropy(life.decided)[last].mean(axis=-1),
        **{
            name: getattr(life, name)[last].mean(axis=-1)
            for name in ("free_energy", "accuracy", "complexity")
        },
    }


def entropy(counts: Float[np.ndarray, "*batch move"]) -> Float[np.ndarray, "*batch"]:
    """Return the entropy in bits of how often each move was made."""
    share = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    return -np.where(share > 0, share * np.log2(np.where(share > 0, share, 1)), 0).sum(axis=-1)
