"""Means of sessions and their quantiles: by hand, and where futures are drawn from the forecast."""

import jax
import numpy as np
import pytest
from scipy.special import expit, logit

from canonica.reverse_engineering.forecasting import QUANTILES, Known
from canonica.reverse_engineering.forecasting._labelled import (
    response_quantiles,
    session_mean_variables,
)
from canonica.reverse_engineering.forecasting._predicted import Combined, Predicted
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import location_of

SESSIONS, ENSEMBLES, SLOTS, STATES = 700, 2, 12, 3
SCALE = 0.25


def simulated(generator, weight, spread):
    """Return what is known, what is foretold, and a future that is drawn from it.

    Many short sessions, each a replicate, of unequal numbers of trials and source states. In each
    one component of the mixture is right; its means are a draw from its posterior, of standard
    deviation `spread`; and responses scatter about them.
    """
    valid = np.arange(SLOTS) < generator.integers(6, SLOTS + 1, SESSIONS)[:, None]
    state = generator.choice(STATES, (SESSIONS, SLOTS), p=[0.6, 0.3, 0.1]) * valid
    shape = SESSIONS, ENSEMBLES, STATES
    index = state[:, None].repeat(ENSEMBLES, axis=1)
    parts, true = [], []
    for centre in np.linspace(0.4, 0.6, len(weight)):
        mean = expit(logit(centre) + generator.normal(0, 0.7, shape))
        draws = mean + spread * generator.normal(size=(400, *shape))
        of_trials = np.take_along_axis(mean, index, axis=2)
        parts.append(Predicted(of_trials, np.full(of_trials.shape, SCALE), draws))
        drawn = mean + spread * generator.normal(size=shape)
        true.append(np.take_along_axis(drawn, index, axis=2))
    right = generator.choice(len(weight), size=SESSIONS, p=weight)
    expected = np.stack(true)[right, np.arange(SESSIONS)].clip(1e-3, 1 - 1e-3)
    with jax.enable_x64(True):
        location = np.asarray(location_of(logit(expected), SCALE))
    x = generator.logistic(location, SCALE).clip(0, 1)
    known = Known(x[:1], np.zeros((SESSIONS, SLOTS, 1)), valid, state, STATES)
    return known, Combined(np.asarray(weight), tuple(parts), ("a", "b")[: len(weight)]), x


def state_means(known, x):
    """Return mean and number of the trials of each state of each session, in loops."""
    mean = np.full((SESSIONS, ENSEMBLES, STATES), np.nan)
    number = np.zeros((SESSIONS, STATES), int)
    for session in range(SESSIONS):
        for state in range(STATES):
            shown = known.valid[session] & (known.state[session] == state)
            number[session, state] = shown.sum()
            if shown.any():
                mean[session, :, state] = x[session][:, shown].mean(axis=1)
    return mean, number


def session_means(known, x):
    return np.stack([one[:, there].mean(axis=1) for one, there in zip(x, known.valid, strict=True)])


@pytest.mark.parametrize("weight", [[1.0], [0.3, 0.7]])
def test_expected_means_are_means_of_expectations(generator, weight):
    known, mixture, _ = simulated(generator, weight, spread=0.05)
    found = session_mean_variables(known, mixture, jax.random.key(0))
    expected = sum(w * part.mean for w, part in zip(weight, mixture.parts, strict=True))
    by_state, _ = state_means(known, expected)
    np.testing.assert_allclose(found["predicted_state_response"][1], by_state, rtol=1e-12)
    by_session = session_means(known, expected)
    np.testing.assert_allclose(found["predicted_session_response"][1], by_session, rtol=1e-12)


@pytest.mark.parametrize(("weight", "spread"), [([1.0], 0.0), ([1.0], 0.1), ([0.4, 0.6], 0.05)])
def test_futures_fall_below_a_quantile_as_often_as_it_says(generator, weight, spread):
    """The probability integral transform of means and responses that come true."""
    known, mixture, x = simulated(generator, weight, spread)
    found = session_mean_variables(known, mixture, jax.random.key(0))
    of_sessions = found["predicted_session_response_quantile"][1]
    _evenly(session_means(known, x).ravel(), of_sessions.reshape(len(QUANTILES), -1))
    mean, number = state_means(known, x)
    several = np.broadcast_to((number >= 3)[:, None], mean.shape)  # whose mean is nearly normal
    _evenly(mean[several], found["predicted_state_response_quantile"][1][:, several])


@pytest.mark.parametrize("weight", [[1.0], [0.4, 0.6]])
def test_single_responses_do_too(generator, weight):
    known, mixture, x = simulated(generator, weight, spread=0.0)
    quantiles = response_quantiles(mixture.weight, mixture.mean, mixture.scale, QUANTILES)
    inside = known.valid[:, None] & (x > 0) & (x < 1)
    total = np.broadcast_to(known.valid[:, None], x.shape).sum()
    for probability, quantile in zip(QUANTILES, np.asarray(quantiles), strict=True):
        below = ((x < quantile) | ((x == 0) & (quantile > 0)))[known.valid[:, None] & (x >= 0)]
        # Where the quantile is 0 or 1, it says nothing of how often a response is below it.
        within = ((quantile > 0) & (quantile < 1))[known.valid[:, None] & (x >= 0)]
        error = np.sqrt(probability * (1 - probability) / within.sum())
        assert below[within].mean() == pytest.approx(probability, abs=4 * error)
    assert 0.3 < inside.sum() / total < 1


def _evenly(values, quantiles):
    for probability, quantile in zip(QUANTILES, quantiles, strict=True):
        share = (values < quantile).mean()
        error = np.sqrt(probability * (1 - probability) / values.size)
        # Beside chance, a little: means of few responses are not quite normal.
        assert share == pytest.approx(probability, abs=3.5 * error + 0.012)
