"""The agent against an independent transcription of the theory, and by what must hold of it."""

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

import agent_oracle as oracle
import canonica.model as cm
from canonica import CanonicaError
from canonica.agents import (
    Agent,
    Maze,
    MeanModulation,
    ProgressModulation,
    StepModulation,
    first_move_prior,
    maze_agent,
    maze_walls,
    sequences,
    trial,
)
from canonica.model import GenerativeModel
from quick_compilation import compiled

seeds = st.integers(0, 2**31 - 1)


@pytest.fixture(scope="module", autouse=True)
def x64_module():
    with jax.enable_x64(True):
        yield


# Compiled once, for all tests.
init = compiled(lambda agent: agent.init())
init_all = compiled(jax.vmap(lambda agent: agent.init()))
step = compiled(lambda agent, *arguments: agent.step(*arguments))
learn = compiled(lambda agent, *arguments: agent.learn(*arguments))
begin = compiled(lambda agent, state: agent.begin(state))
flush = compiled(lambda agent, state: agent.flush(state))
model_of = compiled(lambda agent, state: agent.model_of(state))
models_of = compiled(jax.vmap(lambda agent, state: agent.model_of(state)))
infer = compiled(lambda model, observations: model.infer(observations))
free_energy = compiled(cm.free_energy)
cost = compiled(cm.cost)
canonical_network = compiled(cm.canonical_network)


def close(one, other, tolerance=1e-10):
    """Assert equality to `tolerance`, relative to the largest value there is."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    scale = max(np.abs(other).max(initial=0.0), 1.0)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


# What both sides are given ------------------------------------------------------------------------


@partial(compiled, static_argnums=(1, 2, 3))
def uniforms(keys, max_steps, chunk, dtype):
    """Return the random number of every step: from the keys that `trial` says it splits."""

    def of_trial(key):
        _, key = jax.random.split(key)
        first = jnp.arange(-(-max_steps // chunk))
        of_chunk = jax.vmap(lambda number: jax.random.split(jax.random.fold_in(key, number), chunk))
        of_step = of_chunk(first).reshape(-1)[:max_steps]
        of_agent = jax.vmap(lambda key: jax.random.split(key)[0])(of_step)
        return jax.vmap(lambda key: jax.random.uniform(key, (), dtype))(of_agent)

    return jax.vmap(of_trial)(keys)


def keys_of(seed):
    """Return a key for each of the small agents."""
    return jax.random.split(jax.random.key(seed), AGENTS)


def numpy(tree):
    """Return a tree of NumPy arrays: these are taken apart without compiling anything."""
    return jax.tree.map(np.asarray, tree)


def as_network(model):
    """Return the counts and priors of a model, as the oracle takes them."""
    b = model.transition_counts
    return oracle.Network(
        np.asarray(model.likelihood_counts, float),
        None if b is None else np.asarray(b, float),
        np.asarray(model.policy_counts, float),
        np.asarray(model.state_prior, float),
        np.asarray(model.decision_prior, float),
    )


def cells_of(walls, places):
    """Return row and column of every place: free cells row by row, then the goal."""
    height, width = walls.shape
    cells = [(y, x) for y in range(1, height, 2) for x in range(1, width, 2)]
    return [[*cells, oracle.goal(walls)][place] for place in places]


def check_trial(maze, found, lived):
    """Assert that a trial went as the oracle says."""
    steps = int(found.steps)
    assert steps == len(lived.steps)
    assert bool(found.done) == lived.done
    assert cells_of(maze.walls, found.record.place[:steps]) == lived.cells
    assert found.record.policy[:steps].tolist() == [now.policy for now in lived.steps]
    assert found.record.move[:steps].tolist() == [now.move for now in lived.steps]
    risk = [float(now.risk) for now in lived.steps]
    assert found.record.risk[:steps].tolist() == risk
    assert float(found.risk) == pytest.approx(np.mean(risk), rel=1e-6)
    assert found.decisions.tolist() == lived.decisions.tolist()


def check_free_energy(found, lived, tolerance=1e-10):
    """Assert equality of all parts of F, and of their sum with the network's cost L."""
    F = jax.tree.map(jnp.asarray, found.free_energy)
    close(F.accuracy, lived.accuracy, tolerance)
    close(F.complexity, lived.complexity, tolerance)
    close(F.decision, lived.decision, tolerance)
    close(F.total, lived.complexity - lived.accuracy + lived.decision, tolerance)


