"""What is saved comes back to the bit; what is damaged, foreign or strange is refused."""

import hashlib
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass, fields, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from examples import Material
from hypothesis import given, settings
from hypothesis import strategies as st
from run_examples import leaves

import canonica
from canonica import CanonicaError
from canonica._saved_file import ENDING, MARK
from canonica._saved_values import decoded, encoded
from canonica.agents import (
    Agent,
    FollowingModulation,
    MeanModulation,
    NoModulation,
    OutcomeModulation,
    ProgressModulation,
    StepModulation,
    SwitchingBandit,
    TMaze,
    bandit_agent,
    sequences,
    t_maze_agent,
)
from canonica.agents.network.modulations import MODULATIONS
from canonica.model import Gains, GenerativeModel, PlasticityGains
from quick_compilation import compiled

seeds = st.integers(0, 2**31 - 1)
modulations = [
    FollowingModulation(window=7, keeping=0.1),
    MeanModulation(),
    NoModulation(),
    OutcomeModulation(prompt=3, steepness=0.3),
    ProgressModulation(slow=0.3),
    StepModulation(),
]


def random_agent(seed, dtype):
    """Return an agent of random sizes, counts and settings."""
    draw = np.random.default_rng(seed)
    observations, states, moves, length = draw.integers(1, 4, 4)
    policies = sequences(int(moves), int(length))

    def counts(*shape):
        return jnp.asarray(draw.uniform(1, 1e9, (2, 2, *shape)), dtype)

    def gains():
        return Gains(*draw.uniform(0, 2, (3, 2)).astype(dtype))

    prior = draw.uniform(0.1, 0.9, states)
    model = GenerativeModel(
        counts(observations, states),
        jnp.asarray([1 - prior, prior], dtype),
        counts(states, states) if draw.random() < 0.5 else None,
        counts(states, len(policies)),
        jnp.asarray(draw.uniform(0.1, 0.9, (2, len(policies))), dtype),
        gains=gains() if draw.random() < 0.5 else None,
        form=["canonical", "exact"][draw.integers(2)],
    )
    plasticity = PlasticityGains(
        rate=draw.uniform(), retention=draw.uniform(), delay=int(draw.integers(3)),
        noise=draw.uniform() if draw.random() < 0.5 else None,
    )  # fmt: skip
    return Agent(
        model,
        jnp.asarray(policies),
        modulations[draw.integers(len(modulations))],
        chunk=int(draw.integers(1, 300)),
        learning=["trial", "chunk"][draw.integers(2)],
        decides_from=["previous", "current"][draw.integers(2)],
        moves_made=int(draw.integers(1, length + 1)),
        epsilon=draw.uniform(0, 0.5),
        acting_precision=["single", None][draw.integers(2)],
        plasticity=plasticity if draw.random() < 0.5 else None,
    )


def same(one, other):
    assert type(one) is type(other)
    assert dict(leaves(one)) == dict(leaves(other))


@settings(max_examples=12, deadline=None)
@given(seed=seeds, double=st.booleans(), read_in_double=st.booleans())
def test_an_agent_comes_back_to_the_bit(tmp_path_factory, seed, double, read_in_double):
    path = tmp_path_factory.mktemp("saved") / "agent"
    with jax.enable_x64(double):
        agent = random_agent(seed, np.float64 if double else np.float32)
        agent.save(path)
    with jax.enable_x64(read_in_double):
        again = canonica.load(path)
    same(agent, again)
    assert isinstance(again.model.likelihood_counts, jax.Array)


@pytest.mark.parametrize("modulation", modulations, ids=lambda one: type(one).__name__)
def test_every_modulation_comes_back(tmp_path, modulation):
    path = tmp_path / "agent"
    replace(bandit_agent(SwitchingBandit()), modulation=modulation).save(path)
    assert canonica.load(path).modulation == modulation


def test_all_modulations_are_tried():
    assert {type(one) for one in modulations} == set(MODULATIONS)


def test_the_same_agent_makes_the_same_file_and_takes_the_place_of_another(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    t_maze_agent(TMaze()).save(other)
    for path in (one, other):
        bandit_agent(SwitchingBandit()).save(path)
    assert one.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]


