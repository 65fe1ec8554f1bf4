"""Scores of forecasts: means of what they should be means of, honest, and never NaN."""

import jax
import numpy as np
import pytest
from scipy.special import expit

from canonica import CanonicaError
from canonica.reverse_engineering.forecasting.comparison._scores import session_scores
from canonica.reverse_engineering.forecasting.distribution import _censored_logistic as logistic

SHAPE = (3, 2, 40)
LEVELS = (0.3, 0.5, 0.9)


@pytest.fixture
def forecast(generator):
    """Return what was observed, its mean and scale, and which slots hold trials."""
    mean = expit(generator.normal(0, 2, SHAPE))
    scale = np.exp(generator.uniform(-3, 0, SHAPE))
    latent = generator.logistic(np.where(mean > 0.5, 0.8, 0.2), scale)
    valid = np.arange(SHAPE[2]) < np.array([40, 25, 1])[:, None]
    return latent.clip(0, 1), mean, scale, valid


def test_scores_are_means_over_the_trials_that_there_are(forecast):
    found = session_scores(*forecast, levels=LEVELS)
    x, p, s = forecast[:3]
    level = np.array(LEVELS)[:, None, None, None]
    with jax.enable_x64(True):
        m = jax.jit(logistic.location_of)(np.log(p / (1 - p)), s)
        low, high = (jax.jit(logistic.quantile)((1 + sign * level) / 2, m, s) for sign in (-1, 1))
        each = {
            "squared_error": (x - p) ** 2,
            "log_score": jax.jit(logistic.log_density)(x, m, s),
            "crps": jax.jit(logistic.crps)(x, m, s),
            "coverage": jax.jit(logistic.coverage)(x, m, s, level),
            "width": np.asarray(high) - np.asarray(low),
        }
    for name, values in each.items():
        for session, there in enumerate(forecast[3]):
            mean = np.asarray(values)[..., session, :, there].mean(axis=(0, -1))
            np.testing.assert_allclose(getattr(found, name)[..., session], mean, rtol=1e-12)
    assert {one.dtype for one in found} == {np.dtype(np.float64)}


def test_what_empty_slots_hold_does_not_matter(forecast):
    observed, mean, scale, valid = forecast
    empty = ~np.broadcast_to(valid[:, None], SHAPE)
    wrong = [np.where(empty, np.nan, part) for part in (observed, mean, scale)]
    for one, other in zip(
        session_scores(*forecast), session_scores(*wrong, valid.astype(float)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_true_forecast_covers_as_it_says_and_beats_false_ones(generator):
    shape = (1, 2, 20_000)
    mean = np.broadcast_to(np.linspace(0.02, 0.98, 50).repeat(400), shape)
    scale = np.full(shape, 0.25)
    with jax.enable_x64(True):
        location = np.asarray(logistic.location_of(np.log(mean / (1 - mean)), scale))
    observed = generator.logistic(location, scale).clip(0, 1)
    valid = np.ones((1, 20_000))
    assert 0.2 < np.isin(observed, (0, 1)).mean() < 0.8
    true = session_scores(observed, mean, scale, valid)
    spread = np.sqrt(np.array([0.25, 0.09]) / observed.size)
    assert (np.abs(true.coverage[:, 0] - [0.5, 0.9]) < 4 * spread).all()
    for other in (
        session_scores(observed, mean, scale * 0.7, valid),
        session_scores(observed, mean, scale * 1.5, valid),
        session_scores(observed, 0.5 + 0.8 * (mean - 0.5), scale, valid),
    ):
        assert other.log_score[0] < true.log_score[0]
        assert other.crps[0] > true.crps[0]


def test_certain_means_are_scored_without_nan_and_punished_when_wrong(forecast):
    _, _, _, valid = forecast
    scale = np.full(SHAPE, 0.05)
    for certain in (0.0, 1.0):
        mean = np.full(SHAPE, certain)
        right, between, wrong = (
            session_scores(np.full(SHAPE, x), mean, scale, valid)
            for x in (certain, 0.5, 1 - certain)
        )
        for part in (*right, *between, *wrong):
            assert np.isfinite(part).all()
        assert (right.log_score > -1e-9).all()
        assert (right.crps < 1e-9).all()
        assert (between.log_score < -20).all()
        assert (wrong.log_score < between.log_score).all()
        assert wrong.squared_error.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        (0, np.nan, "observed: found nan, and 0 more"),
        (1, 1.5, "mean: found 1.5, .*expected numbers from 0 to 1"),
        (2, 0.0, "scale: found 0, .*above 0"),
        (2, np.inf, "scale: found inf"),
    ],
)
def test_values_out_of_range_are_refused(forecast, part, value, message):
    wrong = list(forecast)
    wrong[part] = wrong[part].copy()
    wrong[part][1, 1, 3] = value
    with pytest.raises(CanonicaError, match=message):
        session_scores(*wrong)


def test_sessions_without_trials_and_impossible_levels_are_refused(forecast):
    *parts, valid = forecast
    with pytest.raises(CanonicaError, match="valid: found a session without trials"):
        session_scores(*parts, valid & (np.arange(3) > 0)[:, None])
    with pytest.raises(CanonicaError, match="levels: found 90"):
        session_scores(*forecast, levels=(90.0,))