def check_learned(model, lived, before):
    """Assert that counts grew by what the oracle says, to the rounding of the counts."""
    for learned, expected, start in zip(as_network(model), lived.network, before, strict=True):
        if learned is not None:
            rounding = 1e-10 + 8 * np.finfo(float).eps * start.max()
            grown = learned - start, expected - start
            np.testing.assert_allclose(*grown, rtol=1e-10, atol=rounding)


# The published sizes ------------------------------------------------------------------------------


PUBLISHED = {"max_steps": 450, "size": 11}  # two chunks of 200 and one of 50


@pytest.fixture(scope="module")
def published_maze():
    return numpy(compiled(lambda key: Maze(maze_walls(key)))(jax.random.key(0)))


@pytest.fixture(scope="module")
def published_trials(published_maze):
    """Two trials, the second from what the first has learned: found, model, expected, before."""
    agent = maze_agent(published_maze)
    run = compiled(partial(trial, max_steps=450, record=True))
    state, before = init(agent), oracle.maze_network(0.25)
    policies = np.asarray(agent.policies)
    keys = jnp.stack([jax.random.key(1), jax.random.key(2)])
    chances = np.asarray(uniforms(keys, 450, 200, float))
    trials = []
    for key, chance in zip(keys, chances, strict=True):
        found, state = run(agent, state, published_maze, key)
        lived = oracle.trial(before, policies, published_maze.walls, chance, **PUBLISHED)
        trials.append((numpy(found), model_of(agent, state), lived, before))
        before = lived.network
    return trials


def test_published_agent_starts_as_published(published_maze):
    for e in (0.15, 0.25, 0.35):
        found = as_network(maze_agent(published_maze, e).model)
        for one, other in zip(found, oracle.maze_network(e), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-15)


def test_published_trials_are_step_by_step_those_of_the_theory(published_maze, published_trials):
    for found, model, lived, before in published_trials:
        assert len(lived.steps) == 450
        assert not lived.done
        check_trial(published_maze, found, lived)
        check_free_energy(found, lived)
        close(found.free_energy.complexity - found.free_energy.accuracy, lived.first_layer)
        check_learned(model, lived, before)
    gammas = [lived.gamma for _, _, lived, _ in published_trials]
    assert all(len(set(gamma)) > 1 for gamma in gammas)  # of chunks, not of the whole trial


def test_published_beliefs_and_free_energy_are_the_models(published_maze, published_trials):
    found, _, lived, _ = published_trials[0]
    model = maze_agent(published_maze).model
    observations = np.array([now.observation for now in lived.steps])
    beliefs = infer(model, observations)
    close(beliefs.states, [now.belief for now in lived.steps])
    taken = beliefs._replace(decisions=np.eye(256)[found.record.policy])
    # No probability is below 1e-6 here, so that the epsilon of logarithms changes nothing.
    parts = free_energy(model, observations, taken, risk=np.array(lived.gamma))
    for part, each in zip(found.free_energy, parts, strict=True):
        close(part, each.sum())


# Small sizes, random counts -----------------------------------------------------------------------


SMALL = {"height": 7, "width": 9}
WINDOW, LENGTH, CHUNK, MAX_STEPS, AGENTS = 5, 2, 15, 40, 6
POLICIES = sequences(4, LENGTH)


