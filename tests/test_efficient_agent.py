"""The efficient agent: policies, prior beliefs, Gamma by what followed, and that it learns."""

from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from canonica import CanonicaError
from canonica.agents import Maze, maze_agent, maze_walls, sequences, shortest_path, trial
from canonica.agents.designs._ablations import ABLATIONS
from canonica.agents.designs._efficient_agent import efficient_agent
from canonica.agents.designs._maze_policies import is_passage, returns
from canonica.agents.designs._named_agents import AgentName, named_agent
from canonica.agents.network.modulations._following import FollowingModulation
from canonica.agents.network.modulations._none import NoModulation

LEFT, RIGHT = 2, 3


@pytest.fixture(scope="module")
def maze():
    return Maze(maze_walls(jax.random.key(3), height=7, width=13), window=7)


@pytest.fixture(scope="module")
def agent(maze):
    return efficient_agent(maze)


TRIALS = 40


@partial(jax.jit, static_argnames=("max_steps", "trials"))
def trials_of(agent, maze, key, *, max_steps=300, trials=TRIALS):
    """Return what became of trials that follow each other."""

    def one(state, key):
        found, state = trial(agent, state, maze, key, max_steps=max_steps)
        return state, found

    return jax.lax.scan(one, agent.init(), jax.random.split(key, trials))[1]


def progress_that_followed(risk, steps, window):
    """Return the same as the modulation finds, one step at a time."""
    ends = [min(time + window, steps) for time in range(steps)]
    return [np.mean(1 - 2 * risk[time:end]) for time, end in enumerate(ends)]


@pytest.mark.parametrize("steps", [5, 17, 30])
def test_gamma_is_by_what_followed(generator, steps):
    risk = generator.choice([0.0, 0.5, 1.0], 30)
    window, enough = 8, 0.2
    modulation = FollowingModulation(window, enough, keeping=1.5, unlearning=0.5)
    gamma = np.asarray(modulation(jnp.asarray(risk), jnp.arange(30) < steps))
    for time, progress in enumerate(progress_that_followed(risk, steps, window)):
        kept = (1.5 if progress > enough else 0.5) * (progress - enough)
        if steps == 30 and time + window > steps:
            kept = min(kept, 0)
        assert 1 - 2 * gamma[time] == pytest.approx(np.clip(kept, -1, 1), abs=1e-6)
    assert (gamma[steps:] == 0.5).all()


@pytest.mark.slow
def test_a_dead_end_is_unlearned_and_a_way_is_kept():
    there_and_back = jnp.array([0.0] * 5 + [1.0] * 5)
    mask = jnp.ones(12, bool).at[10:].set(False)
    risk = jnp.pad(there_and_back, (0, 2), constant_values=0.5)
    assert (FollowingModulation(window=10)(risk, mask)[:1] > 0.5).all()
    assert (FollowingModulation(window=2)(risk, mask)[:4] < 0.5).all()
    ahead = jnp.zeros(12)
    assert (FollowingModulation(window=10)(ahead, mask)[:10] < 0.5).all()


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "kept"), [(10, 7), (9, 9)])
def test_a_chunk_that_goes_on_keeps_what_it_knows_all_that_followed(steps, kept):
    """Of a full chunk, steps with a whole window after them; of a trial that ended, each."""
    gamma = FollowingModulation(window=4)(jnp.zeros(10), jnp.arange(10) < steps)
    assert (gamma[:kept] < 0.5).all()
    assert (gamma[kept:] == 0.5).all()


def test_policies_neither_turn_back_nor_go_round(maze):
    agent = efficient_agent(maze, length=5)
    moves = np.asarray(agent.policies)
    step = np.stack([np.array([-1, 1, 0, 0])[moves], np.array([0, 0, -1, 1])[moves]])
    path = np.concatenate([np.zeros((2, len(moves), 1), int), step.cumsum(-1)], -1)
    for policy in range(len(moves)):
        places = list(map(tuple, path[:, policy].T))
        assert len(set(places)) == len(places)  # five moves are too few for any wider round
    everything = sequences(4, 5)
    others = everything[~(everything[:, None] == moves).all(-1).any(1)]
    assert (returns(others, 2) | returns(others, 4)).all()
    assert len(moves) + len(others) == 4**5


def test_passages_are_what_differs_from_place_to_place(maze):
    seen = np.asarray(maze.views)[: maze.goal].reshape(-1, 7, 7)
    varies = is_passage(7).reshape(7, 7)
    odd = (np.arange(7) - 3) % 2 == 1
    assert seen[:, odd[:, None] & odd].all()  # pillars, and what is outside
    inside = seen[:, ~odd[:, None] & ~odd].reshape(len(seen), -1)
    assert not inside[:, 4].any()  # where it is itself
    assert (varies.sum(), seen[:, varies].std(axis=0).min() > 0) == (24, True)


def test_no_policy_is_taken_against_a_wall_that_is_seen(maze, agent):
    views = np.asarray(maze.views)
    # States of the window are what is seen, up to 1 %: as A has it at first.
    beliefs = jnp.asarray(0.99 * views + 0.01 * (1 - views), jnp.float32)
    taken = np.asarray(agent.model.decision_probability(beliefs))
    against = np.array(
        [[walls_seen(view, policy) for policy in agent.policies.tolist()] for view in views]
    )
    free = (against == 0).any(axis=1)
    assert free.mean() > 0.5
    assert (taken * (against > 0)).sum(axis=1)[free].max() < 1e-3
    assert (taken * (against > 0)).sum(axis=1)[~free].min() > 0.99  # there is no other


