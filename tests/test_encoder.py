"""Encoders against the transcription of their equations, by batch, by gradient, and by halves."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import canonica.model as cm
import encoder_oracle as oracle
from canonica import CanonicaError
from canonica.simulate import (
    Encoding,
    _parallel,
    encode,
    initial_counts,
    initial_model,
    mixing_process,
)
from canonica.simulate._encoder_scan import Networks, Plan, encoded

FORMS = ["canonical", "exact"]
LEARN = ["step", "session", "off"]
SESSION = 16  # trials
# What most tests share, so that little is compiled.
SMALL = {"inputs": 7, "states": 2, "trials": 6 * SESSION}
COMMON = {"trials_per_session": SESSION, "free_energy": "step"}

slow = pytest.mark.slow

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture(scope="module")
def double():
    with jax.enable_x64(True):
        yield


class World(NamedTuple):
    """What an encoder starts from, and what it sees."""

    counts: np.ndarray
    prior: np.ndarray
    stimuli: np.ndarray

    def model(self, dtype=np.float64):
        return cm.GenerativeModel(jnp.asarray(self.counts, dtype), jnp.asarray(self.prior, dtype))


def random_world(seed, *, inputs=7, states=2, trials=96, counts=(1e-3, 1e6)):
    """Return counts over orders of magnitude, any prior, and stimuli with nothing in them."""
    generator = np.random.default_rng(seed)
    on = generator.uniform(0.05, 0.95, states)
    return World(
        np.exp(generator.uniform(*np.log(counts), (2, 2, inputs, states))),
        np.stack([1 - on, on]),
        generator.integers(0, 2, (trials, inputs)).astype(np.int8),
    )


def batch_of(worlds):
    """Return one model with a leading axis, and the stimuli of each world."""
    model = jax.vmap(cm.GenerativeModel)(
        jnp.stack([world.counts for world in worlds]), jnp.stack([world.prior for world in worlds])
    )
    return model, np.stack([world.stimuli for world in worlds])


def found_of(world, dtype=np.float64, **options):
    """Return what the encoder makes of a world, trial by trial."""
    return encode(world.model(dtype), world.stimuli, **(COMMON | options))


def expected_of(world, *, form="canonical", **options):
    """Return the encoding of a world by the oracle's transcription."""
    return oracle.encode(*world, form=form, trials_per_session=SESSION, **options)


def assert_transcribed(found, expected, tolerance=1e-10):
    """Assert that posterior, free energy and counts are those of the transcription."""
    pairs = {
        "posterior": (found.posterior, expected.posterior),
        "accuracy": (found.free_energy.accuracy, expected.accuracy),
        "complexity": (found.free_energy.complexity, expected.complexity),
        "counts": (found.model.likelihood_counts, expected.counts),
    }
    for name, (one, other) in pairs.items():
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)


def assert_same(one, other, tolerance=1e-12):
    """Assert equality of all arrays of two pytrees, to a tolerance."""
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


# The transcription ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("learn", LEARN)
def test_an_encoder_is_the_transcription_of_its_equations(form, learn):
    for seed, rate in enumerate((1.0, 0.25, 30.0, 0.0)):
        world, options = random_world(seed), {"learn": learn, "learning_rate": rate, "form": form}
        assert_transcribed(found_of(world, **options), expected_of(world, **options))


@given(
    st.integers(0, 2**31 - 1),
    st.sampled_from(FORMS),
    st.sampled_from(LEARN),
    st.sampled_from([(1e-3, 1e-1), (1e-3, 1e6), (20, 80), (1e5, 1e6)]),
    st.floats(0, 10),
)
def test_an_encoder_is_its_transcription_whatever_it_starts_from(seed, form, learn, counts, rate):
    world = random_world(seed, counts=counts)
    options = {"learn": learn, "learning_rate": rate, "form": form}
    assert_transcribed(found_of(world, **options), expected_of(world, **options))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1, 96),
        (33, 3, 96),
        (4096, 2, 32),
        pytest.param((16, 1, 96), marks=slow),
        pytest.param((4, 40, 32), marks=slow),
    ],
    ids=str,
)
def test_any_number_of_inputs_and_states(form, sizes):
    world = random_world(9, **dict(zip(SMALL, sizes, strict=True)))
    assert_transcribed(found_of(world, form=form), expected_of(world, form=form))


def test_counts_grow_from_few_to_many_within_a_run():
    """The exact form computes many counts otherwise than few: sessions on both sides."""
    limit = cm.MANY_COUNTS[np.dtype(np.float64)]
    world = random_world(6, counts=(limit - 30, limit + 10))
    options = {"form": "exact", "learning_rate": 4.0}
    early, late = (world._replace(stimuli=world.stimuli[: n * SESSION]) for n in (1, 4))
    fewest = [expected_of(part, **options).counts.min() for part in (early, late)]
    assert fewest[0] < limit - 5 < limit + 5 < fewest[1]
    assert_transcribed(found_of(world, **options), expected_of(world, **options))


def saturating(seed, lean=1e3, **sizes):
    """Return a world whose inputs leave no doubt, and stimuli that are one pattern or the other."""
    world = random_world(seed, **sizes)
    generator = np.random.default_rng(seed)
    pattern = generator.random(world.counts.shape[2]) < 0.5
    leans = np.where(pattern, lean, 1 / lean)[:, None] * np.ones(world.counts.shape[3])
    world.counts[1] = np.stack([1000 / leans, 1000 * leans])
    world.counts[0] = np.stack([1000 * leans, 1000 / leans])
    world.stimuli[:] = pattern ^ (generator.random((len(world.stimuli), 1)) < 0.5)
    return world


