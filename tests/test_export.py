"""What is exported does, in its own runtime and without canonica, what the agent does."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from canonica import CanonicaError, pipelines
from canonica.agents import (
    Agent,
    Knowledge,
    OutcomeModulation,
    StepModulation,
    SwitchingBandit,
    agent_for,
    bandit_agent,
    first_move_prior,
    play,
    sequences,
)
from canonica.agents.planning._followed import END, Consequence, Followed
from canonica.agents.planning._memories import MEMORIES, History
from canonica.agents.planning._rewards import Rewards
from canonica.agents.planning._spaces import symbol_of
from canonica.agents.planning._worth import Worth
from canonica.model import Gains, GenerativeModel, PlasticityGains
from canonica.networks import Pomdp, compiled, from_pomdp, solve
from canonica.networks.exports import FORMATS
from canonica.pipelines.exports import _export
from canonica.pipelines.exports._network_step import (
    ActingNetwork,
    exported_network,
    known_network_steps,
)

RUN = Path(__file__).with_name("run_export.py")
STATES, INPUTS = 5, 3


def agent_of(seed, *, dtype=np.float64, recurrent=True, gains=None, form="canonical", **settings):
    """Return an agent of random counts, few enough that everything matters."""
    draw = np.random.default_rng(seed)
    policies = sequences(moves=3, length=2)

    def counts(*shape):
        return jnp.asarray(draw.uniform(1, 30, (2, 2, *shape)), dtype)

    prior = draw.uniform(0.2, 0.8, STATES)
    with jax.enable_x64(True):
        model = GenerativeModel(
            counts(INPUTS, STATES),
            jnp.asarray([1 - prior, prior], dtype),
            counts(STATES, STATES) if recurrent else None,
            counts(STATES, len(policies)),
            jnp.asarray(first_move_prior(policies, [0.2, 0.3, 0.5]), dtype),
            gains=None if gains is None else Gains(*jnp.asarray(gains, dtype)),
            form=form,
        )
        settings = {"modulation": StepModulation(), "chunk": 30} | settings
        return Agent(model, jnp.asarray(policies), **settings)


def plastic(**settings):
    with jax.enable_x64(True):
        return PlasticityGains(**settings)


def run(agent, to, folder):
    """Return what the script finds, in a process that cannot import canonica."""
    _export._written(agent, FORMATS[to], folder, seed=1)
    (folder / "run.py").write_text(FORMATS[to].script_text)
    return run_again(to, folder)


def run_again(to, folder):
    ran = subprocess.run(
        [sys.executable, "-I", RUN, folder, to], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


CURRENT = {"decides_from": "current", "moves_made": 2, "gains": np.full((3, 2), [1.1, 0.8])}
SETTINGS = {
    "as it is": {},
    "acting in single precision": {"acting_precision": "single"},
    "otherwise": {"dtype": np.float32, "form": "exact", "recurrent": False, **CURRENT},
}


@pytest.mark.slow
@pytest.mark.parametrize("to", ["stablehlo", "onnx"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_step_is_that_of_the_agent(tmp_path, to, settings):
    pytest.importorskip("jax2onnx" if to == "onnx" else "flatbuffers")
    agent = agent_of(1, **settings)
    found = run(agent, to, tmp_path)
    single = "acting_precision" in settings or "dtype" in settings
    assert found["without_canonica"]
    assert found["steps"] == 100
    assert found["largest_deviation"] < (1e-5 if single else 1e-13)
    assert found["other_actions"] == 0
    with np.load(tmp_path / "steps.npz") as known:
        assert known["belief"].dtype == (np.float32 if single else np.float64)
        assert len(np.unique(known["action"])) == 3
        assert np.ptp(known["belief"], axis=0).min() > 0.1


ALTERED = "altered plasticity"
PLASTIC = {
    "as it is": {},
    "from the current state, chunk by chunk": {"learning": "chunk", **CURRENT},
    ALTERED: {
        "recurrent": False,
        "modulation": OutcomeModulation(prompt=9),
        "epsilon": 0.2,
        "plasticity": {"rate": 0.7, "keeping": 1.5, "unlearning": 0.4, "retention": 0.97}
        | {"delay": 2},
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(settings, id=name, marks=[] if name == ALTERED else pytest.mark.thorough)
        for name, settings in PLASTIC.items()
    ],
)
def test_the_rate_model_acts_and_learns_as_the_agent(tmp_path, settings):
    if find_spec("brian2") is None:
        pytest.skip("no Brian 2")
    altered = settings.get("plasticity")
    agent = agent_of(2, **settings | ({"plasticity": plastic(**altered)} if altered else {}))
    found = run(agent, "brian2", tmp_path)
    assert found["without_canonica"]
    assert found["largest_deviation"] < 1e-12
    assert found["largest_deviation_learned"] < 1e-12
    assert found["other_actions"] == 0
    with np.load(tmp_path / "steps.npz") as known, np.load(tmp_path / "network.npz") as network:
        now, counts = known["output_mapping"], network["output_counts"]
        before = counts[1] / (counts[0] + counts[1])
        assert np.abs(now - before).max() > 0.01  # it has learned


@pytest.mark.slow
def test_the_command_tells_how_far_it_deviates(tmp_path, call):
    path, out = tmp_path / "agent.npz", tmp_path / "out"
    bandit_agent(SwitchingBandit(), max_steps=8).save(path)
    code, said, _ = call("export", path, "--to", "stablehlo", "--out", out)
    assert code == 0
    assert "Run without canonica for 100 steps: beliefs deviate by" in said
    assert "0 actions are others than the agent's" in said
    assert sorted(one.name for one in out.iterdir()) == [
        "run.py", "step.stablehlo", "steps.npz", "summary.json"
    ]  # fmt: skip
    summary = json.loads((out / "summary.json").read_text())
    assert summary["check"]["largest_deviation"] < 1e-6
    content = (out / "step.stablehlo").read_bytes()
    assert str(Path(_export.__file__).parents[2]).encode() not in content
    code, _, complaint = call("export", path, "--to", "stablehlo", "--out", out)
    assert code == 2
    assert "add --overwrite" in complaint
    with (out / "steps.npz").open("rb") as file:
        known = dict(np.load(file))
    known["belief"][7] += 0.25
    np.savez(out / "steps.npz", **known)
    found = run_again("stablehlo", out)  # what deviates is noticed
    assert found["largest_deviation"] == pytest.approx(0.25)


# Networks whose transitions know actions ----------------------------------------------------------


@pytest.fixture(scope="module")
def walker():
    """Return an agent that has learned to remember which arm was shown, and its world."""
    world = gymnasium.make("canonica/TMaze-v0", corridor=2)
    agent = agent_for(world, seed=1)
    play(agent, world, episodes=80, seed=1)
    assert agent.remembers == "the first observation"
    return agent, world


def two_sensors():
    """Return a network that acts by a plan, and sees four states dimly by two modalities."""
    draw = np.random.default_rng(3)
    first = 0.1 / 3 + np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) * 0.9
    second = np.array([[0.7, 0.2, 0.5, 0.4], [0.3, 0.8, 0.5, 0.6]])
    goes = draw.dirichlet(np.ones(4), (3, 4)).transpose(2, 1, 0)
    rewards = np.array([[1, 0, 0, 0.4], [0, 1, 0.2, 0], [0, 0, 1, 0.5]])
    problem = Pomdp([first, second], [goes], reward=rewards, discount=0.5)
    return compiled(from_pomdp(problem), solve(problem, beliefs=20), precision=3.0)


def test_what_was_learned_acts_settled_from_the_beginning(walker):
    """It goes where it knows to go, always: nothing is tried, and the network itself remembers."""
    agent, world = walker
    acting = ActingNetwork.of(agent.knowledge)
    assert acting.meanings == ["0", "1", "2", "3"]
    with jax.enable_x64(True):
        taken = exported_network(acting)
        step = jax.jit(taken.step)
        for episode in range(6):
            observation, _ = world.reset(seed=episode)
            state, reward, over = list(taken.beginning.values()), 0.0, False
            while not over:
                symbol = repr(symbol_of(world.observation_space, observation))
                seen = np.eye(len(taken.observation))[taken.meaning["inputs"].index(symbol)]
                action, *state = step(seen, *state, 0.37)
                assert state[0].max() > 0.99
                observation, reward, ended, cut, _ = world.step(int(action))
                over = ended or cut
            assert reward == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("memory", range(len(MEMORIES)))
def test_an_episode_begins_with_nothing_remembered(walker, memory, monkeypatch):
    monkeypatch.setattr(Worth, "_novelty", None)  # nothing is hoped for: it would be drawn
    monkeypatch.setattr(Worth, "_difference", None)
    agent, world = walker
    known = replace(agent.knowledge, memory=memory)
    keys = [tuple(key) for key in known.counts[memory].keys.tolist()]
    acting = ActingNetwork.of(known)
    with jax.enable_x64(True):
        taken = exported_network(acting)
        for episode in range(4):
            observation, _ = world.reset(seed=episode)
            number = known.symbols.index(repr(symbol_of(world.observation_space, observation)))
            seen = np.eye(len(known.symbols))[number]
            _, belief, *_ = jax.jit(taken.step)(seen, *taken.beginning.values(), 0.5)
            here = keys.index((number, *MEMORIES[memory].of(History(number))))
            assert belief[here] > 0.99
            alike = [key for key in keys if key[0] == number]
            assert len(alike) > 1 or memory in (0, 3)


def test_what_was_never_done_is_not_hoped_for():
    followed, rewards = Followed(2), Rewards()
    for reward in (-1.0, -3.0):
        rewards.add(reward)
    here = followed.state((0,), 0)
    followed.add(2 * here, Consequence(END, rewards.grade(-1.0)), END, -1.0)
    worth = Worth()
    settings = {"rewards": rewards, "discount": 0.9, "sweeps": 100}
    worth.plan(followed, None, **settings, generator=None)
    assert worth.of_pairs[here, 0] == worth.of_pairs[here, 1] < 0  # no more than what is known
    # Who remembers more goes by what is known with less remembered.
    finer, known = Followed(2), Worth()
    there = finer.state((0, 7), here)
    known.of_states, known.of_pairs = np.array([2.0]), np.array([[0.5, 2.0]])
    finer.add(2 * there, Consequence(END, rewards.grade(-1.0)), END, -1.0)
    mine = Worth()
    mine.plan(finer, known, **settings, generator=None)
    assert mine.of_pairs[there, 1] == 2.0
    assert mine.of_pairs[there, 0] == (0.5 - 1 / rewards.scale) / 2
    worth.plan(followed, None, **settings, generator=np.random.default_rng(0))
    assert worth.of_pairs[here, 1] > worth.of_pairs[here, 0]


NETWORKS = {
    "what was learned": lambda walker: walker[0].knowledge,
    "a plan": lambda _: two_sensors(),
}


@pytest.mark.parametrize("value", NETWORKS.values(), ids=NETWORKS)
def test_the_step_of_a_network_is_that_of_its_log_odds(walker, value):
    with jax.enable_x64(True):
        acting = ActingNetwork.of(value(walker))
        taken = exported_network(acting)
        known = known_network_steps(acting, taken.beginning, steps=60, seed=2)
        state, step = list(taken.beginning.values()), jax.jit(taken.step)
        for seen, uniform, belief, done in zip(
            known["observation"], known["uniform"], known["belief"], known["action"], strict=True
        ):
            action, *state = step(seen, *state, uniform)
            np.testing.assert_allclose(state[0], belief, rtol=0, atol=1e-12)
            assert action == state[1] == done
    assert len(np.unique(known["action"])) > 1
    assert known["observation"].shape == (60, len(taken.meaning["inputs"]))


@pytest.mark.slow
@pytest.mark.parametrize("to", ["stablehlo", "onnx"])
@pytest.mark.parametrize("value", NETWORKS.values(), ids=NETWORKS)
def test_a_network_is_taken_along(tmp_path, walker, value, to, call):
    path, out = tmp_path / "agent.npz", tmp_path / "out"
    one = value(walker)
    (walker[0] if isinstance(one, Knowledge) else one).save(path)
    code, said, _ = call("export", path, "--to", to, "--out", out)
    assert code == 0
    assert "0 actions are others than the agent's" in said
    check = json.loads((out / "summary.json").read_text())["check"]
    assert check["without_canonica"]
    assert check["largest_deviation"] < 1e-11
    meaning = json.loads((out / "meaning.json").read_text())
    assert len(meaning["actions"]) == (4 if isinstance(one, Knowledge) else 3)
    assert (out / f"step.{to}").is_file()


# What cannot be exported --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def agent_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("agent") / "agent.npz"
    bandit_agent(SwitchingBandit(), max_steps=8).save(path)
    return path


@pytest.mark.parametrize("to", ["onnx", "stablehlo"])
def test_a_missing_package_is_named(tmp_path, agent_file, monkeypatch, call, to):
    (package,) = FORMATS[to].writes_with
    monkeypatch.setitem(sys.modules, package, None)
    code, _, complaint = call("export", agent_file, "--to", to, "--out", tmp_path / "out")
    assert code == 2
    assert f"--to: found no {package} here" in complaint
    assert 'pip install "canonica[export]"' in complaint
    assert not (tmp_path / "out").exists()


def test_a_runtime_that_is_not_there_leaves_it_untried(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ModuleNotFoundError: No module named x' >&2; exit 1\n")
    python.chmod(0o755)
    found = _export._tried(FORMATS["onnx"], tmp_path, python)
    assert found == {
        "unchecked": "onnxruntime does not load there (ModuleNotFoundError: No module named x)"
    }


def test_a_network_that_does_not_run_is_an_error(tmp_path):
    (tmp_path / "run.py").write_text("raise RuntimeError('no such device')")
    kind = replace(FORMATS["onnx"], runs_with=("json",))
    with pytest.raises(CanonicaError, match=r"onnx: found that .*RuntimeError: no such device\)"):
        _export._tried(kind, tmp_path, sys.executable)
    with pytest.raises(CanonicaError, match="python: found no way to run .*nothing"):
        _export._tried(kind, tmp_path, tmp_path / "nothing")


def test_a_runtime_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(_export, "PATIENCE", 0.5)
    (tmp_path / "run.py").write_text("import time; time.sleep(60)")
    with pytest.raises(CanonicaError, match=r"python: found that .* was not done after 0.5 s"):
        _export._tried(FORMATS["onnx"], tmp_path, sys.executable)


def test_what_is_no_agent_is_refused(tmp_path, agent_file):
    with pytest.raises(CanonicaError, match=r"none: found no such file; expected a file that"):
        pipelines.export(tmp_path / "none", tmp_path / "out", to="brian2")
    with pytest.raises(CanonicaError, match=r"to: found the text 'C'; expected one of 'stablehlo'"):
        pipelines.export(agent_file, tmp_path / "out", to="C")
    with pytest.raises(CanonicaError, match=r"exact form; expected one of the canonical form"):
        FORMATS["brian2"].write(ExactAgent, tmp_path)
    path = tmp_path / "plan.npz"
    two_sensors().save(path)
    with pytest.raises(CanonicaError, match=r"to: found a network whose synapses depend on the a"):
        pipelines.export(path, tmp_path / "out", to="brian2")
    assert not (tmp_path / "out").exists()


class ExactAgent:
    model = GenerativeModel(
        jnp.ones((2, 2, 1, 1)), jnp.full((2, 1), 0.5), None, jnp.ones((2, 2, 1, 1)),
        jnp.full((2, 1), 0.5), form="exact",
    )  # fmt: skip
