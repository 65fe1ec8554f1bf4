"""Plans compiled into networks beside pymdp's planning, on the same problems, in the same run.

``python benchmarks/pomdp.py [--quick] [--out FILE]``, in an environment of its own, as pymdp wants
versions of JAX that suit it: ``pip install "inferactively-pymdp>=1.0" canonica`` (or canonica from
this folder, ``pip install .``). What each is given is the same generative model. pymdp infers by
itself, and plans by expected free energy at every step; canonica's network was made from the model
before, and acts by its synapses. Both act in the same compiled worlds and in the same episodes:
where an episode begins, and by what random numbers states and observations of each step are drawn,
is the same for all. What an agent earns less than the solved plan with exact beliefs is therefore
a difference of pairs. Without pymdp, the rows of canonica are printed alone.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica._float64 import double_precision
from canonica.networks import (
    CompiledNetwork,
    Pomdp,
    compiled,
    expected_free_energy,
    from_pomdp,
    regret,
    solve,
)
from canonica.networks._regret import (
    EpisodeKeys,
    World,
    episode_returns,
    network_filter,
    world_of,
)


def pymdp_agent() -> Any:
    """Return pymdp's class of agents; None where it is not installed."""
    try:
        from pymdp.agent import Agent  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    return Agent


def tiger() -> Pomdp:
    """Return the tiger of Kaelbling, Littman and Cassandra (1998), what comes of an action seen.

    States are pairs of what came of the last action (nothing, a prize, the tiger) and where the
    tiger is; preferences for the former are its rewards.
    """
    hear, result = np.full((2, 3, 2), 0.5), np.zeros((3, 3, 2))
    hear[:, 0] = [[0.85, 0.15], [0.15, 0.85]]
    for what in range(3):
        result[what, what] = 1
    after = np.zeros((3, 2, 3, 2, 3))  # result, place; both before; action
    for place in range(2):
        after[0, place, :, place, 0] = 1
        for door in range(2):
            after[2 if door == place else 1, :, :, place, 1 + door] = 0.5
    return Pomdp(
        [hear.reshape(2, 6), result.reshape(3, 6)],
        [after.reshape(6, 6, 3)],
        [np.zeros(2), np.array([-1.0, 10.0, -100.0])],
        [np.array([0.5, 0.5, 0, 0, 0, 0])],
        name="tiger",
    )


def grid() -> Pomdp:
    """Return Parr and Russell's grid of 4 x 3, in which two ends are seen and liked, or not."""
    cells = [(x, y) for y in range(3) for x in range(4) if (x, y) != (1, 1)]
    ends = {(3, 0): 4, (3, 1): 5}
    ways = [(0, -1), (0, 1), (1, 0), (-1, 0)]
    see, move = np.zeros((6, 11)), np.zeros((11, 11, 4))
    free = [number for number, cell in enumerate(cells) if cell not in ends]

    def moved(cell: tuple[int, int], way: tuple[int, int]) -> int:
        there = (cell[0] + way[0], cell[1] + way[1])
        return cells.index(there if there in cells else cell)

    for number, cell in enumerate(cells):
        left, right = (moved(cell, (way, 0)) == number for way in (-1, 1))
        see[ends.get(cell, 2 * left + right), number] = 1
        for action, (x, y) in enumerate(ways):
            if cell in ends:
                move[free, number, action] = 1 / len(free)
                continue
            for way, chance in (((x, y), 0.8), ((y, x), 0.1), ((-y, -x), 0.1)):
                move[moved(cell, way), number, action] += chance
    start = np.isin(np.arange(11), free) / len(free)
    liked = np.array([-0.04, -0.04, -0.04, -0.04, 1.0, -1.0])
    return Pomdp([see], [move], [liked], [start], name="grid 4x3")


def t_maze() -> Pomdp:
    """Return a T-maze: a centre, two arms, one rewarded (2) and the other not (-3), and a cue."""
    where, what = np.zeros((5, 4, 2)), np.zeros((3, 4, 2))
    for context in range(2):
        for place in range(3):
            where[place, place, context] = 1
        where[3 + context, 3, context] = 1  # the cue tells which arm
        what[0, [0, 3], context] = 1
        what[1, 1 + context, context] = 1
        what[2, 2 - context, context] = 1
    go = np.zeros((4, 4, 4))
    for action in range(4):
        go[action, :, action] = 1
        for arm in (1, 2):  # which nothing leaves
            go[:, arm, action] = np.eye(4)[arm]
    return Pomdp(
        [where, what],
        [go, np.eye(2)[:, :, None]],
        [np.zeros(5), np.array([0.0, 2.0, -3.0])],
        [np.eye(4)[0], np.ones(2) / 2],
        name="T-maze",
    )


