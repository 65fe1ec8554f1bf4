"""A scene shows what the agent really saw, believed and planned."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from canonica import CanonicaError
from canonica.agents import Maze, Record, maze_agent, maze_walls
from canonica.agents.experiments._scene import _spread, scene
from quick_compilation import compiled

STEPS = 50

small_maze = compiled(lambda key: Maze(maze_walls(key, height=7, width=9), window=5))
init = compiled(lambda agent: agent.init())
step = compiled(lambda agent, *arguments: agent.step(*arguments))
learn = compiled(lambda agent, *arguments: agent.learn(*arguments))
model_of = compiled(lambda agent, state: agent.model_of(state))
decision_posterior = compiled(lambda model, states: model.decision_posterior(states))


@pytest.fixture(scope="module")
def maze():
    return small_maze(jax.random.key(1))


def by_turns(agent, maze, steps=STEPS):
    """Return a record, with beliefs and chances of first moves, of agent and maze by turns."""
    state, place = init(agent), maze.start
    following, columns = np.asarray(maze.next_place), np.asarray(maze.columns)
    first_move = np.asarray(agent.policies)[:, 0]
    acting_by = model_of(agent, state)
    rows, beliefs, chances, risks = [], [], [], []
    for number in range(steps):
        decision, after = step(agent, state, maze.seen[place], jax.random.key(number))
        seen = state.belief if agent.decides_from == "previous" else after.belief
        if number % agent.moves_made == 0:
            d = np.asarray(decision_posterior(acting_by, seen))
            odds = d / (1 - d + agent.epsilon)
            chance = np.bincount(first_move, odds, maze.moves) / odds.sum()
        to = following[place, int(decision.move)]
        risks.append((1 - np.sign(columns[to] - columns[place])) / 2)
        rows.append((place, int(decision.policy), int(decision.move), risks[-1]))
        beliefs.append(np.asarray(after.belief))
        chances.append(chance)
        state, place = after, to
        if agent.learning == "chunk" and len(risks) == agent.chunk:
            state, risks = learn(agent, state, jnp.array(risks)), []
            acting_by = model_of(agent, state)
    return Record(*map(jnp.array, zip(*rows, strict=True))), np.array(beliefs), np.array(chances)


def published(maze):
    """Return the published agent, as if it had learned already: what it sees matters to it."""
    agent = maze_agent(maze, prior_right=0.35)
    counts = np.random.default_rng(0).uniform(2, 9, agent.model.policy_counts.shape)
    model = dataclasses.replace(agent.model, policy_counts=jnp.asarray(counts))
    return dataclasses.replace(agent, model=model, chunk=STEPS)


def other(maze):
    """Return an agent that differs from it in all that matters here."""
    return dataclasses.replace(
        published(maze), chunk=20, learning="chunk", decides_from="current", moves_made=2
    )


@pytest.fixture(scope="module", params=[other, pytest.param(published, marks=pytest.mark.slow)])
def lived(request, maze):
    """Return an agent, its first state, and a trial of it by turns."""
    with jax.enable_x64(True):
        agent = request.param(maze)
        return agent, init(agent), *by_turns(agent, maze)


def test_beliefs_and_chances_are_those_the_agent_had(lived, maze):
    agent, state, record, beliefs, chances = lived
    found = scene(agent, state, maze, record, STEPS, frames=STEPS)
    shape = (STEPS, maze.window, maze.window)
    np.testing.assert_allclose(found["belief"], beliefs.reshape(shape), rtol=1e-12)
    np.testing.assert_allclose(found["move_probability"], chances, rtol=1e-9)
    assert np.ptp(chances, axis=0).min() > 0.05
    assert found["belief"].dtype == found["move_probability"].dtype == np.float64
    seen = np.asarray(maze.seen)[np.asarray(record.place)].reshape(shape)
    np.testing.assert_array_equal(found["observation"], seen)


def test_what_was_learned_within_the_trial_shows(lived, maze):
    agent, state, record, _, chances = lived
    unlearned = dataclasses.replace(agent, learning="trial")
    found = scene(unlearned, state, maze, record, STEPS, frames=STEPS)["move_probability"]
    same = np.isclose(found, chances, rtol=1e-9).all(axis=1)
    assert same[: agent.chunk].all()
    assert agent.learning == "trial" or not same[agent.chunk :].any()


def test_plan_is_the_policy_drawn_and_path_where_it_led(lived, maze):
    agent, state, record, _, _ = lived
    found = scene(agent, state, maze, record, STEPS, frames=STEPS)
    steps = np.arange(STEPS)
    np.testing.assert_array_equal(found["frame_step"], steps)
    plan = found["plan"].to_numpy()
    np.testing.assert_array_equal(plan, np.asarray(agent.policies)[np.asarray(record.policy)])
    # The move made is the plan's, and it leads where the path goes.
    moves = plan[steps, found["plan_made"].to_numpy()]
    np.testing.assert_array_equal(moves, record.move)
    down, right = np.diff(found["path_row"]), np.diff(found["path_column"])
    assert found.sizes["step"] == STEPS + 1
    for step, move in enumerate(moves):
        intended = [(-2, 0), (2, 0), (0, -2), (0, 2)][move]
        assert (down[step], right[step]) in {intended, (0, 0), (0, 1)}
    assert not found["walls"].to_numpy()[found["path_row"], found["path_column"]].any()


def test_what_did_not_happen_leaves_no_trace():
    """Of a record, rows from the number of steps on say nothing, whatever stood there."""
    rows = jnp.arange(1.0, 7.0)
    record = Record(rows, rows.astype(int), rows.astype(int), rows / 10)
    for steps in (0, 3, 4):
        kept = record.until(jnp.asarray(steps), 4)
        whole = np.arange(1, 5) * (np.arange(4) < steps)
        for part in kept[:3]:
            np.testing.assert_array_equal(part, whole)
        np.testing.assert_allclose(kept.risk, np.where(whole, whole / 10, 0.5), rtol=1e-6)


def test_frames_are_spread_evenly_and_no_more_than_steps(lived, maze):
    for steps, frames in ((20_000, 200), (51, 7), (8, 7)):
        kept = _spread(steps, frames)
        assert len(kept) == frames
        assert kept[[0, -1]].tolist() == [0, steps - 1]
        assert np.ptp(np.diff(kept)) <= 1
    agent, state, record, beliefs, _ = lived
    found = scene(agent, state, maze, record, 3, frames=STEPS, trial=9)
    assert found["frame_step"].to_numpy().tolist() == [0, 1, 2]
    np.testing.assert_allclose(found["belief"].stack(s=["seen_row", "seen_column"]), beliefs[:3])
    assert (found.attrs["trial"], found.attrs["steps"], found.attrs["reached"]) == (9, 3, 0)
    with pytest.raises(CanonicaError, match="expected a whole number, at least 2"):
        scene(agent, state, maze, record, 3, frames=1)


def test_a_record_that_cannot_be_is_refused(lived, maze):
    agent, state, record, _, _ = lived
    with pytest.raises(CanonicaError, match="record=True"):
        scene(agent, state, maze, None, STEPS)
    with pytest.raises(CanonicaError, match="expected 1 to 50"):
        scene(agent, state, maze, record, STEPS + 1)
    elsewhere = small_maze(jax.random.key(5))
    with pytest.raises(CanonicaError, match="this maze does not allow"):
        scene(agent, state, elsewhere, record, STEPS)
