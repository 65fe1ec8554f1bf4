"""One ensemble so small that its curvature can be had densely: what tests of the fit begin with."""

import jax
import jax.numpy as jnp
import numpy as np

from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    information,
    location_of,
    location_slopes,
)
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import learned_before
from canonica.reverse_engineering.forecasting.plasticity._laplace import (
    Fit,
    Learned,
    Trials,
    log_odds,
)
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import session_sums
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    EffectSizes,
    Variances,
    prior,
)
from quick_compilation import compiled

SESSIONS, SLOTS, INPUTS, STIMULI, STATES = 4, 12, 3, 5, 2
SIZES = EffectSizes(INPUTS, SESSIONS, STATES)
SIZE = SIZES.all
VARIANCES = Variances(
    0.5,
    0.3,
    0.2,
    np.array([0.02, 0.01]),
    np.array([0.04, 0.03]),
    np.array([[0.05, 0.2], [0.1, 0.01]]),
)
RATE, RETENTION = 0.05, 0.7


def small_trials():
    """Return sessions of one ensemble, the last one short, one stimulus that comes once."""
    rng = np.random.default_rng(1)
    patterns = rng.integers(0, 2, (STIMULI + 1, INPUTS)).astype(float)
    patterns[1:3] = [[0.0] * INPUTS, [1.0] * INPUTS]
    stimulus = rng.integers(0, STIMULI, (SESSIONS, SLOTS))
    stimulus[2, 3] = STIMULI
    response = np.clip(rng.normal(0.5, 0.4, (SESSIONS, SLOTS)), 0, 1)
    valid = np.ones((SESSIONS, SLOTS), bool)
    valid[-1, -2:] = False
    state = (stimulus == 0).astype(int)
    given = (response, patterns[stimulus], valid, state, stimulus, np.ones(STIMULI, bool))
    return Trials(*map(jnp.asarray, given))


def small_fit():
    """Return parameters that are not the likeliest, nor 0."""
    rng = np.random.default_rng(2)
    drawn = rng.normal(0, 0.3, SIZE), rng.normal(0, 0.5, STIMULI), np.log([0.2, 0.1])
    return Fit(*map(jnp.asarray, drawn))


def small_learned(trials):
    """Return what a network that learns and forgets has learned by each session."""
    return Learned(learned_before(session_sums(*trials[:3]), RETENTION)[0], RATE)


def dense_curvature(trials, fit, learned, *, variances=VARIANCES, adaptive):
    """Return J' information J and the prior's inverse covariance, of parameters then stimuli."""
    valid = np.nonzero(np.asarray(trials.valid))

    def all_log_odds(vector):
        one = Fit(vector[:SIZE], vector[SIZE:], fit.log_scale)
        return log_odds(trials, one, learned, adaptive=adaptive)[valid]

    vector = jnp.concatenate([fit.parameters, fit.effect])
    jacobian = np.asarray(compiled(jax.jacobian(all_log_odds))(vector))
    weight = _information(trials, all_log_odds(vector), fit)
    precision = np.diag(np.full(SIZE + STIMULI, 1 / variances.stimulus))
    precision[:SIZE, :SIZE] = prior(variances, SIZES).precision
    return jacobian.T @ (weight[:, None] * jacobian) + precision, precision


def _information(trials, v, fit):
    """Return the expected curvature of each trial in its log odds."""
    scale = jnp.exp(fit.log_scale)[trials.state[trials.valid]]
    location = location_of(v, scale)
    slope = location_slopes(v, location, scale).log_odds
    return np.asarray(information(location, scale) * slope**2)