def as_they_are(keys: Array) -> Array:
    return keys


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = jax.block_until_ready(function())
    return time.perf_counter() - start, found


def steps_per_second(
    run: Callable[[Any], Array],
    episodes: int,
    steps: int,
    prepare: Callable[[Array], Any] = as_they_are,
) -> float:
    """Return the best of three runs, compiled before; preparing what they draw is left out."""
    keys = [jax.random.split(jax.random.key(number), episodes) for number in range(4)]
    seconds = [timed(partial(run, prepare(key)))[0] for key in keys]
    return episodes * steps / min(seconds[1:])


def network_run(network: CompiledNetwork, steps: int) -> Callable[[Array], Array]:
    problem, agent = network.conversion.problem, network_filter(network)
    world = world_of(network.conversion)
    return lambda keys: episode_returns(
        world, agent, network.actions, keys, responds="softmax", steps=steps,
        discount=problem.discount, observes_at_start=True,
    )  # fmt: skip


class Numbers(NamedTuple):
    """What episodes are drawn by, as numbers from 0 to 1: the same as for canonica's agents.

    Attributes
    ----------
    start : (episode,)
    seen_first : (modality, episode)
    moves : (step, episode)
    seen : (step, modality, episode)
    """

    start: Array
    seen_first: Array
    moves: Array
    seen: Array


def numbers_of(keys: Array, steps: int, modalities: int) -> Numbers:
    """Return the numbers of episodes, of which each has a key."""

    def one(key: Array) -> Numbers:
        drawn = EpisodeKeys.of(key, steps, modalities)
        uniform = partial(jax.random.uniform, shape=(), dtype=jnp.float64)
        each = jax.vmap(uniform)
        first = jnp.stack([uniform(key) for key in drawn.seen_first])
        return Numbers(uniform(drawn.start), first, each(drawn.moves), jax.vmap(each)(drawn.seen))

    with double_precision():
        found = jax.jit(jax.vmap(one))(keys)
        return Numbers(*(jnp.moveaxis(one, 0, -1) for one in found))


def pymdp_run(problem: Pomdp, world: World, depth: int) -> Callable[[Numbers], Array]:
    """Return a compiled rollout of pymdp's agent in the same world, many episodes in a batch."""
    make, controls = pymdp_agent(), jnp.asarray(problem.actions)
    deps = {
        "A_dependencies": [list(one) for one in problem.A_dependencies or ()],
        "B_dependencies": [list(one) for one in problem.B_dependencies or ()],
    }
    parts = [[jnp.asarray(one, jnp.float32) for one in part or ()]
             for part in (problem.A, problem.B, problem.C, problem.D)]  # fmt: skip

    def drawn(through: Array, number: Array) -> Array:
        return jnp.argmax(through > (number * through[:, -1])[:, None], axis=1)

    def seen(state: Array, numbers: Array) -> list[Array]:
        each = zip(world.outcomes, numbers, strict=True)
        return [drawn(one[state], number)[:, None] for one, number in each]

    @jax.jit
    def run(numbers: Numbers) -> Float[Array, " episode"]:
        episodes = len(numbers.start)
        agent = make(*parts, policy_len=depth, batch_size=episodes, **deps)

        def step(carry: tuple[Any, ...], numbers: Any) -> tuple[tuple[Any, ...], Array]:
            state, outcomes, prior = carry
            qs = agent.infer_states(outcomes, prior)
            control = agent.sample_action(agent.infer_policies(qs)[0])
            action = (control[:, None] == controls).all(axis=2).argmax(axis=1)
            after = drawn(world.transition[action, state], numbers[0])
            prior = agent.update_empirical_prior(control, qs)
            return (after, seen(after, numbers[1]), prior), world.reward[action, state]

        state = drawn(jnp.tile(world.start, (episodes, 1)), numbers.start)
        carry = state, seen(state, numbers.seen_first), agent.D
        rewards = jax.lax.scan(step, carry, (numbers.moves, numbers.seen))[1]
        return problem.discount ** jnp.arange(len(rewards)) @ rewards

    return run