def random_agent(seed, *, recurrent=True, extreme=False, form="canonical", **settings):
    """Return an agent whose counts and priors favour nothing that is symmetric."""
    generator = np.random.default_rng(seed)

    def counts(outcomes, causes):
        return generator.uniform(2, 6, (2, 2, outcomes, causes))

    def prior(variables, least):
        on = generator.uniform(least, 1 - least, variables)
        return np.stack([1 - on, on])

    seen, decisions = WINDOW**2, len(POLICIES)
    a, b, c = counts(seen, seen), counts(seen, seen), counts(seen, decisions) / 2
    E = prior(decisions, 0.02)
    if extreme:  # what the epsilon are for
        a[1, 0, 3] = 1e9
        E[:, 0], E[:, 5] = (1, 0), (1e-9, 1 - 1e-9)
    model = GenerativeModel(
        likelihood_counts=jnp.asarray(a),
        state_prior=jnp.asarray(prior(seen, 0.2)),
        transition_counts=jnp.asarray(b) if recurrent else None,
        policy_counts=jnp.asarray(c),
        decision_prior=jnp.asarray(E),
        form=form,
    )
    return Agent(model, jnp.asarray(POLICIES), **{"chunk": CHUNK, **settings})


def stacked(trees):
    """Return one tree whose leaves are those of all trees, stacked."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def one_of(tree, number):
    """Return tree `number` of a stack."""
    return jax.tree.map(lambda leaf: leaf[number], tree)


def random_agents(**settings):
    """Return as many agents as there are mazes, stacked."""
    return stacked([random_agent(seed, **settings) for seed in range(AGENTS)])


@pytest.fixture(scope="module")
def mazes():
    """Small mazes, stacked."""
    make = compiled(jax.vmap(lambda key: Maze(maze_walls(key, **SMALL), window=WINDOW)))
    return numpy(make(keys_of(3)))


@dataclass
class Runs:
    """Two trials of several agents in several mazes, as found and as they should be."""

    agents: Agent
    mazes: Maze
    trials: list

    def each(self):
        """Return what belongs together: maze, found, model after, expected, before."""
        for found, after, lived, before in self.trials:
            models = numpy(models_of(self.agents, after))
            for number in range(AGENTS):
                parts = (one_of(stack, number) for stack in (self.mazes, found, models))
                yield (*parts, lived[number], before[number])


def two_trials(agents, mazes, run, **settings):
    """Return two trials of all agents at once, and what the oracle makes of each."""
    sizes = {
        "size": WINDOW,
        "max_steps": MAX_STEPS,
        "chunk": agents.chunk,
        "epsilon": agents.epsilon,
    }
    state = init_all(agents)
    before = [as_network(one_of(agents.model, number)) for number in range(AGENTS)]
    trials = []
    for seed in (4, 5):
        keys = keys_of(seed)
        found, state = run(agents, state, mazes, keys)
        chances = np.asarray(uniforms(keys, MAX_STEPS, agents.chunk, float))
        lived = [
            oracle.trial(network, POLICIES, walls, chance, **sizes, **settings)
            for network, walls, chance in zip(before, mazes.walls, chances, strict=True)
        ]
        trials.append((numpy(found), numpy(state), lived, before))
        before = [one.network for one in lived]
    return Runs(agents, mazes, trials)


small_trial = compiled(jax.vmap(partial(trial, max_steps=MAX_STEPS, record=True)))


@pytest.fixture(scope="module")
def plain_agents():
    """Agents as published but for their sizes and counts, and with no epsilon."""
    return random_agents(epsilon=0.0)


@pytest.fixture(scope="module")
def plain_runs(plain_agents, mazes):
    return two_trials(plain_agents, mazes, small_trial)


def check_runs(runs):
    """Assert that every trial went as the oracle says."""
    for maze, found, model, lived, before in runs.each():
        check_trial(maze, found, lived)
        check_free_energy(found, lived)
        check_learned(model, lived, before)


def test_trials_of_many_agents_are_step_by_step_those_of_the_theory(plain_runs):
    check_runs(plain_runs)
    lived = [lived for *_, lived, _ in plain_runs.each()]
    assert any(one.done and len(one.steps) % CHUNK for one in lived)  # ended inside a chunk
    assert any(not one.done for one in lived)  # time was up, inside a chunk too
    assert MAX_STEPS % CHUNK
    assert {gamma for one in lived for gamma in one.gamma} >= {0.0, 0.55}
    assert any((one.network.c == 1).any() for one in lived)  # the floor was met


def test_free_energy_of_a_trial_is_that_of_the_model_and_the_cost_of_its_network(plain_runs):
    whole = [
        (found, lived, before)
        for _, found, _, lived, before in plain_runs.each()
        if len(lived.steps) == MAX_STEPS
    ]
    assert whole
    for found, lived, before in whole:
        a, b, c, D, E = map(jnp.asarray, before)
        model = GenerativeModel(a, D, b, c, E)
        observations = np.array([now.observation for now in lived.steps])
        beliefs = cm.Beliefs(
            np.array([now.belief for now in lived.steps]),
            np.array([now.previous for now in lived.steps]),
            np.eye(len(POLICIES))[found.record.policy],
        )
        risk = np.array(lived.gamma)
        parts = free_energy(model, observations, beliefs, risk=risk)
        for part, each in zip(found.free_energy, parts, strict=True):
            close(part, each.sum())
        activity = cm.Activity(*beliefs)
        L = cost(canonical_network(model), observations, activity, risk=risk).sum()
        close(jax.tree.map(jnp.asarray, found.free_energy).total, L)
        close(lived.cost, L)


def test_a_trial_is_steps_learning_and_beginning_by_turns(plain_agents, plain_runs, mazes):
    found, after, lived, _ = plain_runs.trials[0]
    number = next(n for n, one in enumerate(lived) if not one.done)
    agent, maze, lived = one_of(plain_agents, number), one_of(mazes, number), lived[number]
    state = init(agent)
    move_in = compiled(lambda maze, *arguments: maze.step(*arguments))
    _, key = jax.random.split(keys_of(4)[number])
    place, observation = jax.tree.map(jnp.asarray, maze).reset(key)
    for chunk in range(3):
        keys, risk = jax.random.split(jax.random.fold_in(key, chunk), CHUNK), []
        for number_of_step, expected in enumerate(lived.steps[chunk * CHUNK :][:CHUNK]):
            agent_key, world_key = jax.random.split(keys[number_of_step])
            decision, state = step(agent, state, observation, agent_key)
            close(state.belief, expected.belief)
            assert (int(decision.policy), int(decision.move)) == (expected.policy, expected.move)
            place, observation, now, _ = move_in(maze, place, decision.move, world_key)
            risk.append(now)
        acted_by = numpy(state.law)
        state = learn(agent, state, np.stack(risk))
        jax.tree.map(np.testing.assert_array_equal, numpy(state.law), acted_by)  # to the end
    state = begin(agent, state)
    jax.tree.map(close, state, one_of(after, number))
    close(state.belief, agent.model.state_prior[1])
    assert int(found.steps[number]) == MAX_STEPS


# Everything that differs from the published agent, at once; one by one below, where it is slow.
OTHERWISE = {
    "learning": "chunk",
    "decides_from": "current",
    "moves_made": 2,
    "modulation": StepModulation(),
}


@pytest.mark.slow
def test_an_agent_that_differs_in_everything_is_that_of_the_theory(mazes):
    otherwise = {"from_current": True, "moves_made": 2, "gamma_of": list}
    agents = random_agents(extreme=True, **OTHERWISE)
    runs = two_trials(agents, mazes, small_trial, online=True, **otherwise)
    check_runs(runs)

    # Learning made a difference before the trial was over.
    _, _, lived, before = runs.trials[0]
    number = next(n for n, one in enumerate(lived) if not one.done)
    chance = np.asarray(uniforms(keys_of(4), MAX_STEPS, CHUNK, float))[number]
    sizes = {"size": WINDOW, "max_steps": MAX_STEPS, "chunk": CHUNK}
    late = oracle.trial(before[number], POLICIES, mazes.walls[number], chance, **sizes, **otherwise)
    assert abs(late.complexity - lived[number].complexity) > 1

    # Both moves of every policy are made, in their order.
    for _, found, _, lived, _ in runs.each():
        steps = int(found.steps)
        assert [now.drawn for now in lived.steps] == [n % 2 == 0 for n in range(steps)]
        policy, move = found.record.policy[:steps], found.record.move[:steps]
        assert (move == POLICIES[policy, np.arange(steps) % 2]).all()
        assert (policy[1::2] == policy[0::2][: steps // 2]).all()


def mean_risk(risk):
    return float(sum(risk, Fraction(0)) / len(risk))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of_agent", "of_oracle"),
    [
        ({}, {}),
        ({"extreme": True}, {}),
        ({"recurrent": False}, {}),
        ({"learning": "chunk"}, {"online": True}),
        ({"decides_from": "current"}, {"from_current": True}),
        ({"recurrent": False, "decides_from": "current"}, {"from_current": True}),
        ({"moves_made": 2}, {"moves_made": 2}),
        ({"modulation": StepModulation()}, {"gamma_of": list}),
        ({"modulation": MeanModulation()}, {"gamma_of": mean_risk}),
        ({"chunk": 1}, {}),
        ({"chunk": 64, "learning": "chunk"}, {"online": True}),
    ],
    ids=lambda changed: "-".join(changed) or "published",
)
def test_an_agent_that_differs_in_one_thing_is_that_of_the_theory(of_agent, of_oracle, mazes):
    # The first of them compiled as users have it.
    run = compiled(small_trial.__wrapped__) if of_agent else jax.jit(small_trial.__wrapped__)
    check_runs(two_trials(random_agents(**of_agent), mazes, run, **of_oracle))


@pytest.mark.slow
def test_free_energy_of_a_trial_in_the_exact_form_is_that_of_the_model(mazes):
    agent, maze = random_agent(0, form="exact", epsilon=0.0), one_of(mazes, 0)
    run = jax.jit(partial(trial, max_steps=MAX_STEPS, record=True))
    found = numpy(run(agent, init(agent), maze, jax.random.key(0))[0])
    steps = int(found.steps)
    risk = [Fraction(float(risk)) for risk in found.record.risk[:steps]]
    chunks = [risk[first : first + CHUNK] for first in range(0, steps, CHUNK)]
    gamma = [oracle.progress_gamma(chunk) for chunk in chunks for _ in chunk]
    observations = maze.seen[found.record.place[:steps]].astype(float)
    beliefs = infer(agent.model, observations)
    taken = beliefs._replace(decisions=np.eye(len(POLICIES))[found.record.policy[:steps]])
    parts = free_energy(agent.model, observations, taken, risk=np.array(gamma))
    for part, each in zip(found.free_energy, parts, strict=True):
        close(part, each.sum())


@pytest.mark.slow
def test_in_single_precision_a_chunk_is_the_same_to_its_rounding(published_maze):
    key = jax.random.key(1)
    with jax.enable_x64(False):
        agent = maze_agent(published_maze)
        run = jax.jit(partial(trial, max_steps=200, record=True))
        found, state = numpy(run(agent, init(agent), published_maze, key))
        model = model_of(agent, state)
        chance = np.asarray(uniforms(key[None], 200, 200, jnp.float32), float)[0]
    assert model.policy_counts.dtype == found.free_energy.accuracy.dtype == np.float32
    before = oracle.maze_network(0.25)
    policies, walls = np.asarray(agent.policies), published_maze.walls
    lived = oracle.trial(before, policies, walls, chance, size=11, max_steps=200)
    check_trial(published_maze, found, lived)
    check_free_energy(found, lived, tolerance=1e-5)
    learned = as_network(model)
    # Counts keep 24 bits: c learns to 5e-3, of a and b 1e-7 of what there is may be lost.
    np.testing.assert_allclose(learned.c, lived.network.c, atol=5e-3)
    np.testing.assert_allclose(learned.a, lived.network.a, rtol=2e-7)
    np.testing.assert_allclose(learned.b, lived.network.b, rtol=2e-7)


# What must hold -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rollout(plain_agents, plain_runs):
    """An agent after a chunk of steps, from which it has not learned; and what it lived."""
    number = next(n for n, one in enumerate(plain_runs.trials[0][2]) if len(one.steps) >= CHUNK)
    agent, lived = one_of(plain_agents, number), plain_runs.trials[0][2][number].steps[:CHUNK]
    _, key = jax.random.split(keys_of(4)[number])
    keys = jax.random.split(jax.random.fold_in(key, 0), CHUNK)
    state = init(agent)
    for key, now in zip(keys, lived, strict=True):
        seen = now.observation.astype(bool)
        decision, state = step(agent, state, seen, jax.random.split(key)[0])
        assert int(decision.policy) == now.policy
    return agent, numpy(state), lived


def by_step(agent):
    """Return the same agent, with Gamma the risk of each step."""
    like = random_agent(0, modulation=StepModulation(), epsilon=agent.epsilon)
    return eqx.tree_at(lambda a: (a.model, a.policies), like, (agent.model, agent.policies))


def test_with_gamma_one_half_decisions_are_not_learned(rollout):
    agent, state, _ = rollout
    learned = learn(by_step(agent), state, np.full(CHUNK, 0.5))
    before, after = as_network(agent.model), as_network(model_of(agent, learned))
    np.testing.assert_array_equal(before.c, after.c)
    assert (before.a != after.a).any(axis=(0, 1)).all()
    assert (before.b != after.b).all()


@given(st.lists(st.floats(0, 1), min_size=CHUNK, max_size=CHUNK))
@settings(max_examples=10)
def test_any_gamma_is_learned_as_the_theory_says(rollout, gamma):
    agent, state, lived = rollout
    learned = learn(by_step(agent), state, np.array(gamma))
    before = as_network(agent.model)
    expected = oracle.learned(before, lived, gamma, from_current=False)
    for one, other in zip(as_network(model_of(agent, learned)), expected, strict=True):
        close(one, other)
    parts = oracle.free_energy(oracle.Law(before, 0.0), lived, gamma, from_current=False)
    for one, other in zip(flush(agent, learned).tally.free_energy, parts[:3], strict=True):
        close(one, other)


def test_counts_never_fall_below_one(rollout):
    agent, state, _ = rollout
    counts = [as_network(agent.model).c]
    for _ in range(12):
        learned = numpy(learn(by_step(agent), state, np.ones(CHUNK)))
        counts.append(as_network(model_of(agent, learned)).c)
        state = learned._replace(rollout=state.rollout)
    assert all((c >= 1).all() for c in counts)
    assert all((later <= earlier).all() for earlier, later in itertools.pairwise(counts))
    assert (counts[-1][:, 0] == 1).all()  # driven down hard: not taking a decision, at least
    again = numpy(begin(agent, state))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(again))


def test_with_uniform_priors_and_counts_every_move_is_as_likely(plain_agents, mazes):
    c = np.full_like(plain_agents.model.policy_counts, 3000)
    E = np.stack([first_move_prior(POLICIES, np.full(4, 0.25))] * AGENTS)
    agents = eqx.tree_at(
        lambda a: (a.model.policy_counts, a.model.decision_prior), plain_agents, (c, E)
    )
    state, moves = init_all(agents), np.zeros(4)
    for seed in range(10):
        found = numpy(small_trial(agents, state, mazes, keys_of(seed))[0])
        chance = np.asarray(uniforms(keys_of(seed), MAX_STEPS, CHUNK, float))
        for number, steps in enumerate(found.steps):
            policy = found.record.policy[number, :steps]
            # Exactly so: the n-th policy wherever chance is in the n-th equal part of [0, 1).
            assert (policy == (chance[number, :steps] * len(POLICIES)).astype(int)).all()
            moves += np.bincount(POLICIES[policy, 0], minlength=4)
    assert moves.sum() > 1000
    assert chisquare(moves).pvalue > 1e-3


@given(seeds)
@settings(max_examples=5)
def test_a_wall_is_never_entered(plain_agents, mazes, seed):
    found = numpy(small_trial(plain_agents, init_all(plain_agents), mazes, keys_of(seed))[0])
    for number, steps in enumerate(found.steps):
        walls = mazes.walls[number]
        cells = cells_of(walls, found.record.place[number, :steps])
        assert cells[0] == oracle.start(walls)
        assert not any(walls[cell] for cell in cells)
        for cell, there in itertools.pairwise(cells):
            between = (cell[0] + there[0]) // 2, (cell[1] + there[1]) // 2
            assert not walls[between]
            assert abs(cell[0] - there[0]) + abs(cell[1] - there[1]) in {0, 2}


@given(st.permutations(range(4)))
@settings(max_examples=5)
def test_renaming_moves_changes_nothing_but_their_names(plain_agents, mazes, plain_runs, name):
    # What was move m is now name[m], to the agent and to the maze.
    name = np.array(name, np.int32)
    renamed = eqx.tree_at(lambda a: a.policies, plain_agents, name[plain_agents.policies])
    former = np.argsort(name)
    elsewhere = eqx.tree_at(lambda m: m.next_place, mazes, mazes.next_place[..., former])
    found, after = numpy(small_trial(renamed, init_all(renamed), elsewhere, keys_of(4)))
    expected, expected_after, *_ = plain_runs.trials[0]
    assert (found.steps == expected.steps).all()
    for number, steps in enumerate(found.steps):
        made = found.record.move[number, :steps]
        assert (made == name[expected.record.move[number, :steps]]).all()
    found = found._replace(record=found.record._replace(move=expected.record.move))
    jax.tree.map(np.testing.assert_array_equal, (found, after), (expected, expected_after))


draws = compiled(
    jax.vmap(
        lambda agent, state, seen, key: agent.step(state, seen, key)[0].policy,
        (None, None, None, 0),
    )
)


@pytest.fixture(scope="module")
def draw_keys():
    """Keys of steps, and the random numbers that the agent makes of them."""
    keys = jax.random.split(jax.random.key(0), 500)
    chance = compiled(jax.vmap(lambda key: jax.random.uniform(key, (), float)))(keys)
    return keys, np.asarray(chance)


@given(st.permutations(range(len(POLICIES))), st.booleans())
@settings(max_examples=5)
def test_reordering_policies_reorders_what_is_drawn_and_learned(rollout, draw_keys, order, forward):
    agent, state, _ = rollout
    order, place_of = np.array(order), np.argsort(order).astype(np.int32)
    model = agent.model
    reordered = eqx.tree_at(
        lambda a: (a.model.policy_counts, a.model.decision_prior, a.policies),
        agent,
        (model.policy_counts[..., order], model.decision_prior[:, order], agent.policies[order]),
    )
    response = state.rollout.response
    response = response._replace(policy=place_of[response.policy])
    lived = state.rollout._replace(response=response)
    lived = init(reordered)._replace(belief=state.belief, rollout=lived)

    # The same policies are learned from the same steps, under their new numbers.
    risk = np.full(CHUNK, 0.5)
    risk[:3] = 0.0 if forward else 1.0
    learned, expected = learn(reordered, lived, risk), learn(agent, state, risk)
    one, other = numpy(model_of(reordered, learned)), numpy(model_of(agent, expected))
    close(one.policy_counts, other.policy_counts[..., order])
    close(one.likelihood_counts, other.likelihood_counts)
    one, other = (numpy(flush(agent, after).tally) for after in (learned, expected))
    assert (one.decisions == other.decisions[order]).all()
    jax.tree.map(close, one.free_energy, other.free_energy)

    # They are as probable as before, and drawn in the new order.
    d, _ = oracle.Law(as_network(model), 0.0).decisions(state.belief)
    through = np.cumsum((d / (1 - d))[order])
    keys, chance = draw_keys
    found = draws(reordered, lived, np.ones(WINDOW**2, bool), keys)
    assert (found == np.searchsorted(through, chance * through[-1], side="right")).all()


# Gamma --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gamma_of_a_chunk_is_exact_at_every_limit(dtype):
    # Every advance that a chunk of each length can make near the limits of progress.
    cases = [
        (steps, advance)
        for steps in (*range(1, 24), 40, 50, 60, 99, 100, 139, 140, 180, 199, 200)
        for advance in {-1, 0, 1, steps // 20 - 1, steps // 20, steps // 20 + 1, steps}
        if abs(advance) <= steps
    ]
    risk = np.full((len(cases), 200), 0.5, dtype)
    lived = np.zeros((len(cases), 200), bool)
    for row, (steps, advance) in enumerate(cases):
        lived[row, :steps] = True
        risk[row, : abs(advance)] = 0 if advance > 0 else 1
        left = (steps - abs(advance)) // 2  # and as many forward as back
        risk[row, abs(advance) : abs(advance) + left] = 0
        risk[row, abs(advance) + left : abs(advance) + 2 * left] = 1
        risk[row, steps:] = 0  # what was not lived says nothing
    found = np.asarray(compiled(jax.vmap(ProgressModulation()))(risk, lived))
    assert found.dtype == dtype
    for row, (steps, _) in enumerate(cases):
        exact = oracle.progress_gamma([Fraction(float(r)) for r in risk[row, :steps]])
        assert (found[row] == dtype(exact)).all(), cases[row]


def test_gamma_of_single_steps_and_of_their_mean():
    risk, lived = jnp.array([0.0, 0.5, 1.0, 1.0, 0.3]), jnp.array([True] * 4 + [False])
    np.testing.assert_array_equal(StepModulation()(risk, lived)[:4], risk[:4])
    np.testing.assert_allclose(MeanModulation()(risk, lived)[:4], 0.625)


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"acting_precision": "half"}, "acting_precision: found the text 'half'; expected one of"),
        ({"policies": POLICIES[:-1]}, "policies: found 15; expected 16, one for each"),
        ({"policies": np.concatenate([POLICIES, POLICIES])}, "policies: found 32; expected 16"),
        ({"model": "one layer"}, "model: found no policy_counts"),
        ({"learning": "never"}, "learning: found the text 'never'; expected one of"),
        ({"decides_from": "next"}, "decides_from: found the text 'next'; expected one of"),
        ({"moves_made": 0}, "moves_made: found 0; expected a whole number, at least 1"),
        ({"moves_made": 3}, "moves_made: found 3; expected a whole number, from 1 to 2"),
        ({"chunk": 0}, "chunk: found 0"),
        ({"epsilon": -1e-6}, "epsilon: found -1e-06"),
        ({"epsilon": 1.0}, "epsilon: found 1; expected a number in"),
        ({"model": "hardly any state", "epsilon": 0.0}, "model, state_prior: .*expected .*1e-06"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_an_agent_that_does_not_fit_together_is_refused(change, message):
    model = random_agent(0).model
    if change.get("model") == "one layer":
        change = {"model": GenerativeModel(model.likelihood_counts, model.state_prior)}
    elif "model" in change:
        prior = jnp.ones_like(model.state_prior).at[1].set(1e-10)
        change = {**change, "model": replace(model, state_prior=prior)}
    arguments = {"model": model, "policies": POLICIES, "chunk": CHUNK, **change}
    arguments["policies"] = jnp.asarray(arguments["policies"])
    with pytest.raises(CanonicaError, match=message):
        Agent(**arguments)


@pytest.mark.parametrize("prior_right", [-0.1, 0.51, float("nan")])
def test_a_prior_that_is_none_is_refused(mazes, prior_right):
    with pytest.raises(CanonicaError, match="prior_right: found .*; expected a number from 0"):
        maze_agent(one_of(mazes, 0), prior_right)


@pytest.mark.parametrize("risks", [0, CHUNK - 1, CHUNK + 1])
def test_risks_of_other_steps_than_were_made_are_refused(rollout, risks):
    agent, state, _ = rollout
    with pytest.raises(CanonicaError, match=f"risk: found {risks} for {CHUNK} steps"):
        agent.learn(state, jnp.zeros(risks))
