"""What is no size, seed, probability, world or agent is refused where it comes in, by name."""

import inspect

import gymnasium
import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import xarray as xr
from bad_values import bad_values
from hypothesis import given, settings
from hypothesis import strategies as st

import canonica.agents as ca
from canonica import CanonicaError
from canonica.model import GenerativeModel

# Plain records: what functions return, made by hand in tests alone.
RECORDS = {"AgentState", "BanditState", "Decision", "Knowledge", "Outcome", "Record", "TMazeState"}
RECORDS |= {"Trial"}
ABSTRACT = {"Acts", "Environment", "Modulation"}
ELSEWHERE = {"PymdpWorld", "bootstrap_interval", "picture"}  # tested in another room, and below
# Told apart by being true or false, called back, or of any kind.
FREE = {"progress", "risk", "terminated", "reward"}


@pytest.fixture(scope="module", autouse=True)
def unchecked():
    """No types checked at run time, as with users."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture(scope="module")
def good():
    """Return arguments that each function takes."""
    maze = ca.Maze(ca.maze_walls(jax.random.key(0), height=5, width=7), window=3)
    agent, bandit, t_maze = ca.maze_agent(maze), ca.SwitchingBandit(), ca.TMaze(corridor=1)
    policies, model = agent.policies, agent.model
    result = ca.maze_experiment(mazes=1, trials=1, height=5, width=7, window=3, max_steps=4)
    puller = ca.bandit_agent(bandit)
    environment = gymnasium.make("canonica/SwitchingBandit-v0")
    decisions = ca.observed_decisions(result)
    state = agent.init()
    record = ca.Record(*map(jnp.array, ([maze.start], [255], [3], [0.0])))
    key = jax.random.key(1)
    return {
        "Agent": {"model": model, "policies": policies},
        "GymnasiumAgent": {"agent": puller, "environment": environment},
        "GymnasiumWorld": {"world": maze},
        "Maze": {"walls": maze.walls, "window": 3},
        "Memory": {"kept": 0.9, "written": 0.5, "mistaken": 0.1, "prior": 0.1},
        "OutcomeModulation": {"prompt": 3},
        "PlanningAgent": {
            "observation_space": environment.observation_space,
            "action_space": environment.action_space,
            "discount": 0.9,
        },
        "QLearningAgent": {"environment": environment},
        "RandomAgent": {"environment": environment},
        "VectorPlanningAgent": {
            "agent": ca.agent_for(environment),
            "environment": gymnasium.make_vec("FrozenLake-v1", 2),
        },
        "agent_for": {"environment": environment},
        "play": {
            "agent": ca.RandomAgent(environment), "environment": environment, "episodes": 1
        },
        "agent_with_prior": {
            "maze": maze,
            "policies": np.asarray(policies),
            "decision_prior": np.asarray(model.decision_prior),
        },
        "bandit_agent": {"world": bandit},
        "binary_observations": {"space": environment.observation_space},
        "decision_log": {"path": "nowhere.csv"},
        "efficient_agent": {"maze": maze},
        "estimated_priors": {"decisions": decisions},
        "first_move_prior": {"policies": ca.sequences(2, 2), "probability": [0.5, 0.5]},
        "identity_counts": {"size": 2},
        "learning_curves": {"agent": puller, "world": bandit, "trials": 1, "agents": 1},
        "learning_summary": {"result": result},
        "maze_agent": {"maze": maze},
        "maze_experiment": {"height": 5, "width": 7, "window": 3, "mazes": 1, "trials": 1},
        "maze_walls": {"key": key},
        "observed_decisions": {"result": result},
        "published_comparison": {"result": result},
        "recorded_trials": {"store": "nowhere"},
        "risk_of_reward": {"reward": 0.5, "terminated": False},
        "run_in_gymnasium": {"agent": puller, "environment": environment, "episodes": 1},
        "scene": {"agent": agent, "state": state, "maze": maze, "record": record, "steps": 1},
        "sensing_agent": {"observations": 2, "moves": 2},
        "sequences": {"moves": 2, "length": 2},
        "shortest_path": {"maze": maze},
        "t_maze_agent": {"world": t_maze},
        "transplant": {"source": result, "trials": 1},
        "transplant_study": {"mazes": 1, "trials": 1, "height": 5, "width": 7, "window": 3},
        "transplant_summary": {"found": xr.Dataset()},
        "trial": {
            "agent": agent, "state": state, "environment": maze, "key": key, "max_steps": 1
        },
    }  # fmt: skip


def callables():
    """Return the names of all that can be called and takes something."""
    left_out = RECORDS | ABSTRACT | ELSEWHERE
    names = [name for name in ca.__all__ if name not in left_out and callable(getattr(ca, name))]
    return [name for name in names if set(inspect.signature(getattr(ca, name)).parameters) - FREE]


@pytest.mark.parametrize("name", callables())
@settings(max_examples=25)
@given(data=st.data())
def test_bad_values_are_refused_by_name(good, name, data):
    function = getattr(ca, name)
    choices = {
        parameter: values
        for parameter, about in inspect.signature(function, eval_str=True).parameters.items()
        if parameter not in FREE and (values := bad_values(about.annotation)) is not None
    }
    parameter = data.draw(st.sampled_from(sorted(choices)), label="parameter")
    value = data.draw(choices[parameter], label="value")
    with pytest.raises(CanonicaError) as error:
        function(**{**good.get(name, {}), parameter: value})
    assert "found" in str(error.value)
    assert "expected" in str(error.value)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("likelihood_counts", 0.0),
        ("likelihood_counts", np.nan),
        ("transition_counts", -1.0),
        ("policy_counts", 5e-324),
        ("policy_counts", np.inf),
        ("state_prior", np.nan),
        ("state_prior", 1.5),
        ("decision_prior", -0.1),
        ("decision_prior", np.nan),
    ],
)
def test_an_agent_of_counts_and_priors_that_are_none_is_refused(good, part, value):
    model = good["Agent"]["model"]
    values = np.array(getattr(model, part))
    values.flat[-1] = value
    policies = good["Agent"]["policies"]

    def agent(values):
        return ca.Agent(GenerativeModel(**{**vars(model), part: values}), policies)

    # What can be in no model is refused by the model; what cannot act, by the agent.
    with pytest.raises(CanonicaError, match=f"^(model, )?{part}: found"):
        agent(jnp.asarray(values))
    with pytest.raises(CanonicaError, match=r"^(model, )?\w+: found shape|^policies: found 256"):
        agent(getattr(model, part)[..., :-1])


def test_what_an_agent_is_given_while_it_acts_is_looked_at(good):
    agent, state = good["Agent"], good["scene"]["state"]
    agent = ca.Agent(**agent)
    key = jax.random.key(0)
    for seen in (np.full(9, np.nan), np.full(9, 2.0), np.zeros(8), np.zeros((3, 3))):
        with pytest.raises(CanonicaError, match="^observation: found"):
            agent.step(state, seen, key)
    for no_key in (0, None, jax.random.split(key), jnp.zeros(2)):
        with pytest.raises(CanonicaError, match="^key: found"):
            agent.step(state, np.zeros(9), no_key)
    after = state._replace(rollout=state.rollout._replace(steps=jnp.int32(2)))
    for risk in (np.array([0.5, np.nan]), np.array([0.5, 1.5]), np.zeros((1, 2)), np.zeros(3)):
        with pytest.raises(CanonicaError, match="^risk: found"):
            agent.learn(after, risk)


def test_an_agent_meets_a_world_of_its_sizes(good):
    agent = good["Agent"] and ca.Agent(**good["Agent"])
    with pytest.raises(CanonicaError, match="^agent: found 9 observations; expected 6"):
        ca.trial(
            agent, good["scene"]["state"], ca.TMaze(corridor=1), jax.random.key(0), max_steps=1
        )
    mover = ca.sensing_agent(observations=4, moves=4)
    with pytest.raises(CanonicaError, match="^agent: found policies of 4 moves; expected 2"):
        ca.learning_curves(mover, ca.SwitchingBandit())


@pytest.mark.parametrize("reward", [np.nan, None, "0.5", [1.0], 1j])
def test_a_reward_that_is_no_number_is_refused(reward):
    with pytest.raises(CanonicaError, match="^reward: found"):
        ca.risk_of_reward(reward, terminated=False)


@pytest.mark.parametrize("world", ["text", None, 3])
def test_what_is_no_world_has_no_picture(world):
    with pytest.raises(CanonicaError, match="^world: found"):
        ca.picture(world, 0, np.zeros(9))


def test_numbers_of_numpy_are_numbers(good):
    given = good["learning_curves"]
    found = ca.learning_curves(
        given["agent"],
        given["world"],
        trials=np.int32(2),
        agents=np.uint8(1),
        max_steps=np.int64(3),
        seed=np.int64(7),
    )
    expected = ca.learning_curves(
        given["agent"], given["world"], trials=2, agents=1, max_steps=3, seed=7
    )
    xr.testing.assert_identical(found, expected)
    assert ca.sensing_agent(np.int64(2), np.int64(2), chunk=np.int64(5)).chunk == 5
    assert ca.MazeTask(seed=np.int64(3)) == ca.MazeTask(seed=3)
