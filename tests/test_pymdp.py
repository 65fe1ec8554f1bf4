"""Our networks behind pymdp's interface, and its generative processes as worlds of ours."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from canonica import CanonicaError
from canonica.agents import MeanModulation, PymdpWorld, run_in_gymnasium
from canonica.agents.designs import sensing_agent
from canonica.networks import AsPymdp, Pomdp, compiled, from_pomdp, solve

FACTORS = (2, 3)


def problem():
    """Return a problem of two factors and two modalities, at random."""
    draw = np.random.default_rng(3)
    A = [draw.dirichlet(np.ones(size), FACTORS).transpose(2, 0, 1) for size in (2, 3)]
    B = [draw.dirichlet(np.ones(n), (n, 2)).transpose(2, 0, 1) for n in FACTORS]
    reward = draw.normal(size=(4, 6))
    return Pomdp(A, B, C=[np.array([0.0, 1.0]), np.array([0.0, -1.0, 2.0])], reward=reward)


@pytest.fixture(scope="module", params=["softmax", "sigmoid"])
def network(request):
    made = problem()
    conversion = from_pomdp(made, units=request.param, transitions="expected", episodes=2, steps=2)
    plan = solve(made, beliefs=12)
    assert len(set(plan.actions.tolist())) > 1
    return compiled(conversion, plan, precision=0.3)


def test_a_loop_of_pymdp_is_that_of_the_network(network):
    agent, draw = AsPymdp(network), np.random.default_rng(0)
    prior, belief, action = agent.D, None, None
    for time in range(8):
        seen = [int(draw.integers(2)), int(draw.integers(3))]
        belief = network.begin(seen) if time == 0 else network.believe(belief, action, seen)
        qs = agent.infer_states([jnp.array([one]) for one in seen], prior)
        assert qs[0].shape == (1, 1, 6)
        np.testing.assert_allclose(qs[0][0, 0], belief, rtol=1e-9, atol=1e-12)
        q_pi, odds = agent.infer_policies(qs)
        np.testing.assert_allclose(q_pi[0], network.probability(belief), rtol=1e-7)
        np.testing.assert_allclose(np.exp(odds[0]) / np.exp(odds[0]).sum(), q_pi[0])
        controls = agent.sample_action(q_pi, rng_key=jax.random.split(jax.random.key(time), 1))
        assert controls.shape == (1, 2)
        action = int(np.ravel_multi_index(controls[0], (2, 2)))
        prior = agent.update_empirical_prior(controls, qs)
    unseen = agent.infer_states([-1, -1], prior)
    np.testing.assert_allclose(unseen[0][0, 0], network.believe(belief, action), rtol=1e-9)


def test_of_beliefs_over_time_the_last_count(network):
    agent = AsPymdp(network)
    (one,), (last,) = (agent.infer_states(seen, agent.D) for seen in ([0, 1], [1, 2]))
    both = [np.concatenate([one, last], axis=1)]
    np.testing.assert_array_equal(agent.infer_policies(both)[0], agent.infer_policies([last])[0])
    np.testing.assert_array_equal(
        agent.update_empirical_prior([[0, 1]], both), agent.update_empirical_prior([[0, 1]], [last])
    )


def test_actions_are_drawn_as_often_as_they_are_probable(network):
    agent = AsPymdp(network)
    q_pi, _ = agent.infer_policies(agent.infer_states([0, 1], agent.D))
    drawn = [tuple(agent.sample_action(q_pi, key)[0]) for key in
             jax.random.split(jax.random.key(1), 400)]  # fmt: skip
    for controls in np.ndindex(2, 2):
        expected = q_pi[0][(agent.policies[:, 0] == controls).all(axis=1)].sum()
        spread = np.sqrt(expected * (1 - expected) / 400)
        assert abs(drawn.count(controls) / 400 - expected) < 4 * spread + 1e-9
    likeliest = agent.policies[q_pi[0].argmax()]
    np.testing.assert_array_equal(agent.sample_action(q_pi), likeliest)


def test_what_does_not_fit_is_refused(network):
    agent = AsPymdp(network)
    with pytest.raises(CanonicaError, match=r"observations: found \[0\]; expected one of \[2, 3\]"):
        agent.infer_states([0], agent.D)
    with pytest.raises(CanonicaError, match=r"observations: found \[0, 3\]"):
        agent.infer_states([0, 3], agent.D)
    with pytest.raises(CanonicaError, match=r"action: found controls \[0, 7\]"):
        agent.update_empirical_prior([[0, 7]], agent.infer_states([0, 0], agent.D))
    with pytest.raises(CanonicaError, match="rng_key: found"):
        agent.sample_action(agent.infer_policies(agent.infer_states([0, 0], agent.D))[0], 3)
    with pytest.raises(CanonicaError, match="network: found None; expected a CompiledNetwork"):
        AsPymdp(None)


class Process:
    """As pymdp's: shows both controls of the last action, the second as one of many."""

    B = [np.zeros((2, 2, 2)), np.zeros((3, 3, 3))]  # noqa: RUF012

    def reset(self, key):
        keys = jax.random.split(key)
        state = [jax.random.randint(keys[n], (), 0, size) for n, size in enumerate((2, 3))]
        return self.shown(state), state

    def step(self, key, state, action):
        del key, state
        return self.shown(list(action)), list(action)

    def shown(self, state):
        return [jnp.asarray(state[0], float)[None], jax.nn.one_hot(state[1], 3)[None]]


