"""Errors are of one family, and they and all else that is returned can leave their process."""

import copy
import multiprocessing
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import canonica
from canonica import CanonicaError, PublishedProtocol, RecordingError
from canonica.agents import SwitchingBandit, TMaze, bandit_agent, t_maze_agent
from canonica.model import GenerativeModel, canonical_network, free_energy, prior_sums
from canonica.reverse_engineering import FORECAST_MODELS, paired_comparison, validate
from canonica.simulate import culture, encode, initial_model, mixing_process, spike_trains

WAYS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301  (our own)
    "copy": copy.deepcopy,
}


def recording_error():
    error = RecordingError("a.mat", "o", found="2", expected="0 and 1", advice="Mend it.")
    error.add_note("a note")
    return error


def assert_same_error(one, other):
    assert type(one) is type(other)
    assert str(one) == str(other)
    assert vars(one) == vars(other)


def test_every_error_is_a_value_error():
    assert issubclass(CanonicaError, ValueError)
    assert issubclass(RecordingError, CanonicaError)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", [recording_error(), CanonicaError("draws: found 0.")], ids=repr)
def test_an_error_survives(error, way):
    assert_same_error(WAYS[way](error), error)


def test_an_error_without_a_variable_survives():
    error = RecordingError("a.mat", None, found="nothing", expected="all", advice="Look.")
    assert_same_error(WAYS["pickle"](error), error)
    assert WAYS["pickle"](error).variable is None


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_reading_in_another_process_ends_with_the_error(method, tmp_path):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    missing = str(tmp_path / "none.mat")
    with multiprocessing.get_context(method).Pool(1) as pool:
        pending = pool.map_async(canonica.read, [missing])
        with pytest.raises(RecordingError, match="none.mat") as raised:
            pending.get(timeout=120)
    with pytest.raises(RecordingError) as here:
        canonica.read(missing)
    assert str(raised.value) == str(here.value)


def values():
    """Return one of every kind of thing that is handed to a user, or taken from one."""
    sizes = {"sessions": 12, "trials_per_session": 32}
    keys = jax.random.split(jax.random.key(0))
    model = initial_model(keys[0], inputs=4)
    stimuli = mixing_process(keys[1], trials=8, inputs=4).stimuli
    beliefs = model.infer(stimuli)
    recording = culture(2, **sizes)
    return {
        "recording": recording,
        "spike trains": spike_trains(2, **sizes),
        "generative model": model,
        "network": canonical_network(model),
        "sums": prior_sums(3000.0, 2, 4),
        "beliefs": beliefs,
        "free energy": free_energy(model, stimuli, beliefs),
        "encoding": encode(model, stimuli, keep="weights"),
        "protocol": PublishedProtocol(prior_strength=1e4),
        "forecasting models": list(FORECAST_MODELS.values()),
        "validation": validate(recording),
        "comparison": paired_comparison({"one": [1.0, 2.0], "other": [2.0, 2.5]}, "one"),
        "bandit": SwitchingBandit(),
        "bandit agent": bandit_agent(SwitchingBandit()),
        "maze": TMaze(),
        "maze agent": t_maze_agent(TMaze()),
    }


def assert_same(one, other):
    """Refuse any difference, to the bit."""
    assert type(one) is type(other)
    if isinstance(one, xr.Dataset):
        xr.testing.assert_identical(one, other)
        return
    leaves, structure = jax.tree.flatten(one)
    others, other_structure = jax.tree.flatten(other)
    assert len(leaves) == len(others)
    if any(isinstance(leaf, jax.Array | np.ndarray | float | int) for leaf in leaves):
        assert jax.tree.structure(one) == other_structure == structure
    for leaf, another in zip(leaves, others, strict=True):
        if isinstance(leaf, jax.Array | np.ndarray):
            assert leaf.dtype == another.dtype
            np.testing.assert_array_equal(leaf, another)
        elif leaf is not one:
            assert_same(leaf, another)
        elif hasattr(leaf, "__dict__"):
            assert vars(leaf).keys() == vars(another).keys()
            for name in vars(leaf):
                assert_same(vars(leaf)[name], vars(another)[name])
        else:
            assert leaf == another


@pytest.mark.slow
def test_everything_survives_a_process():
    """There and back again: pickled here, unpickled and pickled there, unpickled here."""
    here = values()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.map_async(copy.copy, [here]).get(timeout=120)[0]
    assert here.keys() == there.keys()
    for name in here:
        assert_same(here[name], there[name])


def test_the_comparison_sees_differences():
    model = GenerativeModel(jnp.ones((2, 2, 1, 1)), jnp.full((2, 1), 0.5))
    other = GenerativeModel(jnp.ones((2, 2, 1, 1)), jnp.full((2, 1), 0.25))
    with pytest.raises(AssertionError):
        assert_same(model, other)
    with pytest.raises(AssertionError):
        assert_same(PublishedProtocol(), PublishedProtocol(prior_strength=1.0))
    with pytest.raises(AssertionError):
        assert_same({"a": 1}, {"b": 1})
