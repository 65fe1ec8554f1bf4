"""Gymnasium both ways: the worlds as its environments, the agent in any environment of its."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env

from canonica import CanonicaError
from canonica.agents import Environment, Outcome, StepModulation
from canonica.agents.designs._sensing_agent import sensing_agent
from canonica.agents.experiments.gymnasium._binary_observations import binary_observations
from canonica.agents.experiments.gymnasium._gymnasium_agent import (
    GymnasiumAgent,
    _acted,
    _begun,
    _learned,
)
from canonica.agents.experiments.gymnasium._risk_of_reward import risk_of_reward
from canonica.agents.experiments.gymnasium._run_in_gymnasium import run_in_gymnasium
from canonica.agents.network.modulations._outcome import OutcomeModulation
from canonica.agents.worlds._gymnasium_world import GymnasiumWorld

SMALL_MAZE = {"height": 7, "width": 9, "window": 5}
WORLDS = {
    "canonica/Maze-v0": SMALL_MAZE,
    "canonica/TMaze-v0": {},
    "canonica/SwitchingBandit-v0": {},
}


@pytest.mark.parametrize(("name", "options"), WORLDS.items())
def test_gymnasium_finds_no_fault(name, options):
    """Warnings are errors here, so there are none."""
    environment = gymnasium.make(name, **options, render_mode="rgb_array")
    check_env(environment.unwrapped)


@pytest.mark.parametrize(("name", "options"), WORLDS.items())
@pytest.mark.usefixtures("x64")
def test_an_episode_is_a_trial_of_the_world(name, options):
    environment = gymnasium.make(name, **options).unwrapped
    world = environment.world
    environment.reset(seed=3)
    state, key = environment._state, environment._key
    for number in range(12):
        move = number * 7 % world.moves
        seen, reward, terminated, truncated, info = environment.step(move)
        expected = world.step(state, jnp.asarray(move), jax.random.fold_in(key, number))
        state = expected.state
        assert (seen == np.asarray(expected.observation)).all()
        assert reward == 1 - 2 * float(expected.risk)
        assert (terminated, truncated) == (bool(expected.done), False)
        assert info == {"risk": float(expected.risk)}


def test_a_seed_decides_all_that_follows():
    environment = gymnasium.make("canonica/SwitchingBandit-v0", max_episode_steps=10)

    def two_episodes(seed):
        lived = []
        for each in (seed, None):
            environment.reset(seed=each)
            lived += [environment.step(0)[1] for _ in range(10)]
        return lived

    first, again, other = two_episodes(1), two_episodes(1), two_episodes(2)
    assert first == again != other
    assert first[:10] != first[10:]


def test_time_limits_and_options():
    limits = {name: gymnasium.spec(name).max_episode_steps for name in WORLDS}
    assert list(limits.values()) == [20_000, 60, 100]
    one, other = (
        gymnasium.make("canonica/Maze-v0", **SMALL_MAZE, seed=seed).unwrapped.world
        for seed in (0, 1)
    )
    assert (one.walls.shape, one.window) == ((7, 9), 5)
    assert (one.walls != other.walls).any()
    assert gymnasium.make("canonica/TMaze-v0", corridor=5).unwrapped.world.corridor == 5
    assert gymnasium.make(
        "canonica/SwitchingBandit-v0", reward_probability=(0.5, 0.2, 0.1)
    ).action_space == spaces.Discrete(3)


class Echo(Environment):
    """A world that has no picture of its own."""

    @property
    def moves(self):
        return 2

    @property
    def observations(self):
        return 5

    def reset(self, key):
        del key
        return jnp.zeros((), jnp.int32), jnp.zeros(5, bool).at[0].set(True)

    def step(self, state, move, key):
        del key
        seen = jnp.zeros(5, bool).at[move].set(True)
        return Outcome(state + 1, seen, jnp.asarray(0.5), state >= 3)


@pytest.mark.parametrize("make", [*WORLDS, Echo])
def test_pictures_show_what_changes(make):
    if make is Echo:
        environment = GymnasiumWorld(Echo(), "rgb_array")
    else:
        environment = gymnasium.make(make, **WORLDS[make], render_mode="rgb_array").unwrapped
    environment.reset(seed=0)
    before = environment.render()
    assert before.dtype == np.uint8
    assert min(before.shape[:2]) >= 40
    after = []
    for move in range(environment.world.moves):
        environment.step(move)
        after.append(environment.render())
    assert any((picture != before).any() for picture in after)
    assert gymnasium.make("canonica/TMaze-v0").unwrapped.render() is None


def test_rewards_become_risks():
    rewards = (1.0, 0.5, 0.0, -1.0, -9.0, 9.0)
    risks = [risk_of_reward(reward, terminated=False) for reward in rewards]
    assert risks == [0, 0.25, 0.5, 1, 1, 0]


class Recorded(gymnasium.Env):
    """An environment of any spaces that lists the actions it was given."""

    def __init__(self, observation_space, action_space, length=5):
        self.observation_space, self.action_space = observation_space, action_space
        self.length, self.actions = length, []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        if seed is not None:
            self.observation_space.seed(seed)
        self.time = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.actions.append(action)
        self.time += 1
        seen = self.observation_space.sample()
        return seen, float(action % 2), self.time == self.length, False, {}


@pytest.mark.parametrize(
    "space", [spaces.MultiBinary([2, 3]), spaces.Discrete(6), spaces.Discrete(6, start=-2)]
)
@pytest.mark.usefixtures("x64")
def test_the_adapter_is_step_learn_and_begin_by_turns(space):
    """Learning when a chunk is full and at the end; actions counted from where they start."""
    agent = sensing_agent(6, 3, modulation=StepModulation(), chunk=3, policy_count=5.0)
    environment = Recorded(space, spaces.Discrete(3, start=4))
    found, state = run_in_gymnasium(agent, environment, episodes=2, seed=7)

    space.seed(7)
    key, mind, number, actions = jax.random.key(7), agent.init(), 0, []
    for episode in range(2):
        mind, risks = _begun(agent, mind), []
        seen = space.sample()
        for _ in range(5):
            if len(risks) == 3:
                mind, risks = _learned(agent, mind, np.array(risks + [0.5] * (3 - len(risks)))), []
            if isinstance(space, spaces.Discrete):
                seen = np.eye(6, dtype=np.int8)[seen - space.start]
            decision, mind = _acted(agent, mind, seen.ravel(), key, number)
            actions.append(4 + int(decision.move))
            risks.append(0.5 - 0.5 * (actions[-1] % 2))
            number += 1
            seen = space.sample()
        mind = _learned(agent, mind, np.array(risks + [0.5] * (3 - len(risks))))
        rewards = np.array(actions[-5:]) % 2
        assert float(found.reward[episode]) == rewards.sum()
        assert float(found.risk[episode]) == pytest.approx(np.mean(0.5 - 0.5 * rewards))
    assert environment.actions == actions
    assert found.steps.values.tolist() == [5, 5]
    assert found.terminated.all()
    learned, expected = (agent.model_of(each).policy_counts for each in (state, mind))
    np.testing.assert_allclose(learned, expected, rtol=1e-5)
    assert (learned != 5).any()


@pytest.mark.slow
def test_what_jax_is_set_to_makes_no_difference():
    """Neither do worlds draw other numbers in single precision, nor are any lost."""
    with jax.enable_x64(True):
        agent = sensing_agent(4, 2, modulation=StepModulation(), chunk=3)

    def played(state=None):
        environment = gymnasium.make("canonica/SwitchingBandit-v0", max_episode_steps=8)
        found, state = run_in_gymnasium(agent, environment, episodes=2, state=state)
        return [found.reward.values, *jax.tree.leaves(state)], state

    usual, state = played()
    onward, _ = played(state)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        strict, same_state = played()
        strict_onward, _ = played(same_state)
    for one, other in zip(usual + onward, strict + strict_onward, strict=True):
        assert one.dtype == other.dtype != np.float32
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("observations", "actions", "word"),
    [
        (spaces.Box(0, 1, (6,)), spaces.Discrete(3), "observation_space: found Box"),
        (spaces.MultiBinary(6), spaces.Box(0, 1, (1,)), "action_space: found Box"),
        (spaces.MultiBinary(7), spaces.Discrete(3), "agent: found 6 observations; expected 7"),
        (spaces.Discrete(6), spaces.Discrete(2), "agent: found policies of 3 moves; expected 2"),
    ],
)
def test_other_spaces_are_refused(observations, actions, word):
    agent = sensing_agent(6, 3, modulation=StepModulation(), chunk=3)
    with pytest.raises(CanonicaError, match=f"^{word}"):
        GymnasiumAgent(agent, Recorded(observations, actions))


def test_other_mistakes_are_told():
    environment = gymnasium.make("canonica/TMaze-v0").unwrapped
    with pytest.raises(CanonicaError, match="reset"):
        environment.step(0)
    environment.reset(seed=0)
    with pytest.raises(CanonicaError, match="^action: found 4"):
        environment.step(4)
    with pytest.raises(CanonicaError, match="^render_mode: found the text 'human'"):
        GymnasiumWorld(Echo(), "human")
    with pytest.raises(CanonicaError, match="^render: found no trial"):
        GymnasiumWorld(Echo(), "rgb_array").render()
    agent = sensing_agent(6, 3, modulation=StepModulation(), chunk=3)
    place = Recorded(spaces.Discrete(6), spaces.Discrete(3))
    with pytest.raises(CanonicaError, match="^episodes: found 0"):
        run_in_gymnasium(agent, place, episodes=0)
    with pytest.raises(CanonicaError, match="^risk: found 3"):
        run_in_gymnasium(agent, place, episodes=1, risk=lambda *_: 3.0)


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_seeds_are_numbers_of_python_or_numpy():
    environment = gymnasium.make("canonica/SwitchingBandit-v0", max_episode_steps=3)
    agent = sensing_agent(4, 2, modulation=StepModulation(), chunk=3)
    found, again = (
        run_in_gymnasium(agent, environment, episodes=1, seed=seed)[0] for seed in (np.int64(3), 3)
    )
    assert found.reward.values == again.reward.values
    for seed in (None, -1, 2.0, "1"):
        with pytest.raises(CanonicaError, match="^seed: found"):
            run_in_gymnasium(agent, environment, episodes=1, seed=seed)
    for seed in (-1, 2.0, "1"):
        with pytest.raises(CanonicaError, match="^seed: found"):
            environment.reset(seed=seed)
    first, second = (environment.reset(seed=seed)[0] for seed in (np.int64(3), 3))
    assert (first == second).all()
    with pytest.raises(CanonicaError, match="^environment: found .* expected one Gymnasium env"):
        run_in_gymnasium(agent, gymnasium.make_vec("canonica/SwitchingBandit-v0", 2), episodes=1)


@pytest.mark.parametrize(
    ("space", "observation"),
    [
        (spaces.Discrete(4), 4),
        (spaces.Discrete(4), -1),
        (spaces.Discrete(4), 2.7),
        (spaces.Discrete(4), np.array([2])),
        (spaces.Discrete(4, start=1), 0),
        (spaces.MultiBinary(4), np.array([0, 1, np.nan, 0])),
        (spaces.MultiBinary(4), np.array([0, 1, 2, 0])),
        (spaces.MultiBinary(4), np.zeros(3)),
        (spaces.MultiBinary(4), "0101"),
    ],
)
def test_an_observation_outside_of_its_space_is_refused(space, observation):
    player = GymnasiumAgent(
        sensing_agent(4, 2, modulation=StepModulation(), chunk=3),
        Recorded(space, spaces.Discrete(2)),
    )
    with pytest.raises(CanonicaError, match="^observation: found .*observation space"):
        player.act(observation)


def frozen_lake():
    environment = gymnasium.make("FrozenLake-v1", is_slippery=False)
    agent = sensing_agent(
        binary_observations(environment.observation_space),
        int(environment.action_space.n),
        modulation=OutcomeModulation(prompt=6),
        chunk=100,
    )
    return environment, agent


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_frozen_lake_is_learned_by_risk_alone(seed):
    """A walk at random reaches the goal in 1 or 2 of 100 episodes."""
    environment, agent = frozen_lake()
    found, _ = run_in_gymnasium(agent, environment, episodes=1500, seed=seed)
    assert float(found.reward[:50].mean()) < 0.3
    last = found.isel(episode=slice(-100, None))
    assert float(last.reward.mean()) > 0.9
    assert float(last.steps.mean()) < 6.5  # shortest path: 6