def measured(problem: Pomdp, *, episodes: int, steps: int, depths: tuple[int, ...]) -> list[dict]:
    """Return rows: what each earned, its regret, and steps per second alone and of a batch."""
    seconds, plan = timed(lambda: solve(problem))
    convert, conversion = timed(lambda: from_pomdp(problem, plan=plan, episodes=100, steps=30))
    mean, worst = conversion.divergence["divergence"].to_numpy()
    common = {"problem": problem.name, "value": plan.value, "upper": plan.upper}
    rows, exact = [], np.zeros(0)
    plans = {"canonica, solved": plan, "canonica, EFE 3": expected_free_energy(problem, horizon=3)}
    for name, one in plans.items():
        network = compiled(conversion, one)
        found = regret(network, plan, episodes=episodes, steps=steps)
        earned, exact = found["earned"].to_numpy()
        with double_precision():
            run = network_run(network, steps)
            speed = {n: steps_per_second(run, n, steps) for n in (1, 100)}
        rows.append(row(common, name, earned, exact, speed))
        rows[-1] |= {"bits": mean, "worst": worst}
        rows[-1] |= {"solve s": seconds, "convert s": convert}
    if pymdp_agent() is not None:
        with double_precision():
            whole = world_of(conversion)
        world = jax.tree.map(lambda one: jnp.asarray(one, jnp.float32), whole)
        prepare = partial(numbers_of, steps=steps, modalities=len(world.outcomes))
        keys = jax.random.split(jax.random.key(0), episodes)  # as `regret` has them
        for depth in depths:
            run = pymdp_run(problem, world, depth)
            earned = np.asarray(run(prepare(keys)), float)
            speed = {n: steps_per_second(run, n, steps, prepare) for n in (1, 100)}
            rows.append(row(common, f"pymdp, {depth} ahead", earned, exact, speed))
    return rows


def row(
    common: dict, name: str, earned: np.ndarray, exact: np.ndarray, speed: dict[int, float]
) -> dict:
    """Return what was earned, and how much less than the solved plan with exact beliefs earns.

    Both in the same episodes: the standard error of the difference is over pairs.
    """

    def error(of: np.ndarray) -> float:
        return float(of.std(ddof=1) / np.sqrt(len(of)))

    return {
        **common, "agent": name, "reference": float(exact.mean()),
        "reference error": error(exact), "earned": float(earned.mean()), "error": error(earned),
        "regret": float((exact - earned).mean()), "regret error": error(exact - earned),
        "steps/s": speed[1], "steps/s of 100": speed[100],
    }  # fmt: skip


def conversion_of_many(states: int, actions: int) -> dict[str, float]:
    """Return how long the conversion of a random problem takes, and what it costs."""
    draw = np.random.default_rng(0)
    B = np.zeros((states, states, actions))
    for action in range(actions):
        for state in range(states):
            B[draw.choice(states, 5, replace=False), state, action] = draw.dirichlet(np.ones(5))
    A = draw.dirichlet(np.full(20, 0.2), size=states).T
    seconds, found = timed(lambda: from_pomdp([A], [B]))
    mean, worst = found.divergence["divergence"].to_numpy()
    return {"states": states, "actions": actions, "seconds": seconds, "bits": mean, "worst": worst}


def main(out: Path | None, *, quick: bool) -> None:
    size = {"episodes": 100 if quick else 1000, "depths": (1, 2) if quick else (1, 2, 3)}
    rows = []
    for problem, steps in ((tiger(), 100), (grid(), 100), (t_maze(), 10)):
        found = measured(problem, steps=steps, **size)
        for one in found:
            print(
                f"{one['problem']:9} {one['agent']:18} earned {one['earned']:8.2f} +- "
                f"{one['error']:.2f}, {one['regret']:6.2f} +- {one['regret error']:.2f} less than "
                f"exact beliefs and the solved plan ({one['reference']:.2f} +- "
                f"{one['reference error']:.2f}, expected {one['value']:.2f}) "
                f"{one['steps/s']:10,.0f} steps/s alone, {one['steps/s of 100']:12,.0f} of 100",
                flush=True,
            )
        print(f"          {found[0]['bits']:.3g} bits from exact filtering in the mean, "
              f"{found[0]['worst']:.3g} at worst", flush=True)  # fmt: skip
        rows += found
    large = conversion_of_many(*((200, 4) if quick else (1000, 10)))
    print(f"conversion of {large['states']} states, {large['actions']} actions: "
          f"{large['seconds']:.1f} s")  # fmt: skip
    if out is not None:
        out.write_text(json.dumps({"rows": rows, "large": large}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    main(given.out, quick=given.quick)
