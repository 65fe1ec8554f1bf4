"""What a network earns in its problem, beside the plan followed with exact beliefs."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size, refusal
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.networks._compiled_network import CompiledNetwork
from canonica.networks._conversion import Conversion
from canonica.networks._solution import Solution

NEGLIGIBLE = 1e-3  # discount of a step that no longer counts
LONGEST = 1_000


class World(NamedTuple):
    """A problem as arrays to draw from, by cumulative probabilities.

    Attributes
    ----------
    start, transition, outcomes : arrays
        Cumulative over the last axis; outcomes for each modality, (state, outcome).
    reward : (action, state)
        Expected.
    """

    start: Float[Array, " state"]
    transition: Float[Array, "action state state"]
    outcomes: tuple[Float[Array, "state outcome"], ...]
    reward: Float[Array, "action state"]


class Filter(NamedTuple):
    """What an agent needs to believe and decide.

    Attributes
    ----------
    start : (unit,)
        Before an episode begins.
    evidence : tuple of (outcome, unit)
        Added to the log odds, for each modality.
    transition, offset : (action, unit, unit), (action, unit)
        To the next from the previous.
    policy, policy_offset : (policy, unit), (policy,)
        Log odds of policies.
    """

    start: Float[Array, " unit"]
    evidence: tuple[Float[Array, "outcome unit"], ...]
    transition: Float[Array, "action unit unit"]
    offset: Float[Array, "action unit"]
    policy: Float[Array, "policy unit"]
    policy_offset: Float[Array, " policy"]


class EpisodeKeys(NamedTuple):
    """By what an episode is drawn: the same whoever acts in it.

    Attributes
    ----------
    start : key
        Of the first state.
    seen_first : list of keys
        For each modality, what is seen before the first action.
    decisions, moves : (step,)
        What an agent draws itself, and the states that follow.
    seen : (step, modality)
        What is seen of those.
    """

    start: Any
    seen_first: list[Any]
    decisions: Any
    moves: Any
    seen: Any

    @classmethod
    def of(cls, key: Any, steps: int, modalities: int) -> "EpisodeKeys":
        """Return those of an episode of so many steps, from its own key."""
        first, later, *seen = jax.random.split(key, 2 + modalities)
        each = jax.vmap(partial(jax.random.split, num=2 + modalities))(
            jax.random.split(later, steps)
        )
        return cls(first, seen, each[:, 0], each[:, 1], each[:, 2:])


@checked_arguments
def regret(
    network: CompiledNetwork,
    reference: Solution,
    *,
    episodes: int = 400,
    steps: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Return what a compiled network earns less than a plan that is followed with exact beliefs.

    Both act in the same episodes, whatever is random in the world drawn alike.

    Parameters
    ----------
    network : CompiledNetwork
        Its plasticity does not go on meanwhile.
    reference : Solution
        Of the same problem, mostly by `solve`.
    episodes : int
        Of the problem.
    steps : int, optional
        Of each; by default until a reward is discounted to a thousandth, 1,000 at most.
    seed : int
        Of the episodes.

    Returns
    -------
    xarray.Dataset
        ``earned`` (agent, episode), discounted; ``regret`` of the network and its standard error,
        over episodes in pairs; ``value`` and ``upper`` of the reference at the start.

    Raises
    ------
    CanonicaError
        If the reference is of another problem, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from canonica.networks import Pomdp, compiled, from_pomdp, solve
    >>> problem = Pomdp(
    ...     A=[np.eye(2)], B=[np.tile(np.eye(2)[:, :, None], 2)], reward=np.eye(2), discount=0.5
    ... )
    >>> plan = solve(problem, beliefs=4)
    >>> found = regret(compiled(from_pomdp(problem), plan), plan, episodes=8)
    >>> round(float(found.earned.sel(agent="network").mean()), 2), float(found.regret)
    (2.0, 0.0)
    """
    problem, whole = network.conversion.problem, network.conversion.joint
    if reference.values.shape[1] != len(whole.start):
        found = f"{reference.values.shape[1]} states"
        raise refusal("reference", found, f"{len(whole.start)}, those of the problem")
    if steps is None:
        fading = np.log(NEGLIGIBLE) / np.log(problem.discount) if 0 < problem.discount < 1 else 1
        steps = min(int(np.ceil(fading)) if problem.discount < 1 else LONGEST, LONGEST)
    steps, count = checked_size("steps", steps), checked_size("episodes", episodes)
    shape = {
        "steps": steps,
        "discount": problem.discount,
        "observes_at_start": problem.observes_at_start,
    }
    with double_precision():
        keys = jax.random.split(jax.random.key(checked_seed(seed)), count)
        world = world_of(network.conversion)
        ours = episode_returns(world, network_filter(network), network.actions, keys,
                               responds=_law_of(network), **shape)  # fmt: skip
        theirs = episode_returns(world, exact_filter(network.conversion, reference),
                                 reference.actions, keys, responds="exact", **shape)  # fmt: skip
    earned = np.stack([np.asarray(ours), np.asarray(theirs)])
    less = earned[1] - earned[0]
    error = less.std(ddof=1) / np.sqrt(count) if count > 1 else np.nan
    return xr.Dataset(
        {
            "earned": (("agent", "episode"), earned),
            "regret": ((), float(less.mean())),
            "standard_error": ((), float(error)),
            "value": ((), reference.value),
            "upper": ((), reference.upper),
        },
        coords={"agent": ["network", "reference"]},
        attrs={"name": problem.name, "steps": steps, "seed": seed, "method": reference.method,
               **versions()},
    )  # fmt: skip