@pytest.mark.parametrize("form", FORMS)
def test_beliefs_may_be_certain(form):
    world = saturating(0, **SMALL, lean=1e6 if form == "canonical" else 1e4)
    world = world._replace(prior=np.array([[1e-30, 1.0], [1.0, 1e-30]]))
    for rate in (0.0, 1.0):
        options = {"form": form, "learning_rate": rate}
        expected = expected_of(world, **options)
        assert np.abs(expected.log_odds).max() > 250
        assert expected.posterior.min() < 1e-100
        assert expected.posterior.max() == 1
        assert_transcribed(found_of(world, **options), expected)


@pytest.mark.parametrize("form", FORMS)
def test_beliefs_may_be_exactly_zero_and_one(form):
    world = saturating(1, inputs=4096, trials=32)
    expected = expected_of(world, form=form)
    assert expected.posterior.min() == 0
    assert expected.posterior.max() == 1
    assert np.abs(expected.log_odds).max() > 50_000
    assert_transcribed(found_of(world, form=form), expected)


@pytest.mark.parametrize("form", FORMS)
def test_counts_may_lie_at_the_ends_of_their_range(form):
    """The smallest and the largest counts beside each other."""
    world = random_world(3, inputs=16, trials=16)
    ends = 1e-9, cm.LARGEST_COUNT[np.dtype(np.float64)]
    world.counts[0], world.counts[1] = ends[1], ends[0]
    world.counts[1, 1] *= 2
    world.stimuli[0] = 1
    assert_transcribed(found_of(world, form=form), expected_of(world, form=form))


@pytest.mark.parametrize("form", FORMS)
def test_all_counts_may_be_the_smallest(form):
    world = random_world(3, inputs=16, trials=16)
    world.counts[:] = 1e-9
    found, expected = found_of(world, form=form), expected_of(world, form=form)
    # digamma(1e-9) is -1e9: its rounding alone moves log odds, here and in the transcription.
    conditioning = np.finfo(float).eps * np.abs(expected.accuracy).max()
    assert_transcribed(found, expected, max(1e-10, 4 * conditioning))


@pytest.mark.thorough
@pytest.mark.parametrize("form", FORMS)
def test_a_million_trials_lose_nothing(form):
    generator, trials = np.random.default_rng(4), 1_000_000
    world = random_world(4, inputs=4, trials=trials, counts=(20, 400))
    sources = generator.random((trials, 2)) < 0.5
    own = np.where(generator.random((trials, 4)) < 0.75, [0, 0, 1, 1], [1, 1, 0, 0])
    world = world._replace(stimuli=np.take_along_axis(sources, own, axis=1).astype(np.int8))
    found = found_of(world, form=form, trials_per_session=1000)
    assert_transcribed(found, expected_of(world, form=form))


def test_the_transcription_is_that_of_every_sum_written_out():
    world = random_world(5, inputs=3, trials=6)
    bias = np.random.default_rng(5).uniform(-0.2, 0.2, (3, 2, 2))
    for form in FORMS:
        for learn in LEARN:
            options = {"form": form, "learn": learn, "trials_per_session": 3, "learning_rate": 0.7}
            options["bias"] = bias if form == "canonical" else None
            one, other = oracle.encode(*world, **options), oracle.encode_by_loops(*world, **options)
            for left, right in zip(one, other, strict=True):
                np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-11)