PREFERENCES = [[0.0, 1.0], [0.0, -1.0, 2.0]]


def test_a_process_of_pymdp_is_a_world():
    world = PymdpWorld(Process(), PREFERENCES)
    assert world.action_space == gymnasium.spaces.Discrete(6)
    assert world.observation_space == gymnasium.spaces.MultiBinary(5)
    with pytest.raises(CanonicaError, match="step: found no episode under way"):
        world.step(0)
    first, _ = world.reset(seed=4)
    again, told = world.reset(seed=4)
    np.testing.assert_array_equal(first, again)
    assert first.sum() == 2
    assert len(told["outcomes"]) == 2
    others = {tuple(world.reset()[0]) for _ in range(20)}
    assert len(others) > 2
    for action, (one, two) in enumerate(np.ndindex(2, 3)):
        seen, reward, *ended, told = world.step(action)
        np.testing.assert_array_equal(seen, [*np.eye(2)[one], *np.eye(3)[two]])
        assert reward == PREFERENCES[0][one] + PREFERENCES[1][two]
        assert ended == [False, False]
        assert told["outcomes"] == [one, two]
    with pytest.raises(CanonicaError, match="action: found 6; expected one of"):
        world.step(6)


def test_every_step_is_drawn_anew():
    process = Process()
    process.step = lambda key, state, action: process.reset(key)  # noqa: ARG005
    world = PymdpWorld(process, PREFERENCES)
    lives = []
    for _ in range(2):
        world.reset(seed=1)
        lives.append([tuple(world.step(0)[0]) for _ in range(20)])
    assert lives[0] == lives[1]
    assert len(set(lives[0])) > 2


@pytest.mark.slow
def test_an_agent_of_ours_acts_in_it():
    world = gymnasium.wrappers.TimeLimit(PymdpWorld(Process(), PREFERENCES), 4)
    agent = sensing_agent(5, 6, modulation=MeanModulation(), chunk=4)
    found = run_in_gymnasium(agent, world, episodes=2, seed=1)
    found = found[0] if isinstance(found, tuple) else found
    assert found.sizes["episode"] == 2


def test_what_is_no_process_is_refused():
    with pytest.raises(CanonicaError, match="process: found .* expected one with reset and step"):
        PymdpWorld(3, PREFERENCES)
    process = Process()
    process.B = None
    with pytest.raises(CanonicaError, match="controls: found None; expected one number a factor"):
        PymdpWorld(process, PREFERENCES)
    with pytest.raises(CanonicaError, match="controls: found 0"):
        PymdpWorld(Process(), PREFERENCES, controls=[0])
    with pytest.raises(CanonicaError, match=r"preferences\[1\]: found"):
        PymdpWorld(Process(), [[0.0], "much"])
    with pytest.raises(CanonicaError, match=r"preferences: found \[2\]; expected as many"):
        PymdpWorld(Process(), PREFERENCES[:1]).reset(seed=0)


@pytest.mark.slow
def test_a_maze_of_pymdp_itself():
    envs = pytest.importorskip("pymdp.envs", reason="pymdp is not installed")
    maze = envs.TMaze()
    world = PymdpWorld(maze, [np.arange(one.shape[0]) for one in maze.A])
    world.reset(seed=0)
    for action in range(int(world.action_space.n)):
        seen, reward, *_ = world.step(action)
        assert world.observation_space.contains(seen)
        assert reward == sum(np.flatnonzero(part).item() for part in
                             np.split(seen, np.cumsum([len(a) for a in maze.A])[:-1]))  # fmt: skip
