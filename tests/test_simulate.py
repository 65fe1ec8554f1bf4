"""Simulated sources, encoders and cultures, and what can be recovered from them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import canonica
import oracle
from canonica import CanonicaError
from canonica.model import GenerativeModel
from canonica.simulate import (
    culture,
    encode,
    initial_counts,
    initial_model,
    likelihood_mapping,
    mixing_matrix,
    mixing_process,
)

TRIALS = 20_000
# Sources, inputs, mixing: the published sizes, no mixing, more sources, blocks that are not even.
MIXTURES = [(2, 32, 0.75), (2, 6, 1.0), (2, 6, 0.0), (3, 10, 0.6), (1, 4, 0.7)]


def assert_frequency(found, expected, number):
    """Assert that the mean of `number` 0/1 values is within five of its standard errors."""
    error = np.sqrt(expected * (1 - np.asarray(expected)) / number)
    assert (np.abs(found - expected) <= 5 * error + 1e-6).all()


def mixture(seed, **options):
    """Return sources and stimuli as integers of NumPy."""
    mixed = mixing_process(jax.random.key(seed), **({"trials": TRIALS} | options))
    return [np.asarray(part).astype(int) for part in mixed]


def assert_mapped(hidden, stimuli, mapping):
    """Assert that stimuli given each value of each source have the frequencies of the mapping."""
    for j in range(hidden.shape[1]):
        for value in (0, 1):
            seen = stimuli[hidden[:, j] == value]
            assert_frequency(seen.mean(axis=0), mapping[value, :, j], len(seen))


@pytest.mark.parametrize(("sources", "inputs", "mixing"), MIXTURES)
def test_stimuli_follow_the_likelihood_mapping(sources, inputs, mixing):
    hidden, stimuli = mixture(0, sources=sources, inputs=inputs, mixing=mixing)
    assert hidden.shape == (TRIALS, sources)
    assert stimuli.shape == (TRIALS, inputs)
    assert set(np.unique(hidden)) | set(np.unique(stimuli)) == {0, 1}
    assert_frequency(hidden.mean(axis=0), 0.5, TRIALS)
    mapping = likelihood_mapping(mixing_matrix(sources, inputs, mixing))
    assert mapping.shape == (2, inputs, sources)
    assert_mapped(hidden, stimuli, mapping)


def test_a_mixing_matrix_copies_the_own_source_and_shares_the_rest():
    shares = [0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]
    blocks = [shares[0]] * 4 + [shares[1]] * 3 + [shares[2]] * 3  # as evenly as ten inputs can
    np.testing.assert_allclose(mixing_matrix(3, 10, 0.6), blocks, rtol=1e-12)
    np.testing.assert_array_equal(mixing_matrix(1, 4, 0.7), np.ones((4, 1)))
    np.testing.assert_array_equal(mixing_matrix(2, 2, 1.0), np.eye(2))


def test_inputs_mix_as_a_matrix_says():
    """Any matrix: an input that copies one source only, one that leans, one for all alike."""
    matrix = np.array([[1.0, 0.0, 0.0], [0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [0.0, 0.5, 0.5]])
    matrix = np.tile(matrix, (3, 1))[:10]
    hidden, stimuli = mixture(1, sources=3, inputs=10, mixing=matrix)
    np.testing.assert_array_equal(stimuli[:, 0], hidden[:, 0])
    assert_mapped(hidden, stimuli, likelihood_mapping(matrix))
    # Given all sources, what an input shows is its share of those that are 1.
    for pattern in np.ndindex(2, 2, 2):
        seen = stimuli[(hidden == pattern).all(axis=1)]
        assert_frequency(seen.mean(axis=0), np.clip(matrix @ pattern, 0, 1), len(seen))


def test_inputs_and_trials_copy_independently():
    hidden, stimuli = mixture(2, inputs=6)
    apart = hidden[:, 0] != hidden[:, 1]
    shown = stimuli[apart] == hidden[apart, :1]  # which of the two sources was copied
    correlations = np.corrcoef(np.vstack([shown[1:].T, shown[:-1].T]))
    np.fill_diagonal(correlations, 0)
    assert np.abs(correlations).max() < 5 / np.sqrt(len(shown))


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9, 1.0])
def test_sources_are_as_correlated_as_is_asked(correlation):
    hidden, stimuli = mixture(3, sources=3, inputs=10, mixing=1.0, correlation=correlation)
    assert_frequency(hidden.mean(axis=0), 0.5, TRIALS)
    np.testing.assert_array_equal(stimuli, hidden[:, [0] * 4 + [1] * 3 + [2] * 3])
    for one, other in ((0, 1), (0, 2), (1, 2)):  # of fair coins, how often they agree
        agree = (hidden[:, one] == hidden[:, other]).mean()
        assert_frequency(agree, (1 + correlation) / 2, TRIALS)


@pytest.mark.parametrize("switching", [0.0, 0.02, 0.3, 0.5])
def test_sources_switch_as_often_as_is_asked(switching):
    """All are drawn anew together, and of each such draw half of the sources stay as they were."""
    hidden, stimuli = mixture(2, inputs=6, mixing=1.0, switching=switching)
    changed = hidden[1:] != hidden[:-1]
    assert_frequency(changed.mean(axis=0), switching, TRIALS - 1)
    assert_frequency(changed.all(axis=1).mean(), switching / 2, TRIALS - 1)
    np.testing.assert_array_equal(stimuli, hidden[:, [0, 0, 0, 1, 1, 1]])


def test_inputs_copy_anew_while_sources_are_held():
    hidden, stimuli = mixture(6, inputs=6, switching=0.0)
    assert (hidden == [0, 1]).all() or (hidden == [1, 0]).all()  # else take another seed
    matrix = mixing_matrix(2, 6, 0.75)
    assert_frequency(stimuli.mean(axis=0), matrix @ hidden[0], TRIALS)


def test_a_mixture_repeats_all_of_its_trials():
    once, again = (mixture(6, trials=50, inputs=6, repeats=n) for n in (1, 3))
    for one, many in zip(once, again, strict=True):
        np.testing.assert_array_equal(many, np.tile(one, (3, 1)))


def test_a_key_decides_a_mixture():
    options = {"trials": 50, "inputs": 6, "correlation": 0.2, "switching": 0.1}
    one, same, other = (mixture(seed, **options) for seed in (7, 7, 8))
    for left, right in zip(one, same, strict=True):
        np.testing.assert_array_equal(left, right)
    for left, right in zip(one, other, strict=True):
        assert (left != right).any()


def test_many_keys_make_many_mixtures():
    keys = jax.random.split(jax.random.key(9), 5)

    def mixed(key):
        return mixing_process(key, trials=50, inputs=6)

    together = jax.vmap(mixed)(keys)
    assert together.stimuli.shape == (5, 50, 6)
    for index, key in enumerate(keys):
        for many, one in zip(together, mixed(key), strict=True):
            np.testing.assert_array_equal(many[index], one)
    assert len(np.unique(together.stimuli.reshape(5, -1), axis=0)) == 5


@pytest.mark.parametrize("dtype", [np.int8, np.float32, bool])
def test_a_mixture_is_of_the_type_that_is_asked(dtype):
    found = mixing_process(jax.random.key(0), trials=50, inputs=6, dtype=dtype)
    assert {part.dtype for part in found} == {np.dtype(dtype)}


def test_a_mixture_is_of_the_floating_type_by_default():
    for double, dtype in ((True, np.float64), (False, np.float32)):
        with jax.enable_x64(double):
            found = mixing_process(jax.random.key(0), trials=50, inputs=6)
        assert {part.dtype for part in found} == {np.dtype(dtype)}


def test_encoder_is_the_transcription_of_inference_and_learning(x64):  # noqa: ARG001
    keys = jax.random.split(jax.random.key(0))
    _, stimuli = mixing_process(keys[0], trials=30, sources=2, inputs=6)
    counts = initial_counts(keys[1], sources=2, inputs=6)
    prior = np.array([[0.4, 0.7], [0.6, 0.3]])
    found = encode(GenerativeModel(counts, jnp.asarray(prior)), stimuli).posterior
    counts, stimuli = np.asarray(counts), np.asarray(stimuli)
    for t, stimulus in enumerate(stimuli):
        belief, _ = oracle.infer(counts, prior, stimulus[None], form="canonical")
        np.testing.assert_allclose(found[t], belief[0], rtol=1e-10)
        counts, _, _ = oracle.update_counts(counts, stimulus[None], belief)


def test_initial_counts_lean_towards_the_own_source(x64):  # noqa: ARG001
    counts = np.asarray(initial_counts(jax.random.key(0), sources=2, inputs=8))
    on = counts[1] / counts.sum(axis=0)
    np.testing.assert_allclose(on[1, :4], np.tile([0.52, 0.51], (4, 1)))
    np.testing.assert_allclose(on[0, 4:], np.tile([0.49, 0.48], (4, 1)))
    amplitudes = counts.sum(axis=0)
    np.testing.assert_allclose(amplitudes[0], amplitudes[1])  # one for each synapse
    assert len(np.unique(amplitudes[0])) == 16
    assert 200 <= amplitudes.min() <= amplitudes.max() <= 400


def test_initial_amplitudes_are_uniform_and_decided_by_the_key(x64):  # noqa: ARG001
    counts = initial_counts(
        jax.random.key(1), sources=3, inputs=3000, amplitude=(10.0, 30.0), lean=0.0
    )
    amplitudes = np.asarray(counts.sum(axis=0)[0]).ravel()
    np.testing.assert_allclose(counts, np.broadcast_to(counts.sum(axis=0) / 2, counts.shape))
    for quantile in (0.1, 0.5, 0.9):
        share = (amplitudes < 10 + 20 * quantile).mean()
        assert_frequency(share, quantile, amplitudes.size)
    keys = jax.random.split(jax.random.key(2), 3)
    batch = jax.vmap(lambda key: initial_model(key, inputs=4, state_prior=0.2))(keys)
    for index, key in enumerate(keys):
        alone = initial_model(key, inputs=4, state_prior=0.2)
        np.testing.assert_allclose(batch.likelihood_counts[index], alone.likelihood_counts)
        np.testing.assert_allclose(alone.likelihood_counts, initial_counts(key, inputs=4))
        np.testing.assert_allclose(batch.state_prior[index], [[0.8, 0.8], [0.2, 0.2]])
    assert len(np.unique(batch.likelihood_counts)) > 3 * 8


@pytest.mark.slow
def test_an_encoder_learns_to_separate_sources():
    keys = jax.random.split(jax.random.key(0), (2, 8))
    hidden, stimuli = jax.vmap(lambda key: mixing_process(key, trials=5000))(keys[0])
    beliefs = encode(jax.vmap(initial_model)(keys[1]), stimuli).posterior
    correlations = [
        np.corrcoef(belief[-1000:, j], source[-1000:, j])[0, 1]
        for belief, source in zip(np.asarray(beliefs), np.asarray(hidden), strict=True)
        for j in range(2)
    ]
    assert np.mean(correlations) > 0.8


def test_a_culture_is_decided_by_its_seed():
    sizes = {"sessions": 2, "trials_per_session": 16}
    one, same, other = (culture(seed, **sizes) for seed in (3, 3, 4))
    assert one.identical(same)
    assert not np.array_equal(one["responses"], other["responses"])
    assert one.attrs["origin"] == "canonica.simulate.culture, seed 3"


def test_a_culture_recorded_is_a_culture_understood(cultures):
    """Electrodes are assigned to the source that they prefer in truth, but for mixed ones."""
    for one in cultures:
        found = canonica.reverse_engineer(one)["electrode_ensemble"].to_numpy()
        truth = one["true_electrode_source"].to_numpy()
        told = (found > 0) & (truth > 0)
        assert (found[told] == truth[told]).mean() > 0.9
        assert told.sum() >= 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": 0},
        {"inputs": 1},
        {"electrodes": 3},
        {"sessions": 0},
        {"mixing": 1.1},
        {"state_prior": 0.0},
        {"learning_rate": -1.0},
        {"direct": 1.5},
        {"drift": float("nan")},
        {"dead": 65},
    ],
)
def test_sizes_out_of_range_are_named(wrong):
    with pytest.raises(CanonicaError, match=next(iter(wrong))):
        culture(0, **wrong)


def test_noise_biases_neither_thresholds_nor_weights():
    """Noisy activity gives the thresholds and weights of its mean, within their errors."""
    sessions, trials, inputs, strength = 12, 128, 6, 300.0
    deviations = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        o = generator.integers(0, 2, (sessions * trials, inputs)).astype(float)
        phi = np.log(generator.uniform(0.3, 0.7, 2))
        strengths = generator.uniform(0.3, 0.7, (2, inputs))
        bias = phi - np.log1p(-np.exp(phi))
        drive = o @ (4 * (strengths - 0.5)).T + bias
        mean = 1 / (1 + np.exp(-drive))
        x = generator.beta(5 * mean, 5 * (1 - mean))  # unbiased noise, as large as the signal
        protocol = canonica.PublishedProtocol(prior_strength=strength)
        result = canonica.reverse_engineer_responses(
            x.T, o, trials_per_session=trials, protocol=protocol
        )
        truth = mean[: 10 * trials].mean(axis=0)
        error = x[: 10 * trials].std(axis=0) / np.sqrt(10 * trials)
        level = np.exp(result["firing_threshold_factor"].sel(level=1).to_numpy())
        deviations.append((level - truth) / error)
        before = slice(0, (sessions - 1) * trials)
        hebbian = strength / 2 + mean[before].T @ o[before]
        home = strength + mean[before].sum(axis=0)[:, None]
        found = 1 / (1 + np.exp(-result["excitatory_weight"][-1].to_numpy()))
        spread = np.sqrt((mean[before] * (1 - mean[before]) / 6).T @ (o[before] - 0.5) ** 2) / home
        deviations.append(((found - hebbian / home) / (2 * spread)).ravel()[:2])
    deviations = np.concatenate(deviations)
    assert abs(deviations.mean()) < 4 / np.sqrt(deviations.size)
    assert np.abs(deviations).max() < 5