# What learning must do, whatever the numbers ------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_every_trial_adds_the_learning_rate_to_every_synapse(form):
    world = random_world(6, counts=(0.1, 100.0))
    found = found_of(world, form=form, learning_rate=0.25)
    gained = np.asarray(found.model.likelihood_counts) - world.counts
    np.testing.assert_allclose(gained.sum(axis=(0, 1)), 0.25 * len(world.stimuli), rtol=1e-12)
    seen = np.broadcast_to(0.25 * world.stimuli.sum(axis=0)[:, None], (7, 2))
    np.testing.assert_allclose(gained[1].sum(axis=0), seen, rtol=1e-12)
    believed = np.broadcast_to(0.25 * found.posterior.sum(axis=0), (7, 2))
    np.testing.assert_allclose(gained[:, 1].sum(axis=0), believed, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_called_on_does_not_matter(form):
    """Inputs in another order, some with their values exchanged, and states exchanged."""
    world = random_world(7)
    order, flipped = np.random.default_rng(7).permutation(7), np.arange(7) % 3 == 0
    counts = np.where(flipped[:, None], world.counts[::-1], world.counts)[:, ::-1, order]
    stimuli = (world.stimuli ^ flipped)[:, order]
    one = found_of(world, form=form)
    other = found_of(World(counts, world.prior[::-1], stimuli), form=form)
    np.testing.assert_allclose(other.posterior, 1 - np.asarray(one.posterior), atol=1e-11)
    np.testing.assert_allclose(other.free_energy.total, one.free_energy.total, rtol=1e-11)


@pytest.mark.parametrize("learn", ["step", pytest.param("session", marks=slow)])
def test_an_encoder_goes_on_where_it_stopped(learn):
    """Two halves in a row are the whole: the final model is all that it remembers."""
    world = random_world(8)
    whole = found_of(world, learn=learn)
    first = found_of(world._replace(stimuli=world.stimuli[:48]), learn=learn)
    second = encode(first.model, world.stimuli[48:], learn=learn, **COMMON)
    assert_same(second.model, whole.model)
    halves = jax.tree.map(lambda *halves: np.concatenate(halves), *((first[:2]), (second[:2])))
    assert_same(halves, whole[:2])


# Bias ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learn", LEARN)
def test_a_bias_of_synapses_is_the_transcribed_one(learn):
    """A bias may carry what synapses encode beyond 0 and 1, where it is cut off."""
    world = random_world(10, counts=(1.0, 300.0))
    bias = np.random.default_rng(10).uniform(-0.4, 0.4, (7, 2, 2))
    encoded = np.moveaxis(world.counts[1] / world.counts.sum(axis=0), 0, -1) + bias
    assert encoded.min() < 0
    assert encoded.max() > 1
    options = {"learn": learn, "bias": bias, "learning_rate": 1.5}
    assert_transcribed(found_of(world, **options), expected_of(world, **options))


def test_no_bias_is_the_plain_encoder():
    world = random_world(11, counts=(1.0, 300.0))
    assert_same(found_of(world, bias=np.zeros((7, 2, 2))), found_of(world), 1e-10)


# Batches ------------------------------------------------------------------------------------------


def results(found):
    """Return everything that has batch axes in any case."""
    return found.posterior, found.free_energy, found.model.likelihood_counts, found.weight


def looped(worlds, options=None, *, rates=None, biases=None):
    """Return the results of worlds one by one, along one leading axis."""
    found = []
    for index, world in enumerate(worlds):
        own = dict(options or {})
        if rates is not None:
            own["learning_rate"] = rates[index]
        if biases is not None:
            own["bias"] = biases[index]
        found.append(results(found_of(world, **own)))
    return jax.tree.map(lambda *parts: np.stack(parts), *found)


def together(worlds, **options):
    """Return the results of all worlds as a batch."""
    return results(encode(*batch_of(worlds), **(COMMON | options)))


@pytest.mark.parametrize("networks", [pytest.param(1, marks=slow), 5, 13, 37])
@pytest.mark.parametrize("form", ["canonical", pytest.param("exact", marks=slow)])
def test_a_batch_is_a_loop(form, networks):
    """In numbers that fill blocks of networks and that do not, on one core and on more."""
    worlds = [random_world(seed) for seed in range(networks)]
    assert_same(together(worlds, form=form), looped(worlds, {"form": form}))


@pytest.mark.parametrize("cores", [3, pytest.param(1, marks=slow), pytest.param(2, marks=slow)])
def test_a_batch_is_the_same_on_any_number_of_cores(cores, monkeypatch):
    """Shares of blocks, of which the last reaches back for some of its neighbours'."""
    monkeypatch.setattr(_parallel, "cores", lambda: cores)
    worlds = [random_world(seed) for seed in range(37)]
    assert_same(together(worlds, form="exact"), looped(worlds, {"form": "exact"}))


@pytest.mark.usefixtures("x64")
def test_the_last_block_reaches_back_and_nothing_comes_twice(generator):
    """Six networks in blocks of four: the second block computes two of the first once more."""
    networks = Networks(
        counts=generator.uniform(5, 9, (6, 2, 2, 3, 2)),
        state_prior=np.full((6, 2, 2), 0.5),
        learning_rate=np.ones(6),
        bias=None,
        gain=None,
        retention=None,
        stimuli=generator.integers(0, 2, (6, 8, 3)).astype(np.int8),
    )
    networks = jax.tree.map(jnp.asarray, networks)
    plan = Plan("canonical", "step", 4, 4, per_step=False, every=None, block=4)
    apart, together = (encoded(networks, replace(plan, block=block)) for block in (4, 6))
    for one, other in zip(jax.tree.leaves(apart), jax.tree.leaves(together), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@slow
@pytest.mark.parametrize("learn", ["session", "off"])
def test_a_batch_is_a_loop_however_it_learns(learn):
    worlds = [random_world(seed) for seed in range(18)]
    assert_same(together(worlds, learn=learn), looped(worlds, {"learn": learn}))


@slow
@pytest.mark.parametrize("states", [1, 3, 8, 40])
def test_a_batch_is_a_loop_for_any_number_of_states(states):
    """Blocks are the smaller the more states there are, down to a network each."""
    worlds = [random_world(seed, states=states) for seed in range(9)]
    assert_same(together(worlds), looped(worlds))


def test_batch_axes_broadcast():
    """Three models, a column, against four stimuli, a row: twelve encodings."""
    models = [random_world(seed) for seed in range(3)]
    stimuli = [random_world(seed).stimuli for seed in range(10, 14)]
    pairs = [world._replace(stimuli=seen) for world in models for seen in stimuli]
    column = jax.tree.map(lambda part: part[:, None], batch_of(models)[0])
    found = encode(column, np.stack(stimuli), **COMMON)
    assert found.posterior.shape == (3, 4, 96, 2)
    assert found.model.likelihood_counts.shape == (3, 4, 2, 2, 7, 2)
    assert found.free_energy.total.shape == (3, 4, 96)
    flat = jax.tree.map(lambda part: part.reshape(12, *part.shape[2:]), results(found))
    assert_same(flat, looped(pairs))


def test_each_network_may_have_its_own_stimuli():
    world, others = random_world(14), [random_world(n) for n in range(5)]
    found = encode(world.model(), np.stack([other.stimuli for other in others]), **COMMON)
    assert_same(results(found), looped([world._replace(stimuli=o.stimuli) for o in others]))


def test_each_network_may_have_its_own_rate_of_learning():
    world, rates = random_world(15), np.linspace(0.1, 2.0, 5)
    found = encode(world.model(), world.stimuli, learning_rate=rates, **COMMON)
    assert_same(results(found), looped([world] * 5, rates=rates))


@slow
def test_each_network_may_have_its_own_prior():
    world, others = random_world(16), [random_world(n) for n in range(5)]
    priors = jnp.stack([other.prior for other in others])
    model = eqx.tree_at(lambda m: m.state_prior, world.model(), priors)
    found = encode(model, world.stimuli, **COMMON)
    assert_same(results(found), looped([world._replace(prior=o.prior) for o in others]))


@slow
def test_each_network_may_have_its_own_bias():
    world = random_world(17, counts=(1.0, 300.0))
    biases = np.random.default_rng(17).uniform(-0.3, 0.3, (5, 7, 2, 2))
    found = encode(world.model(), world.stimuli, bias=biases, **COMMON)
    assert_same(results(found), looped([world] * 5, biases=biases))


@pytest.mark.parametrize("form", ["canonical", pytest.param("exact", marks=slow)])
def test_compiled_and_mapped_an_encoder_is_the_same(form):
    worlds = [random_world(seed) for seed in range(13)]
    run = partial(encode, form=form, **COMMON)
    expected = encode(*batch_of(worlds), form=form, **COMMON)
    assert_same(jax.jit(run)(*batch_of(worlds)), expected)
    assert_same(jax.jit(jax.vmap(run))(*batch_of(worlds)), expected)
    assert_same(jax.vmap(run)(*batch_of(worlds)), expected)


# Gradients ----------------------------------------------------------------------------------------


FEW = {"inputs": 3, "states": 2, "trials": 24}


def total(parameters, stimuli, form, learn):
    """Return the free energy of all trials, network by network."""
    counts, prior, rate = parameters
    model = jax.vmap(cm.GenerativeModel)(counts, prior)
    found = encode(model, stimuli, form=form, learn=learn, learning_rate=rate, trials_per_session=8)
    return found.free_energy.total.sum(axis=-1)


@partial(jax.jit, static_argnames=("form", "learn"))
def gradient(parameters, stimuli, form, learn):
    return jax.grad(lambda parameters: total(parameters, stimuli, form, learn).sum())(parameters)


def one_of(world, rate, dtype=np.float64):
    """Return the parameters of a batch of one."""
    return tuple(jnp.asarray(part, dtype)[None] for part in (world.counts, world.prior, rate))


def differences(world, rate, form, learn, step=1e-5):
    """Return central differences per relative change of every parameter: a batch of networks."""
    parts = (world.counts, world.prior, np.asarray(rate))
    flat = np.concatenate([part.ravel() for part in parts])
    changes = np.concatenate([np.eye(flat.size), -np.eye(flat.size)]) * step
    changed = np.split(flat * (1 + changes), np.cumsum([part.size for part in parts])[:-1], axis=1)
    batch = tuple(
        jnp.asarray(one.reshape(-1, *part.shape)) for one, part in zip(changed, parts, strict=True)
    )
    up, down = np.split(np.asarray(total(batch, world.stimuli, form, learn)), 2)
    return (up - down) / (2 * step)


def relative(slopes, world, rate):
    """Return a gradient per relative change, in the order of `differences`."""
    scaled = [slope[0] * part for slope, part in zip(slopes, (*world[:2], rate), strict=True)]
    return np.concatenate([np.ravel(part) for part in scaled])


GRADIENTS = [
    ("canonical", "step"),
    ("exact", "step"),
    *(pytest.param(form, learn, marks=slow) for form in FORMS for learn in ("session", "off")),
]


@pytest.mark.parametrize(("form", "learn"), GRADIENTS)
def test_the_gradient_of_free_energy_agrees_with_differences(form, learn):
    """With respect to every count, prior and the learning rate, few counts and many."""
    for counts in ((0.3, 30.0), (80.0, 200.0)):
        world, rate = random_world(20, **FEW, counts=counts), 1.7
        found = relative(gradient(one_of(world, rate), world.stimuli, form, learn), world, rate)
        expected = differences(world, rate, form, learn)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
        assert (found[-1] != 0) == (learn != "off")


def certain(seed, form):
    """Return a world of which two inputs leave no doubt, and the third is worth learning from."""
    world = random_world(seed, **FEW, counts=(1.0, 30.0))
    rare = 2e-9 if form == "canonical" else 1e-3
    world.counts[:, :, :2] = np.array([[1e4, rare], [rare, 1e4]])[..., None, None]
    world.stimuli[:, 1] = world.stimuli[:, 0]
    log_odds = np.abs(expected_of(world, form=form).log_odds)
    assert log_odds.min() > (50 if form == "canonical" else 1900)
    return world


@pytest.mark.parametrize(("form", "learn"), GRADIENTS)
def test_the_gradient_is_right_where_beliefs_are_certain(form, learn):
    """Beliefs move no more, and what they teach stays."""
    world, rate = certain(21, form), 0.7
    slopes = gradient(one_of(world, rate), world.stimuli, form, learn)
    assert all(np.isfinite(slope).all() for slope in slopes)
    found, expected = relative(slopes, world, rate), differences(world, rate, form, learn)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["canonical", pytest.param("exact", marks=slow)])
def test_the_gradient_is_right_in_single_precision(form):
    """The same as in double precision, or differences of that, certain beliefs included."""
    for precise in (random_world(22, **FEW, counts=(1.0, 100.0)), certain(22, form)):
        world = single(precise)
        with jax.enable_x64(False):
            slopes = gradient(one_of(world, 1.0, np.float32), world.stimuli, form, "step")
        assert {slope.dtype for slope in slopes} == {np.dtype(np.float32)}
        expected = differences(World(*(part.astype(float) for part in world)), 1.0, form, "step")
        found, scale = relative(slopes, world, 1.0), np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * scale)


