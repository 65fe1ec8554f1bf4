"""Partial pooling: against its prior, known counts, brute force, and networks of known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from canonica import CanonicaError
from canonica.reverse_engineering.forecasting.plasticity._hierarchy import (
    LARGEST_DEVIATION,
    LEAST_DEVIATION,
    difference,
    pooled_plasticity,
)

STRENGTHS = np.geomspace(1e2, 1e5, 16)
RATES = np.log(STRENGTHS)
TAILS = [0.05, 0.95]


def certain(plastic, recordings, size=1000.0):
    """Return log likelihoods that leave no doubt of which recordings are plastic."""
    sign = np.where(np.arange(recordings) < plastic, 1, -1)
    return np.broadcast_to(size * sign[:, None], (recordings, len(STRENGTHS))).astype(float)


@pytest.mark.parametrize("recordings", [1, 6])
def test_without_information_the_posterior_is_the_prior(recordings):
    found = pooled_plasticity(np.zeros((recordings, 16)), STRENGTHS)
    assert found.share_plastic == pytest.approx(0.5)
    assert found.share_plastic_interval == pytest.approx(TAILS)
    assert found.prior_strength == pytest.approx(np.exp(RATES[[0, -1]].mean()))
    assert found.prior_strength_interval == pytest.approx(
        np.exp(np.quantile(RATES[[0, -1]], TAILS))
    )
    np.testing.assert_allclose(found.plastic_probability, 0.5)
    np.testing.assert_allclose(found.recording_prior_strength, found.prior_strength)
    np.testing.assert_allclose(found.plastic_count_probability, 1 / (recordings + 1))
    assert found.log_evidence_of_none == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("plastic", "recordings"), [(0, 1), (0, 6), (2, 7), (5, 5), (30, 40)])
def test_recordings_beyond_doubt_are_counted(plastic, recordings):
    found = pooled_plasticity(certain(plastic, recordings), STRENGTHS, condition="bic")
    exact = beta(1 + plastic, 1 + recordings - plastic)
    assert found.share_plastic == pytest.approx(exact.mean())
    assert found.share_plastic_interval == pytest.approx(exact.ppf(TAILS))
    np.testing.assert_allclose(
        found.plastic_probability, np.arange(recordings) < plastic, atol=1e-12
    )
    assert found.sentence.startswith(f"bic: {plastic} of {recordings} recordings are probably")
    assert ("typical prior strength" in found.sentence) == (plastic > 0)
    if not plastic:  # Beta(1, 1 + n): each further recording halves, thirds, ... what is left
        assert found.log_evidence_of_none == pytest.approx(np.log(1 + recordings))


@given(st.integers(0, 10_000))
@settings(max_examples=10)
def test_it_is_the_sum_over_all_grids(seed):
    """By brute force: every share, mean and deviation, one after the other."""
    rng = np.random.default_rng(seed)
    strengths = np.sort(np.exp(rng.uniform(3, 9, 5)))
    log_likelihood = rng.normal(0, 3, (4, 5))
    found = pooled_plasticity(log_likelihood, strengths)

    rates = np.log(strengths)
    width = np.diff(np.concatenate([rates[:1], (rates[1:] + rates[:-1]) / 2, rates[-1:]]))
    mu = rates[0] + (rates[-1] - rates[0]) * (np.arange(41) + 0.5) / 41
    sigma = 0.1 * 20 ** ((np.arange(12) + 0.5) / 12)
    weight = width * np.exp(-0.5 * ((rates - mu[:, None, None]) / sigma[:, None]) ** 2)
    weight /= weight.sum(axis=-1, keepdims=True)
    nodes, node_weights = np.polynomial.legendre.leggauss(20)
    share, share_weight = ((nodes + 1) / 2)[:, None, None, None], node_weights / 2

    plastic = share * np.einsum("msk,rk->msr", weight, np.exp(log_likelihood))
    mixed = 1 - share + plastic
    joint = mixed.prod(axis=-1) * share_weight[:, None, None] / (41 * 12)
    evidence = joint.sum()
    joint /= evidence
    assert found.log_evidence_of_none == pytest.approx(-np.log(evidence))
    assert found.share_plastic == pytest.approx((joint * share[..., 0]).sum())
    each = joint[..., None] * plastic / mixed
    np.testing.assert_allclose(found.plastic_probability, each.sum(axis=(0, 1, 2)))
    of_mean = np.concatenate([[0], joint.sum(axis=(0, 2)).cumsum()])
    edges = np.linspace(rates[0], rates[-1], 42)
    assert np.log(found.prior_strength) == pytest.approx(np.interp(0.5, of_mean, edges))
    cells = np.concatenate([rates[:1], (rates[1:] + rates[:-1]) / 2, rates[-1:]])
    for number, strength in enumerate(found.recording_prior_strength):
        own = np.einsum("pms,msk->k", joint * share[..., 0] / mixed[..., number], weight) * np.exp(
            log_likelihood[number]
        )
        cumulative = np.concatenate([[0], own.cumsum() / own.sum()])
        assert np.log(strength) == pytest.approx(np.interp(0.5, cumulative, cells))


def test_recordings_are_drawn_towards_what_the_others_are():
    likelihood = -0.5 * (RATES - np.array([7.0, 7.2, 6.9, 7.1, 9.0])[:, None]) ** 2 / 0.3**2
    likelihood[-1] /= 16  # the last is badly known
    together = pooled_plasticity(likelihood + 5, STRENGTHS)
    alone = pooled_plasticity(likelihood[-1:] + 5, STRENGTHS)
    assert 8.5 < np.log(alone.recording_prior_strength[0]) < 9.5
    assert 7 < np.log(together.recording_prior_strength[-1]) < 7.5
    np.testing.assert_allclose(np.log(together.recording_prior_strength[:2]), [7, 7.2], atol=0.15)


def test_the_order_of_recordings_does_not_matter(generator):
    likelihood = generator.normal(0, 4, (6, 16))
    order = generator.permutation(6)
    one, other = (pooled_plasticity(part, STRENGTHS) for part in (likelihood, likelihood[order]))
    assert one.share_plastic == pytest.approx(other.share_plastic)
    np.testing.assert_allclose(one.plastic_probability[order], other.plastic_probability)
    np.testing.assert_allclose(one.recording_prior_strength[order], other.recording_prior_strength)


def simulated(rng, recordings=6):
    """Return what recordings drawn from the prior are, and the log likelihoods of what is seen.

    What is seen of each is normal: about its log strength where it is plastic, about 3 otherwise.
    """
    share, mu = rng.uniform(), rng.uniform(RATES[0], RATES[-1])
    sigma = np.exp(rng.uniform(np.log(LEAST_DEVIATION), np.log(LARGEST_DEVIATION)))
    width = np.full(16, 1.0)
    width[[0, -1]] = 0.5
    weight = width * np.exp(-0.5 * ((RATES - mu) / sigma) ** 2)
    rate = rng.choice(RATES, recordings, p=weight / weight.sum())
    plastic = rng.uniform(size=recordings) < share
    seen = np.where(plastic, rng.normal(rate, 0.5), rng.normal(3, 2, recordings))[:, None]
    none = -0.5 * ((seen - 3) / 2) ** 2 - np.log(2)
    return share, mu, plastic, -0.5 * ((seen - RATES) / 0.5) ** 2 - np.log(0.5) - none


def test_intervals_cover_the_truth_as_often_as_they_say(generator):
    draws = 150
    covered, probability, truth = np.zeros(2), [], []
    for _ in range(draws):
        share, mu, plastic, likelihood = simulated(generator)
        found = pooled_plasticity(likelihood, STRENGTHS)
        low, high = found.share_plastic_interval
        covered[0] += low <= share <= high
        low, high = np.log(found.prior_strength_interval)
        covered[1] += low <= mu <= high
        probability.extend(found.plastic_probability)
        truth.extend(plastic)
    assert (np.abs(covered / draws - 0.9) < 4 * np.sqrt(0.09 / draws)).all()
    probability, truth = np.array(probability), np.array(truth)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):  # as often plastic as they are said to be
        here = (probability >= low) & (probability <= low + 0.2)
        error = probability[here].mean() - truth[here].mean()
        assert abs(error) < 4 * np.sqrt(0.25 / here.sum())


@pytest.mark.parametrize(("one", "other"), [((5, 6), (0, 4)), ((1, 9), (2, 3)), ((0, 1), (0, 1))])
def test_the_difference_of_shares_is_that_of_draws(one, other, generator):
    a, b = (pooled_plasticity(certain(*pair), STRENGTHS) for pair in (one, other))
    found = difference(a, b)
    draws = np.subtract(*(generator.beta(1 + k, 1 + n - k, 400_000) for k, n in (one, other)))
    assert found.mean == pytest.approx(draws.mean(), abs=3e-3)
    assert found.interval == pytest.approx(np.quantile(draws, TAILS), abs=5e-3)
    assert found.probability_larger == pytest.approx((draws > 0).mean(), abs=4e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_the_difference_is_mirrored(seed):
    rng = np.random.default_rng(seed)
    a, b = (
        pooled_plasticity(rng.normal(0, 3, (n, 3)), STRENGTHS[::6], condition=name)
        for name, n in (("a", 3), ("b", 5))
    )
    one, other = difference(a, b), difference(b, a)
    assert one.mean == pytest.approx(-other.mean)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]), abs=1e-9)
    assert one.probability_larger == pytest.approx(1 - other.probability_larger)
    assert one.interval[0] < one.mean < one.interval[1]
    assert "in a less that in b" in one.sentence


@pytest.mark.parametrize(
    ("likelihood", "strengths", "message"),
    [
        (np.zeros((2, 3)), np.array([1.0, 3.0, 2.0]), "prior_strength: found 1.0, 3.0, 2.0"),
        (np.zeros((2, 1)), np.array([1.0]), "at least two"),
        (np.zeros((2, 2)), np.array([0.0, 1.0]), "above 0"),
        (np.array([[0.0, np.nan]]), np.array([1.0, 2.0]), "log_likelihood: found nan"),
        (np.zeros((0, 2)), np.array([1.0, 2.0]), "log_likelihood: found an empty array"),
    ],
)
def test_impossible_numbers_are_refused(likelihood, strengths, message):
    with pytest.raises(CanonicaError, match=message):
        pooled_plasticity(likelihood, strengths)