def _law_of(network: CompiledNetwork) -> str:
    return "sigmoid" if network.network.factors is None else "softmax"


def world_of(conversion: Conversion) -> World:
    """Return what a problem draws from; call inside float64."""
    whole = conversion.joint
    return World(
        jnp.cumsum(jnp.asarray(whole.start)),
        jnp.cumsum(jnp.asarray(whole.transition), axis=2),
        tuple(jnp.cumsum(jnp.asarray(one.T), axis=1) for one in whole.likelihoods),
        jnp.asarray(whole.reward),
    )


def network_filter(network: CompiledNetwork) -> Filter:
    """Return a network as what it needs to believe and decide; call inside float64."""
    law, (policy, offset) = network.law, network.policy_law
    ends = np.cumsum(network.conversion.problem.outcomes)[:-1]
    return Filter(
        jnp.exp(network.network.layers.threshold_factor[1]),
        tuple(jnp.asarray(one) for one in np.split(law.input_slope.T, ends)),
        jnp.asarray(law.recurrent_slope),
        jnp.asarray(law.offset),
        jnp.asarray(policy),
        jnp.asarray(offset),
    )


def exact_filter(conversion: Conversion, plan: Solution) -> Filter:
    """Return exact filtering and a plan in the same form; call inside float64."""
    whole = conversion.joint
    begins = np.tile(whole.start[:, None], (1, len(whole.start)))
    transition = np.concatenate([whole.transition.swapaxes(1, 2), begins[None]])
    return Filter(
        jnp.asarray(whole.start),
        tuple(jnp.asarray(one) for one in whole.likelihoods),
        jnp.asarray(transition),
        jnp.zeros(transition.shape[:2]),
        jnp.asarray(plan.values),
        jnp.zeros(len(plan.values)),
    )


@partial(jax.jit, static_argnames=("responds", "steps", "discount", "observes_at_start"))
def episode_returns(
    world: World,
    agent: Filter,
    actions: Int[Array, " policy"],
    keys: Any,
    *,
    responds: str,
    steps: int,
    discount: float,
    observes_at_start: bool,
) -> Float[Array, " episode"]:
    """Return the discounted reward of every episode."""
    believe, decide = _believes(agent, responds), _decides(agent, actions, responds)
    beginning = len(agent.transition) - 1

    def episode(key: Any) -> Float[Array, ""]:
        drawn = EpisodeKeys.of(key, steps, len(world.outcomes))
        state = _drawn(world.start, drawn.start)
        outcomes = _outcomes(world, state, drawn.seen_first) if observes_at_start else None
        belief = believe(agent.start, beginning, outcomes)

        def step(carry: tuple[Array, Array], keys: Any) -> tuple[tuple[Array, Array], Array]:
            state, belief = carry
            mine, moves, seen = keys
            action = decide(belief, mine)
            after = _drawn(world.transition[action, state], moves)
            belief = believe(belief, action, _outcomes(world, after, list(seen)))
            return (after, belief), world.reward[action, state]

        keys = drawn.decisions, drawn.moves, drawn.seen
        rewards = jax.lax.scan(step, (state, belief), keys)[1]
        return (rewards * discount ** jnp.arange(steps)).sum()

    return jax.vmap(episode)(keys)


def _believes(agent: Filter, responds: str) -> Callable[..., Array]:
    def believe(belief: Array, action: Any, outcomes: list[Array] | None) -> Array:
        drive = agent.transition[action] @ belief + agent.offset[action]
        pairs = [] if outcomes is None else zip(agent.evidence, outcomes, strict=True)
        for evidence, outcome in pairs:
            drive = drive * evidence[outcome] if responds == "exact" else drive + evidence[outcome]
        if responds == "exact":
            return drive / drive.sum()
        return jax.nn.sigmoid(drive) if responds == "sigmoid" else jax.nn.softmax(drive)

    return believe


def _decides(agent: Filter, actions: Array, responds: str) -> Callable[..., Array]:
    def decide(belief: Array, key: Any) -> Array:
        log_odds = agent.policy @ belief + agent.policy_offset
        if responds == "exact":
            return jnp.asarray(actions)[log_odds.argmax()]
        return jnp.asarray(actions)[jax.random.categorical(key, log_odds)]

    return decide


def _outcomes(world: World, state: Array, keys: list[Any]) -> list[Array]:
    return [_drawn(one[state], key) for one, key in zip(world.outcomes, keys, strict=True)]


def _drawn(through: Float[Array, " value"], key: Any) -> Array:
    """Return an index drawn by cumulative probabilities: the first above a random number."""
    return jnp.argmax(through > jax.random.uniform(key, (), through.dtype) * through[-1])