@slow
def test_the_gradient_of_a_batch_is_that_of_each_network():
    """Blocks of networks, whose last one reaches back, count every network once."""
    worlds = [random_world(seed, **FEW, counts=(1.0, 100.0)) for seed in range(18)]
    stimuli = worlds[0].stimuli
    parameters = [one_of(world, 1.0) for world in worlds]
    batch = jax.tree.map(lambda *parts: jnp.concatenate(parts), *parameters)
    found = gradient(batch, stimuli, "canonical", "step")
    alone = [gradient(own, stimuli, "canonical", "step") for own in parameters]
    assert_same(found, jax.tree.map(lambda *parts: np.concatenate(parts), *alone), 1e-10)


@slow
def test_a_gradient_needs_no_compilation_around_it():
    world = random_world(20, **FEW, counts=(0.3, 30.0))

    def of_rate(rate):
        return encode(world.model(), world.stimuli, learning_rate=rate).free_energy.total.sum()

    _, forwards = jax.jvp(of_rate, (1.0,), (1.0,))
    step = 1e-5
    expected = (of_rate(1 + step) - of_rate(1 - step)) / (2 * step)
    np.testing.assert_allclose([jax.grad(of_rate)(1.0), forwards], expected, rtol=1e-6)


# What is returned ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "learn"), [("canonical", "step"), ("exact", "session"), ("canonical", "off")]
)
def test_the_free_energy_of_a_session_is_the_sum_over_its_trials(form, learn):
    world = random_world(30)
    by_trial = found_of(world, form=form, learn=learn)
    by_session = found_of(world, form=form, learn=learn, free_energy="session")
    assert_same(by_session.posterior, by_trial.posterior)
    for one, other in zip(by_session.free_energy, by_trial.free_energy, strict=True):
        assert other.shape == (96,)
        np.testing.assert_allclose(one, other.reshape(6, SESSION).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("session", [1100, pytest.param(None, marks=slow)])
def test_long_sessions_are_summed_whole(session):
    """Sessions of more trials than are computed at a time; by default all are one."""
    world = random_world(31, trials=3 * 1100)
    expected = expected_of(world)
    found = encode(world.model(), world.stimuli, trials_per_session=session)
    np.testing.assert_allclose(found.posterior, expected.posterior, rtol=1e-10, atol=1e-10)
    for name in ("accuracy", "complexity"):
        by_session = getattr(expected, name).reshape(-1, session or 3300).sum(axis=1)
        np.testing.assert_allclose(getattr(found.free_energy, name), by_session, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_without_learning_free_energy_is_that_of_the_model(form):
    world = random_world(32)
    found = found_of(world, form=form, learn="off")
    model = cm.GenerativeModel(*map(jnp.asarray, world[:2]), form=form)
    observations = jnp.asarray(world.stimuli, float)
    F = jax.jit(cm.free_energy)(model, observations, cm.Beliefs(found.posterior))
    assert_same(found.free_energy, F, 1e-10)
    energy = found.free_energy
    np.testing.assert_array_equal(energy.total, energy.complexity - energy.accuracy)
    # At the best of beliefs it is the surprise: the negative log of what the model expects.
    v = np.asarray(model.state_log_evidence(observations))
    np.testing.assert_allclose(energy.total, -np.logaddexp(*v).sum(axis=1), rtol=1e-10)


@pytest.mark.parametrize(
    ("learn", "every"),
    [
        ("step", None),
        ("step", 4),
        ("session", 32),
        pytest.param("step", 48, marks=slow),
        pytest.param("step", 1, marks=slow),
        pytest.param("step", 96, marks=slow),
        pytest.param("session", None, marks=slow),
        pytest.param("off", 8, marks=slow),
    ],
)
def test_kept_weights_are_the_strengths_of_that_moment(learn, every):
    """And keeping them changes nothing else."""
    world = random_world(33)
    found = found_of(world, learn=learn, keep="weights", every=every)
    every = SESSION if every is None else every
    assert found.weight.shape == (96 // every, 2, 2, 7)
    for snapshot, before in enumerate(range(0, 96, every)):
        seen = world._replace(stimuli=world.stimuli[:before])
        counts = expected_of(seen, learn=learn).counts if before else world.counts
        strength = np.log(counts[1] / counts[0]).swapaxes(1, 2)
        np.testing.assert_allclose(found.weight[snapshot], strength, rtol=1e-10, atol=1e-10)
    plain = found_of(world, learn=learn)
    assert plain.weight is None
    assert_same(found._replace(weight=None), plain)


@slow
def test_kept_weights_of_the_exact_form_and_of_a_batch():
    """Each network has its own; they are those of its counts, whatever the form."""
    worlds = [random_world(seed) for seed in range(18)]
    found = encode(*batch_of(worlds), form="exact", keep="weights", **COMMON)
    assert found.weight.shape == (18, 6, 2, 2, 7)
    for index, world in enumerate(worlds):
        for snapshot in (0, 1, 5):
            seen = world._replace(stimuli=world.stimuli[: snapshot * SESSION])
            counts = expected_of(seen, form="exact").counts if snapshot else world.counts
            strength = np.log(counts[1] / counts[0]).swapaxes(1, 2)
            np.testing.assert_allclose(found.weight[index, snapshot], strength, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_the_model_returned_is_the_one_given_having_learned(form):
    world = random_world(35)
    given = cm.GenerativeModel(*map(jnp.asarray, world[:2]), form=form)
    found = encode(given, world.stimuli, **COMMON)
    assert isinstance(found, Encoding)
    assert_transcribed(found, expected_of(world, form=form))  # in the form of the model
    assert found.model.form == form
    np.testing.assert_array_equal(found.model.state_prior, given.state_prior)
    still = encode(given, world.stimuli, learn="off", **COMMON).model
    np.testing.assert_array_equal(still.likelihood_counts, given.likelihood_counts)


def test_learning_is_on_and_off_by_a_boolean():
    world = random_world(36)
    assert_same(found_of(world, learn=True), found_of(world, learn="step"), 0)
    assert_same(found_of(world, learn=False), found_of(world, learn="off"), 0)


@pytest.mark.parametrize("batch", [(), (2, 1)])
def test_shapes(batch):
    """Of everything, for every option, without computing anything."""

    def widened(part):
        return jnp.broadcast_to(part, (*batch, *part.shape))

    model, stimuli = jax.tree.map(widened, random_world(0).model()), np.zeros((96, 7), bool)
    for learn in LEARN:
        for free_energy, periods in (("session", 6), ("step", 96)):
            for every, kept in ((None, None), (32, 3)):
                options = {
                    "learn": learn,
                    "trials_per_session": SESSION,
                    "free_energy": free_energy,
                    "keep": kept and "weights",
                    "every": every,
                }
                found = jax.eval_shape(partial(encode, **options), model, stimuli)
                assert found.posterior.shape == (*batch, 96, 2)
                assert {part.shape for part in found.free_energy} == {(*batch, periods)}
                assert found.model.likelihood_counts.shape == (*batch, 2, 2, 7, 2)
                assert found.model.state_prior.shape == (*batch, 2, 2)
                shape = None if found.weight is None else found.weight.shape
                assert shape == (None if kept is None else (*batch, kept, 2, 2, 7))


# Precision ----------------------------------------------------------------------------------------


def single(world):
    """Return a world whose numbers are those of single precision."""
    counts, prior = (part.astype(np.float32) for part in world[:2])
    return World(counts, prior, world.stimuli)


def found_in_single_precision(world, **options):
    with jax.enable_x64(False):
        return found_of(world, np.float32, **options)


def assert_single(found, expected, world):
    """Each trial rounds every count once, and each input adds to the log odds."""
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {np.dtype(np.float32)}
    trials, inputs = world.stimuli.shape
    rounding = np.finfo(np.float32).eps
    tolerance = trials * inputs * rounding  # of log odds, and so of beliefs
    np.testing.assert_allclose(found.posterior, expected.posterior, atol=tolerance)
    np.testing.assert_allclose(
        found.model.likelihood_counts, expected.counts, rtol=trials * rounding, atol=tolerance
    )
    for name in ("accuracy", "complexity"):
        one, other = getattr(found.free_energy, name), getattr(expected, name)
        np.testing.assert_allclose(one, other, rtol=inputs * rounding, atol=tolerance)


@pytest.mark.parametrize(
    ("form", "learn"),
    [
        ("canonical", "step"),
        ("exact", "step"),
        ("exact", "session"),
        pytest.param("canonical", "session", marks=slow),
        pytest.param("canonical", "off", marks=slow),
        pytest.param("exact", "off", marks=slow),
    ],
)
def test_single_precision_stays_and_is_as_good_as_it_can_be(form, learn):
    for counts in ((1.0, 300.0), (100.0, 1000.0)):
        world, options = single(random_world(40, counts=counts)), {"form": form, "learn": learn}
        found = found_in_single_precision(world, **options)
        assert_single(found, expected_of(world, **options), world)


@pytest.mark.parametrize("form", ["canonical", pytest.param("exact", marks=slow)])
def test_single_precision_stays_where_double_is_allowed(form):
    world = single(random_world(40, counts=(1.0, 300.0)))
    assert_single(found_of(world, np.float32, form=form), expected_of(world, form=form), world)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("counts", [(1e-3, 1e6), (1e-1, 1e8)])
def test_single_precision_bears_counts_over_many_orders(form, counts):
    """One and the same network has counts that are hardly there and counts beyond number."""
    world = single(random_world(41, counts=counts))
    options = {"form": form, "learning_rate": 0.0}
    found, expected = found_in_single_precision(world, **options), expected_of(world, **options)
    # Log evidence of a thousand, and some of it the difference of such.
    tolerance = 4 * np.finfo(np.float32).eps * np.abs(expected.accuracy).max()
    np.testing.assert_allclose(found.posterior, expected.posterior, atol=tolerance)
    np.testing.assert_allclose(found.free_energy.accuracy, expected.accuracy, rtol=1e-4)


def test_single_precision_passes_from_few_counts_to_many():
    limit = cm.MANY_COUNTS[np.dtype(np.float32)]
    world = single(random_world(42, counts=(limit - 8, limit + 4)))
    expected = expected_of(world, form="exact", learning_rate=4.0)
    assert world.counts.min() < limit - 2 < limit + 2 < expected.counts.min()
    found = found_in_single_precision(world, form="exact", learning_rate=4.0)
    assert_single(found, expected, world)


def test_stimuli_may_be_of_any_type():
    world = random_world(43)
    expected = found_of(world)
    for dtype in (bool, np.uint8, np.float64):
        assert_same(encode(world.model(), world.stimuli.astype(dtype), **COMMON), expected, 0)
    for dtype in (bool, np.int8, np.float32):
        seen = jnp.asarray(world.stimuli, dtype)
        assert_same(encode(world.model(), seen, **COMMON), expected, 0)


# Memory -------------------------------------------------------------------------------------------


TRIALS = 2**18


def bytes_needed(function, inputs, states):
    """Return what a compiled function of a model and many stimuli needs beside these."""
    shapes = (2, 2, inputs, states), (2, states)
    model = cm.GenerativeModel(*(jnp.ones(shape) for shape in shapes))
    stimuli = jax.ShapeDtypeStruct((TRIALS, inputs), np.int8)
    analysis = jax.jit(function).lower(model, stimuli).compile().memory_analysis()
    return analysis.temp_size_in_bytes + analysis.output_size_in_bytes


MEMORY_CASES = [
    pytest.param(form, learn, sloped, marks=[] if default else [slow])
    for form, learn, sloped, default in (
        ("canonical", "step", False, True),
        ("canonical", "step", True, True),
        ("canonical", "session", False, False),
        ("canonical", "session", True, False),
        ("canonical", "off", True, False),
        ("exact", "step", False, False),
        ("exact", "step", True, False),
        ("exact", "session", True, False),
    )
]


@pytest.mark.parametrize(("form", "learn", "sloped"), MEMORY_CASES)
def test_nothing_of_the_size_of_all_counts_is_kept_for_every_trial(form, learn, sloped):
    """Stimuli, beliefs and free energy, and in a gradient counts once a session: no more."""
    inputs, states, session, number = 32, 4, 128, 8

    def run(model, stimuli):
        return encode(model, stimuli, form=form, learn=learn, trials_per_session=session)

    def slope(model, stimuli):
        return jax.grad(lambda model: run(model, stimuli).free_energy.total.sum())(model)

    of_counts = 4 * inputs * states * number
    beliefs = 3 * states * number + 2 * inputs  # of a trial, and its stimuli
    bound = TRIALS * beliefs + 30 * session * of_counts  # the trials of one session
    if sloped:
        bound += 2 * TRIALS // session * of_counts
    assert bytes_needed(slope if sloped else run, inputs, states) <= bound
    assert bound < TRIALS * of_counts / 10


@slow
def test_kept_weights_cost_what_they_are():
    """And no counts beside them for every trial."""
    inputs, states, session, number = 32, 4, 128, 8
    found = bytes_needed(
        partial(encode, trials_per_session=session, keep="weights"), inputs, states
    )
    snapshots = TRIALS // session * 2 * states * inputs * number
    assert found <= TRIALS * (3 * states * number + 2 * inputs) + 4 * snapshots


# What is refused ----------------------------------------------------------------------------------


def with_value(array, value):
    changed = np.array(array, np.float64)
    changed.flat[3] = value
    return changed


WORLD = random_world(50)
COUNTS, PRIOR, STIMULI = WORLD


def bad(match, *, counts=COUNTS, prior=PRIOR, stimuli=STIMULI, **options):
    return pytest.param(match, (counts, prior, stimuli), options)


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize(
    ("match", "given", "options"),
    [
        bad("form: found the text 'other'; expected one of", form="other"),
        bad("learn: found the text 'sometimes'; expected one of", learn="sometimes"),
        bad("free_energy: found the text 'year'; expected one of", free_energy="year"),
        bad("keep: found the text 'everything'; expected one of", keep="everything"),
        bad("bias: found one with the exact form", form="exact", bias=np.zeros((7, 2, 2))),
        bad("bias: found shape \\(2, 7, 2\\)", bias=np.zeros((2, 7, 2))),
        bad("bias: found shape \\(7, 2\\)", bias=np.zeros((7, 2))),
        bad("stimuli: found shape \\(96, 6\\)", stimuli=STIMULI[:, :6]),
        bad("stimuli: found shape \\(7,\\)", stimuli=STIMULI[0]),
        bad("stimuli: found shape \\(\\)", stimuli=STIMULI[0, 0]),
        bad("stimuli: found shape \\(0, 7\\)", stimuli=STIMULI[:0]),
        bad("stimuli: found shape \\(0, 96, 7\\)", stimuli=STIMULI[None][:0]),
        bad("counts: found shape \\(2, 2, 0, 2\\)", counts=COUNTS[:, :, :0],
            stimuli=STIMULI[:, :0]),
        bad("counts: found shape \\(2, 2, 7, 0\\)", counts=COUNTS[..., :0], prior=PRIOR[:, :0]),
        bad("counts: found shape \\(0, 2, 2, 7, 2\\)", counts=COUNTS[None][:0]),
        bad("counts: found shape \\(1, 2, 7, 2\\)", counts=COUNTS[:1]),
        bad("counts: found shape \\(7, 2\\)", counts=COUNTS[0, 0]),
        bad("state_prior: found shape \\(2, 3\\)", prior=np.full((2, 3), 0.5)),
        bad("state_prior: found shape \\(2,\\)", prior=PRIOR[:, 0]),
        bad("learning_rate: found shape \\(0,\\)", learning_rate=np.ones(0)),
        bad("stimuli: found 2(.0)? \\(1 such value\\)", stimuli=with_value(STIMULI, 2)),
        bad("stimuli: found 0.5 ", stimuli=with_value(STIMULI, 0.5)),
        bad("stimuli: found -1", stimuli=with_value(STIMULI, -1)),
        bad("stimuli: found nan", stimuli=with_value(STIMULI, np.nan)),
        bad("stimuli: found 256", stimuli=with_value(STIMULI, 256).astype(int)),
        bad("counts: found nan", counts=with_value(COUNTS, np.nan)),
        bad("counts: found inf", counts=with_value(COUNTS, np.inf)),
        bad("counts: found 0;", counts=with_value(COUNTS, 0)),
        bad("counts: found -1;", counts=with_value(COUNTS, -1)),
        bad("counts: found 1e\\+16;", counts=with_value(COUNTS, 1e16)),
        bad("state_prior: found 0;", prior=with_value(PRIOR, 0)),
        bad("state_prior: found -0.5;", prior=with_value(PRIOR, -0.5)),
        bad("state_prior: found nan;", prior=with_value(PRIOR, np.nan)),
        bad("state_prior: found inf;", prior=with_value(PRIOR, np.inf)),
        bad("learning_rate: found -0.1;", learning_rate=-0.1),
        bad("learning_rate: found nan;", learning_rate=np.nan),
        bad("learning_rate: found inf;", learning_rate=np.inf),
        bad("bias: found nan", bias=with_value(np.zeros((7, 2, 2)), np.nan)),
        bad("trials_per_session: found 7 for 96 trials", trials_per_session=7),
        bad("trials_per_session: found 0;", trials_per_session=0),
        bad("trials_per_session: found -16;", trials_per_session=-16),
        bad("trials_per_session: found 192 for 96 trials", trials_per_session=192),
        bad("every: found 0;", keep="weights", every=0),
        bad("every: found -16;", keep="weights", every=-16),
        bad("every: found 7;", keep="weights", every=7),
        bad("every: found 24;", keep="weights", every=24, trials_per_session=16),
        bad("every: found 64;", keep="weights", every=64, trials_per_session=16),
        bad("every: found 8;", keep="weights", every=8, trials_per_session=16, learn="session"),
        bad("batch axes: .*expected leading axes that broadcast",
            counts=np.stack([COUNTS] * 3), stimuli=np.stack([STIMULI] * 4)),
        bad("batch axes: ", counts=np.stack([COUNTS] * 3), learning_rate=np.ones(5)),
        bad("batch axes: ", prior=np.stack([PRIOR] * 3), bias=np.zeros((2, 7, 2, 2))),
    ],
)  # fmt: skip
def test_what_an_encoder_refuses(match, given, options):
    counts, prior, stimuli = given
    with pytest.raises(CanonicaError, match=f"^(likelihood_)?{match}"):
        encode(cm.GenerativeModel(jnp.asarray(counts), jnp.asarray(prior)), stimuli, **options)


def test_an_encoder_has_neither_transitions_nor_decisions():
    first = (jnp.asarray(COUNTS), jnp.asarray(PRIOR))
    counts, prior = jnp.ones((2, 2, 2, 2)), jnp.full((2, 2), 0.5)
    for model in (
        cm.GenerativeModel(*first, transition_counts=counts),
        cm.GenerativeModel(*first, policy_counts=counts, decision_prior=prior),
    ):
        with pytest.raises(CanonicaError, match="model: found transitions or decisions"):
            encode(model, STIMULI)


def test_single_precision_has_a_largest_count_of_its_own():
    with jax.enable_x64(False):
        model = World(with_value(COUNTS, 1e10), PRIOR, STIMULI).model(np.float32)
        with pytest.raises(CanonicaError, match="counts: found 1e\\+10; .*float32"):
            encode(model, STIMULI)


def test_options_are_checked_inside_a_compiled_function():
    """Shapes and options are known there, numbers are not."""
    with pytest.raises(CanonicaError, match="trials_per_session: found 7"):
        jax.jit(partial(encode, trials_per_session=7))(WORLD.model(), STIMULI)


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize(
    ("match", "options"),
    [
        ("trials: found 0; expected a whole number, at least 1", {"trials": 0}),
        ("repeats: found 0; expected a whole number, at least 1", {"repeats": 0}),
        ("sources: found 0; expected a whole number, at least 1", {"sources": 0}),
        ("inputs: found 0; expected a whole number, at least 1", {"inputs": 0}),
        ("sources, inputs: found 3 and 2", {"inputs": 2, "sources": 3}),
        ("mixing: found 1.5; expected a probability from 0 to 1", {"mixing": 1.5}),
        ("mixing: found -0.1; expected a probability from 0 to 1", {"mixing": -0.1}),
        ("mixing: found nan; expected a number or an array of numbers", {"mixing": np.nan}),
        ("mixing: found shape \\(3, 2\\); expected a number", {"mixing": np.full((3, 2), 0.5)}),
        ("mixing: .* shape \\(8,\\); expected an array of numbers", {"mixing": np.ones(8)}),
        ("mixing: expected probabilities", {"mixing": np.tile([1.5, -0.5], (8, 1))}),
        ("mixing: expected probabilities", {"mixing": np.full((8, 2), 0.4)}),
        ("mixing: found nan at", {"mixing": np.full((8, 2), np.nan)}),
        ("correlation: found -0.1; expected a number from 0 to 1", {"correlation": -0.1}),
        ("correlation: found 1.1; expected a number from 0 to 1", {"correlation": 1.1}),
        ("correlation: found nan; expected a number", {"correlation": np.nan}),
        ("switching: found 0.6; expected a number from 0 to 0.5", {"switching": 0.6}),
        ("switching: found -0.1; expected a number from 0 to 0.5", {"switching": -0.1}),
        ("switching: found nan; expected a number", {"switching": np.nan}),
    ],
)
def test_what_a_mixing_process_refuses(match, options):
    with pytest.raises(CanonicaError, match=f"^{match}"):
        mixing_process(jax.random.key(0), **({"trials": 4, "inputs": 8} | options))


@pytest.mark.parametrize(
    ("match", "options"),
    [
        ("lean: found 0.25; expected 0 or more, below 1/4", {"lean": 0.25}),
        ("lean: found -0.1; ", {"lean": -0.1}),
        ("lean: found nan; ", {"lean": np.nan}),
        ("amplitude: found 0 at", {"amplitude": (0.0, 1.0)}),
        ("amplitude: found \\(2.0, 1.0\\); ", {"amplitude": (2.0, 1.0)}),
        (r"amplitude: found \(nan, 1.0\)", {"amplitude": (float("nan"), 1.0)}),
        (r"amplitude: found \(1.0, nan\)", {"amplitude": (1.0, float("nan"))}),
        ("amplitude: found inf at", {"amplitude": (1.0, float("inf"))}),
        ("sources, inputs: found 3 and 2", {"inputs": 2, "sources": 3}),
        ("sources: found 0;", {"sources": 0}),
        ("inputs: found 0;", {"inputs": 0, "sources": 1}),
    ],
)
def test_what_initial_counts_refuse(match, options):
    with pytest.raises(CanonicaError, match=f"^{match}"):
        initial_counts(jax.random.key(0), **options)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("form", ["canonical", pytest.param("exact", marks=pytest.mark.thorough)])
def test_second_derivatives_agree_with_differences(form):
    keys = jax.random.split(jax.random.key(0))
    model = initial_model(keys[0], inputs=6)
    stimuli = mixing_process(keys[1], trials=60, inputs=6).stimuli

    def total(rate):
        found = encode(model, stimuli, form=form, learning_rate=rate, trials_per_session=20)
        return found.free_energy.total.sum()

    slope = jax.jit(jax.grad(total))
    step = 1e-4
    differences = (slope(1 + step) - slope(1 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(slope)(1.0), differences, rtol=1e-6)


@pytest.mark.usefixtures("x64")
def test_learning_may_not_lead_out_of_range():
    keys = jax.random.split(jax.random.key(0))
    stimuli = mixing_process(keys[1], trials=60, inputs=6).stimuli
    with pytest.raises(CanonicaError, match="learning_rate"):
        encode(initial_model(keys[0], inputs=6), stimuli, learning_rate=1e14)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_the_learned_model_has_all_batch_axes_and_its_form():
    keys = jax.random.split(jax.random.key(0))
    stimuli = jax.random.bernoulli(keys[1], 0.5, (3, 60, 6))
    learned = encode(initial_model(keys[0], inputs=6), stimuli, form="exact").model
    assert learned.state_prior.shape == (3, 2, 2)
    assert learned.form == "exact"
    assert jax.vmap(lambda one: one.state_posterior(jnp.ones(6)))(learned).shape == (3, 2)
