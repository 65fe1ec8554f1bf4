"""Simulated sources, encoders and cultures, and what can be recovered from them."""

import numpy as np
import pytest

import canonica
import oracle
from canonica import CanonicaError
from canonica.simulate import culture, encode, initial_counts, likelihood_mapping, mixing_process


def test_stimuli_follow_the_likelihood_mapping(generator):
    trials = 20_000
    for sources, inputs, mixing in ((2, 32, 0.75), (2, 8, 1.0), (3, 10, 0.6), (1, 4, 0.7)):
        hidden, stimuli = mixing_process(
            generator, trials=trials, sources=sources, inputs=inputs, mixing=mixing
        )
        expected = likelihood_mapping(sources, inputs, mixing)
        for j in range(sources):
            for value in (0, 1):
                found = stimuli[hidden[:, j] == value].mean(axis=0)
                # Five standard errors of a frequency over about half of the trials.
                np.testing.assert_allclose(found, expected[value, :, j], atol=5 * 0.5 / 100)


def test_encoder_is_the_transcription_of_inference_and_learning(generator):
    _, stimuli = mixing_process(generator, trials=30, sources=2, inputs=6)
    counts = initial_counts(generator, sources=2, inputs=6)
    prior = np.array([[0.4, 0.7], [0.6, 0.3]])
    found = encode(counts, prior, stimuli)
    for t, stimulus in enumerate(stimuli):
        belief, _ = oracle.infer(counts, prior, stimulus[None], form="canonical")
        np.testing.assert_allclose(found[t], belief[0], rtol=1e-10)
        counts, _, _ = oracle.update_counts(counts, stimulus[None], belief)


def test_initial_counts_lean_towards_the_own_source(generator):
    counts = initial_counts(generator, sources=2, inputs=8)
    on = counts[1] / counts.sum(axis=0)
    np.testing.assert_allclose(on[1, :4], np.tile([0.52, 0.51], (4, 1)))
    np.testing.assert_allclose(on[0, 4:], np.tile([0.49, 0.48], (4, 1)))
    assert 200 <= counts.sum(axis=0).min() <= counts.sum(axis=0).max() <= 400


def test_an_encoder_learns_to_separate_sources():
    correlations = []
    for seed in range(8):
        generator = np.random.default_rng(seed)
        hidden, stimuli = mixing_process(generator, trials=5000)
        counts = initial_counts(generator, sources=2, inputs=32)
        belief = encode(counts, np.full((2, 2), 0.5), stimuli)[-1000:]
        correlations.append([np.corrcoef(belief[:, j], hidden[-1000:, j])[0, 1] for j in range(2)])
    assert np.mean(correlations) > 0.8


def test_a_culture_is_decided_by_its_seed():
    sizes = {"sessions": 2, "trials_per_session": 16}
    one, same, other = (culture(seed, **sizes) for seed in (3, 3, 4))
    assert one.identical(same)
    assert not np.array_equal(one["responses"], other["responses"])
    assert one.attrs["origin"] == "canonica.simulate.culture, seed 3"


def test_a_culture_recorded_is_a_culture_understood(cultures):
    """Electrodes are assigned to the source that drives them."""
    for one in cultures:
        found = canonica.reverse_engineer(one)["electrode_ensemble"].to_numpy()
        driven = np.arange(64) % 2 + 1
        assert (found[found > 0] == driven[found > 0]).all()
        assert (found > 0).sum() >= 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": 0},
        {"inputs": 1},
        {"electrodes": 3},
        {"sessions": 0},
        {"mixing": 1.1},
        {"state_prior": 0.0},
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