def test_numpy_opens_the_file(tmp_path):
    agent = bandit_agent(SwitchingBandit())
    agent.save(tmp_path / "agent.npz")
    with np.load(tmp_path / "agent.npz", allow_pickle=False) as found:
        counts = found["Agent.model.policy_counts"]
    assert counts.tobytes() == np.asarray(agent.model.policy_counts).tobytes()


def test_a_network_that_acts_by_a_plan_comes_back(tmp_path):
    given = Material(tmp_path)
    network = canonica.networks.compiled(given.conversion, given.plan)
    network.save(tmp_path / "network")
    again = canonica.load(tmp_path / "network")
    same(network, again)
    same(network.begin([1]), again.begin([1]))
    assert network.conversion.divergence.identical(again.conversion.divergence)


def test_numbers_and_arrays_of_numpy_stay_what_they_are():
    value = [np.float32(0.1), np.array(0.1), np.array([True]), np.array(["a"]), 0.1, None, (), {}]
    arrays = {}
    again = decoded(encoded("value", value, [], arrays), arrays, {})
    assert [type(one) for one in again] == [type(one) for one in value]
    same(value, again)


# What it has become -------------------------------------------------------------------------------

init = compiled(lambda agent: agent.init())
step = compiled(lambda agent, *arguments: agent.step(*arguments))
learn = compiled(lambda agent, *arguments: agent.learn(*arguments))
begin = compiled(lambda agent, state: agent.begin(state))
after = compiled(lambda agent, state: agent.after(state))


@pytest.fixture(scope="module")
def life():
    """Return an agent in double precision, and its state after it has learned from some steps."""
    with jax.enable_x64(True):
        agent = bandit_agent(SwitchingBandit(), max_steps=9)
        state = init(agent)
        for number in range(5):
            seen = (jnp.arange(4) == number % 3).astype(jnp.int8)
            _, state = step(agent, state, seen, jax.random.key(number))
        return agent, jax.tree.map(np.asarray, learn(agent, state, jnp.linspace(0, 1, 5)))


@pytest.mark.slow
def test_an_agent_after_its_life_acts_by_what_it_learned(tmp_path, life):
    agent, state = life
    become = agent.after(state)
    with jax.enable_x64(True):
        same(become.model, agent.model_of(state))
        same(after(agent, state).model, become.model)
        start, begun = init(become), begin(agent, state)
    same(start.law, begun.law)
    same(start.belief, begun.belief)
    assert not np.array_equal(become.model.policy_counts, agent.model.policy_counts)
    for field in fields(agent):
        if field.name != "model":
            assert np.array_equal(getattr(become, field.name), getattr(agent, field.name))
    become.save(tmp_path / "agent")
    same(canonica.load(tmp_path / "agent"), become)


def test_what_was_learned_in_double_precision_is_kept_in_it(life):
    """As `run_in_gymnasium` learns, whatever the agent was made in."""
    single = bandit_agent(SwitchingBandit(), max_steps=9)
    assert single.model.policy_counts.dtype == np.float32
    agent, state = life
    become = single.after(state)
    assert {leaf.dtype for leaf in jax.tree.leaves(become.model)} == {np.dtype(np.float64)}
    same(become.model.policy_counts, agent.after(state).model.policy_counts)


def test_an_agent_in_single_precision_stays_in_it():
    agent = bandit_agent(SwitchingBandit(), max_steps=9)
    same(agent.after(init(agent)).model, agent.model)


# What is refused ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "agent"
    bandit_agent(SwitchingBandit()).save(path)
    return path.read_bytes()


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_file_of_which_one_bit_is_another_is_refused(tmp_path_factory, sound, place, bit):
    path, data = tmp_path_factory.mktemp("damaged") / "agent", bytearray(sound)
    data[int(place * len(data))] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(CanonicaError, match="agent: found .*; expected a file that canonica saved"):
        canonica.load(path)


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_short_is_refused(tmp_path_factory, sound, share):
    path = tmp_path_factory.mktemp("short") / "agent"
    path.write_bytes(sound[: int(share * len(sound))])
    with pytest.raises(CanonicaError, match="found .*; expected a file that canonica saved"):
        canonica.load(path)