def walls_seen(view, policy):
    """Return how many walls a policy would run into, as far as they are seen."""
    seen = view.reshape(7, 7)
    row, column, walls = 3, 3, 0
    for move in policy:
        down, right = ((-1, 0), (1, 0), (0, -1), (0, 1))[move]
        if 0 <= row + down < 7 and 0 <= column + right < 7:
            walls += seen[row + down, column + right]
        row, column = row + 2 * down, column + 2 * right
    return walls


def test_prior_of_a_policy_is_the_product_over_its_moves(maze):
    agent = efficient_agent(maze, 0.3)
    moves = np.asarray(agent.policies)
    E = np.asarray(agent.model.decision_prior)
    weight = np.array([0.25, 0.25, 0.2, 0.3])[moves].prod(axis=1)
    np.testing.assert_allclose(E[1], weight / weight.sum(), rtol=1e-6)
    np.testing.assert_allclose(E.sum(axis=0), 1, rtol=1e-6)
    even = np.asarray(efficient_agent(maze, 0.25).model.decision_prior[1])
    first = np.bincount(moves[:, 0], even)
    np.testing.assert_allclose(first, 0.25, rtol=1e-6)  # as published for e = 0.25


def test_first_layer_and_senses_are_those_of_the_published_agent(maze):
    published, efficient = (
        ABLATIONS[name](maze, 0.25).model for name in ("published", "efficient")
    )
    for part in ("likelihood_counts", "state_prior", "transition_counts"):
        np.testing.assert_array_equal(getattr(published, part), getattr(efficient, part))
    assert published.form == efficient.form == "canonical"


def test_states_that_remember_are_what_passages_were(maze):
    views = np.asarray(maze.views)[:12]
    model = efficient_agent(maze, remembers=True).model
    belief = np.asarray(model.infer(jnp.asarray(views, float)).states) > 0.5
    np.testing.assert_array_equal(belief[:, :49], views)
    np.testing.assert_array_equal(belief[1:, 49:], views[:-1, is_passage(7)])


@pytest.mark.slow
def test_it_learns_the_way(maze):
    found = trials_of(efficient_agent(maze, chunk=300), maze, jax.random.key(5))
    steps = np.asarray(found.steps)
    assert np.median(steps[-10:]) < 0.4 * np.mean(steps[:5])
    assert np.isfinite(found.free_energy.total).all()


@pytest.mark.parametrize("prior_right", [0.0, 0.5])
def test_impossible_moves_are_never_made(maze, prior_right):
    agent = efficient_agent(maze, prior_right, chunk=300)
    found = trials_of(agent, maze, jax.random.key(1))
    never = RIGHT if prior_right == 0 else LEFT
    drawn = np.asarray(found.decisions).sum(axis=0)
    assert drawn.sum() > 0
    assert drawn[(np.asarray(agent.policies) == never).any(axis=1)].sum() == 0
    assert np.isfinite(found.free_energy.total).all()


def test_without_modulation_gamma_is_a_half():
    assert (NoModulation()(jnp.array([0.0, 1.0, 0.5]), jnp.ones(3, bool)) == 0.5).all()


@pytest.mark.parametrize("name", ABLATIONS)
def test_each_is_an_agent_for_any_window(name):
    small = Maze(maze_walls(jax.random.key(0), height=5, width=7), window=3)
    agent = ABLATIONS[name](small, 0.3)
    counts = np.asarray(agent.model.policy_counts)
    assert counts.min() >= 1
    assert len(agent.policies) == counts.shape[-1]
    assert agent.policies.max() < small.moves
    np.testing.assert_allclose(agent.model.decision_prior[1].sum(), 1, rtol=1e-5)


def test_names_are_those_of_the_agents(maze):
    lengths = {name: named_agent(name, maze, 0.3).policies.shape for name in get_args(AgentName)}
    assert lengths == {
        "published": maze_agent(maze, 0.3).policies.shape,
        "efficient": efficient_agent(maze, 0.3).policies.shape,
    }
    assert lengths["published"] != lengths["efficient"]


def test_user_errors_are_said_plainly(maze):
    with pytest.raises(CanonicaError, match="prior_right: found 0.6"):
        efficient_agent(maze, 0.6)
    with pytest.raises(CanonicaError, match="policy_count: found 0.5"):
        efficient_agent(maze, policy_count=0.5)
    with pytest.raises(CanonicaError, match="moves_made: found 5"):
        efficient_agent(maze, moves_made=5)


@pytest.mark.thorough
def test_it_finds_short_ways_through_mazes_of_full_size():
    """In most mazes: in one of six it still errs after sixty trials. It does so by learning."""
    worlds, key = (
        [Maze(maze_walls(jax.random.key(seed))) for seed in range(31, 37)],
        jax.random.key(32),
    )
    found = jax.jit(
        lambda world: trials_of(efficient_agent(world), world, key, max_steps=20_000, trials=60)
    )
    late = [np.median(found(world).steps[-10:]) for world in worlds]
    shortest = [int(shortest_path(world)) for world in worlds]
    assert np.median(np.divide(late, shortest)) < 3
    plain = ABLATIONS["learns nothing"](worlds[0], 0.25)
    unlearned = trials_of(plain, worlds[0], jax.random.key(32), max_steps=20_000, trials=5)
    assert np.median(unlearned.steps) > 5 * np.median(late)