def archive(path, header, **arrays):
    """Write what would be a sound file, with a hash that is right."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("canonica.json", header)
        for name, content in arrays.items():
            file.writestr(f"{name}.npy", content)
        file.comment = MARK + b"0" * 64
    data = path.read_bytes()[:-ENDING]
    path.write_bytes(data + MARK + hashlib.sha256(data).hexdigest().encode())
    return path


HEADER = '{"format": 1, "kind": "Agent", "canonica_version": "9", "value": %s}'


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("nonsense", "found something that does not belong there"),
        ("{}", "found something that does not belong there"),
        (HEADER.replace(": 1,", ": 7,") % 1, "found format 7; expected 1.*canonica 9:"),
        (HEADER.replace("Agent", "Robot") % 1, "found 'Robot'; expected Agent, Compiled"),
        (HEADER % '{"class": "Popen", "fields": {}}', "no sound Agent .*'Popen'; expected Agent"),
        (HEADER % '{"class": "Agent", "fields": {"a": 1}}', "no sound Agent"),
        (HEADER % '{"array": "none", "of": "jax"}', "no sound Agent"),
        (HEADER % '{"strange": 1, "parts": 2}', "no sound Agent"),
    ],
)
def test_what_was_made_by_hand_is_refused(tmp_path, header, said):
    with pytest.raises(CanonicaError, match=said):
        canonica.load(archive(tmp_path / "agent", header))


def test_nothing_in_a_file_is_run(tmp_path):
    content = io.BytesIO()
    np.lib.format.write_array(content, np.array([print], object), allow_pickle=True)
    path = archive(
        tmp_path / "agent", HEADER % '{"array": "a", "of": "numpy"}', a=content.getvalue()
    )
    with pytest.raises(CanonicaError, match="Object arrays cannot be loaded"):
        canonica.load(path)


def test_counts_that_no_agent_may_have_are_refused(tmp_path):
    agent = bandit_agent(SwitchingBandit())
    path = tmp_path / "agent"
    object.__setattr__(agent.model, "state_prior", -agent.model.state_prior)
    agent.save(path)
    with pytest.raises(CanonicaError, match="no sound Agent .*state_prior"):
        canonica.load(path)


def test_no_file_a_folder_and_other_files_are_refused(tmp_path):
    other = tmp_path / "other"
    for content in (b"", b"PK\x03\x04", b"a,b\n1,2\n", bytes(1000)):
        other.write_bytes(content)
        with pytest.raises(CanonicaError, match="other: found .*; expected a file that canonica"):
            canonica.load(other)
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CanonicaError, match="found no such file; expected a file that canon"):
            canonica.load(path)
    with pytest.raises(CanonicaError, match="found a folder; expected a name for a file"):
        bandit_agent(SwitchingBandit()).save(tmp_path)


@dataclass(frozen=True)
class FadingModulation:
    memory: float = 5.0

    def __call__(self, risk, mask):
        del mask
        return risk


def test_what_cannot_be_brought_back_is_not_saved(tmp_path):
    agent = bandit_agent(SwitchingBandit())
    with pytest.raises(CanonicaError, match=r"Agent.modulation: found a FadingModulation, which"):
        replace(agent, modulation=FadingModulation()).save(tmp_path / "agent")
    for value in ({1: 2}, {"a": object()}, np.array([object()]), jax.random.key(0), 1j):
        with pytest.raises(CanonicaError, match="found a"):
            encoded("value", value, [], {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_loading_in_a_process_of_its_own(tmp_path):
    """Of the precision that it was saved in, with nothing imported before."""
    with jax.enable_x64(True):
        bandit_agent(SwitchingBandit()).save(tmp_path / "agent")
    code = (
        "import canonica, jax; agent = canonica.load('agent')\n"
        "print(agent.model.policy_counts.dtype, jax.config.jax_enable_x64)\n"
        "with jax.enable_x64(True):\n"
        "    print(agent.init().belief.dtype)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["float64", "False", "float64"]
