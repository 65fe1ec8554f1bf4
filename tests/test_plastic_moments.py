"""Moments of what is drawn from the posterior and carried on, against dense algebra."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from plastic_problem import (
    INPUTS,
    RATE,
    RETENTION,
    SESSIONS,
    SIZE,
    SIZES,
    SLOTS,
    STATES,
    STIMULI,
    VARIANCES,
    dense_curvature,
    small_fit,
    small_learned,
    small_trials,
)
from scipy.special import expit

from canonica.model import SynapticSums
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    location_of,
    location_slopes,
)
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import Plasticity
from canonica.reverse_engineering.forecasting.plasticity._laplace import (
    LARGEST_DECREMENT,
    Fit,
    Learned,
    fitted,
    fitted_with_variances,
    step,
)
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import (
    LOGISTIC_VARIANCE,
    AllSessions,
    DrawnPlasticity,
    _samples,
    future,
)
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    PSEUDO_OBSERVATIONS,
    USUAL,
    Parts,
    Variances,
    parts,
    session_times,
)
from quick_compilation import compiled

DRAWS = 8000
LATER = 3  # sessions that are foretold
OTHER = Variances(
    0.3, 0.5, 0.4, np.array([0.2, 0.1]), np.array([0.5, 0.3]), np.array([[0.3, 0.1], [0.02, 0.2]])
)
EACH = (VARIANCES, OTHER)  # of two ensembles


@pytest.fixture(scope="module")
def trials():
    with jax.enable_x64(True):
        yield small_trials()


@pytest.fixture(scope="module")
def fit(trials):  # noqa: ARG001
    return small_fit()


def never_learned():
    nothing = jnp.zeros((SESSIONS, 2, 1, INPUTS))
    return Learned(SynapticSums(nothing, nothing), 0.0)


def scatters_as(drawn, covariance, deviations=5.0):
    """Check that means are 0 and second moments are those, after whitening, up to chance."""
    white = np.linalg.solve(np.linalg.cholesky(covariance), drawn.T)
    error = deviations / np.sqrt(drawn.shape[0])
    np.testing.assert_allclose(white.mean(axis=1), 0, atol=error)
    np.testing.assert_allclose(white @ white.T / drawn.shape[0], np.eye(len(white)), atol=2 * error)


def test_samples_scatter_as_the_inverse_of_the_dense_curvature(trials, fit):
    """Of learning networks; and a stimulus that does not come again evokes nothing."""
    some = trials._replace(repeated=jnp.arange(STIMULI) < STIMULI - 1)
    keys = jax.random.split(jax.random.key(0), DRAWS)
    take = compiled(partial(_samples, adaptive=True))
    drawn = take(some, Plasticity(RATE, RETENTION), fit, VARIANCES, keys)
    assert not drawn.effect[:, -1].any()
    every = [part.reshape(DRAWS, -1) for part in drawn.parts]
    found = np.concatenate([*every, drawn.effect[:, :-1]], axis=1)
    expected = np.concatenate([fit.parameters, fit.effect[:-1]])
    curvature, _ = dense_curvature(trials, fit, small_learned(trials), adaptive=True)
    covariance = np.linalg.inv(curvature)[:-1, :-1]
    scatters_as(found - expected, covariance)
    alike = np.corrcoef(found.T)[SIZE:, :INPUTS]
    assert np.abs(alike).max() > 0.2  # so that a wrong sign between them is seen


def test_variances_are_estimated_from_second_moments(trials):
    """The first step of EM: squares at the new fit, and the dense inverse of the curvature."""
    climb = compiled(partial(fitted_with_variances, states=STATES, steps=1, adaptive=True))
    new, variances = climb(trials, never_learned())
    start = Fit(jnp.zeros(SIZE), jnp.zeros(STIMULI), jnp.full(STATES, jnp.log(0.15)))
    curvature, _ = dense_curvature(trials, start, never_learned(), variances=USUAL, adaptive=True)
    covariance = np.linalg.inv(curvature)
    own = np.diag(covariance)
    squares = parts(new.parameters**2 + own[:SIZE], SIZES)._asdict()
    squares["stimulus"] = new.effect**2 + own[SIZE:]
    for name in ("weight", "stimulus", "trend"):
        pseudo, usual = getattr(PSEUDO_OBSERVATIONS, name), getattr(USUAL, name)
        total, number = np.sum(squares[name]), len(squares[name])
        by_hand = (total + pseudo * usual) / (number + pseudo)
        np.testing.assert_allclose(getattr(variances, name), by_hand, rtol=1e-8, err_msg=name)
    apart = np.abs(np.subtract.outer(np.arange(SESSIONS), np.arange(SESSIONS)))
    correlated = np.eye(SESSIONS), np.exp(-apart / 3.0)
    found = [variances.offset, variances.gain, *variances.state]
    usual = [USUAL.offset, USUAL.gain, *[USUAL.state] * STATES]
    for level, taken in enumerate(usual):
        here = slice(SIZE - (2 + STATES - level) * SESSIONS, SIZE - (1 + STATES - level) * SESSIONS)
        mean, posterior = new.parameters[here], covariance[:SIZE, :SIZE][here, here]
        whole = sum(v * c for v, c in zip(taken, correlated, strict=True))
        for scale, (v, c) in enumerate(zip(taken, correlated, strict=True)):
            # Mean and covariance of this part, given the whole; then averaged over the whole.
            of_part = v * c @ np.linalg.inv(whole)
            moment = of_part @ (posterior + np.outer(mean, mean)) @ of_part.T
            moment += v * c - of_part @ (v * c)
            total = np.trace(np.linalg.solve(c, moment))
            by_hand = (total + 4 * v) / (SESSIONS + 4)
            np.testing.assert_allclose(found[level][scale], by_hand, rtol=1e-8)


def test_room_for_stimuli_that_do_not_come_changes_no_variance(trials):
    """Recordings of one batch have room for as many stimuli as that with the most."""
    climb = compiled(partial(fitted_with_variances, states=STATES, steps=2, adaptive=True))
    wider = trials._replace(
        stimulus=jnp.where(trials.stimulus == STIMULI, STIMULI + 2, trials.stimulus),
        repeated=jnp.concatenate([trials.repeated, jnp.zeros(2, bool)]),
    )
    for found, expected in zip(
        climb(wider, never_learned())[1], climb(trials, never_learned())[1], strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_the_evidence_takes_the_gain_of_the_last_step_for_its_decrement(trials, fit):
    learned = small_learned(trials)
    climb = compiled(partial(fitted, steps=1, adaptive=True))
    look = compiled(partial(step, adaptive=True))
    near = fit
    for _ in range(5):
        near = climb(trials, near, learned, VARIANCES).fit
    for start in (fit, near):
        here = look(trials, start, learned, VARIANCES)
        found = climb(trials, start, learned, VARIANCES)
        gained = min(float(here.newton_decrement), LARGEST_DECREMENT)
        np.testing.assert_allclose(found.log_evidence - here.log_evidence, gained, rtol=1e-9)
    assert (
        1e-9 < gained < LARGEST_DECREMENT < look(trials, fit, learned, VARIANCES).newton_decrement
    )


@pytest.fixture(scope="module")
def foretold(trials, fit):
    """Return two frozen ensembles, one stimulus of them never seen, and their future."""
    fits = Fit(*(jnp.stack([part, 0.7 * part]) for part in fit))
    every = SESSIONS + LATER
    again = jnp.arange(every) % SESSIONS
    stimulus = np.array(trials.stimulus[again])
    stimulus[-1, :2] = STIMULI
    world = AllSessions(
        trials.stimuli[again],
        trials.valid[again],
        trials.state[again],
        stimulus,
        jnp.full((every, SLOTS, 1), 1 / SLOTS),
    )
    initial = Initial(jnp.stack([trials.response] * 2, axis=1), *trials[1:])
    draws = 2
    drawn = DrawnPlasticity(
        Plasticity(jnp.zeros(draws), jnp.ones(draws)),
        jax.tree.map(lambda part: jnp.stack([part] * draws), fits),
    )
    variances = Variances(
        *(jnp.stack([*map(jnp.asarray, both)]) for both in zip(*EACH, strict=True))
    )
    ahead = future(
        initial,
        world,
        drawn,
        variances,
        jax.random.key(1),
        quantiles=jnp.array([0.5]),
        samples=DRAWS // draws,
        adaptive=True,
    )
    return world, fits, jax.tree.map(np.asarray, ahead)


def log_odds_moments(trials, world, fit, variances):
    """Return mean and variance of each trial's log odds: linear, where nothing is learned."""
    curvature, _ = dense_curvature(trials, fit, never_learned(), variances=variances, adaptive=True)
    covariance = np.linalg.inv(curvature)
    vector = np.concatenate([fit.parameters, fit.effect])
    mean, variance = np.zeros(world.stimulus.shape), np.zeros(world.stimulus.shape)
    for n, t in np.ndindex(mean.shape):
        o, number = np.asarray(world.stimuli[n, t]), int(world.stimulus[n, t])
        row = slopes(n, o, int(world.state[n, t]), variances)
        own = new_variance(n, o, int(world.state[n, t]), variances)
        row = np.append(row, np.zeros(STIMULI))
        if number < STIMULI:
            row[SIZE + number] = 1
        else:
            own += variances.stimulus
        mean[n, t] = row @ vector
        variance[n, t] = row @ covariance @ row + own
    return mean, variance


def of_level(variances, state):
    """Return the covariance over all sessions of offset, gain and the response to a state."""
    every = SESSIONS + LATER
    apart = np.abs(np.subtract.outer(np.arange(every), np.arange(every)))
    each = variances.offset, variances.gain, np.asarray(variances.state)[state]
    return [once * np.eye(every) + lasting * np.exp(-apart / 3.0) for once, lasting in each]


def new_variance(session, o, state, variances):
    """Return what deviations vary beyond what the initial sessions tell of them."""
    own, initial = 0.0, slice(SESSIONS)
    for covariance, feature in zip(of_level(variances, state), (1, o.mean(), 1), strict=True):
        towards = np.linalg.solve(covariance[initial, initial], covariance[initial, session])
        left = covariance[session, session] - covariance[session, initial] @ towards
        own += left * feature**2
    return own


def slopes(session, o, state, variances):
    """Return the derivative of the expected log odds of a trial in each parameter."""
    positions = parts(jnp.arange(float(SIZE)), SIZES)
    where = Parts(*(np.asarray(part).astype(int) for part in positions))
    found, initial = np.zeros(SIZE), slice(SESSIONS)
    found[where.weight], found[where.offset] = o, 1
    found[where.trend] = (min(session, SESSIONS - 1) - (SESSIONS - 1) / 2) / SESSIONS * o
    levels = (0, 1, 2 + state)
    features = (1, o.mean(), 1)
    for level, covariance, feature in zip(
        levels, of_level(variances, state), features, strict=True
    ):
        towards = np.linalg.solve(covariance[initial, initial], covariance[initial, session])
        found[where.deviation[level]] = towards * feature
    return found


def test_a_frozen_network_s_future_has_the_moments_of_linear_algebra(trials, foretold):
    """Every uncertainty counts, once, with its sign, at its time: in means and in scales."""
    world, fits, ahead = foretold
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    valid = np.asarray(world.valid)
    for e, variances in enumerate(EACH):
        fit = Fit(*(part[e] for part in fits))
        mean, variance = log_odds_moments(trials, world, fit, variances)
        deviation = np.sqrt(variance)
        activity = expit(mean + deviation * nodes[:, None, None])
        expected = np.tensordot(weights / weights.sum(), activity, axes=1)
        np.testing.assert_allclose(ahead.mean[:, e][valid], expected[valid], atol=0.02)
        noise = np.exp(fit.log_scale)[world.state]
        with jax.enable_x64(True):
            odds = jnp.log(ahead.mean[:, e]) - jnp.log1p(-ahead.mean[:, e])
            moved = location_slopes(odds, location_of(odds, noise), noise).log_odds
        found = (ahead.scale[:, e] ** 2 - noise**2) * LOGISTIC_VARIANCE / np.asarray(moved) ** 2
        ratio = (found / variance)[valid]
        np.testing.assert_allclose(ratio, 1, atol=5 * np.sqrt(2 / DRAWS))


def test_trends_of_weights_stay_where_the_initial_sessions_left_them(foretold):
    _, fits, ahead = foretold
    slope = ahead.weight[:, 1] - ahead.weight[:, 0]
    for n in range(SESSIONS, SESSIONS + LATER):
        np.testing.assert_allclose(slope[n], slope[SESSIONS - 1], rtol=1e-12)
    taken = [parts(one, SIZES) for one in fits.parameters]
    times = session_times(SESSIONS)
    for e, one in enumerate(taken):
        expected = one.weight + times[:, None] * one.trend
        np.testing.assert_allclose(slope[:SESSIONS, e], expected, atol=0.05)
    assert np.abs(slope[0] - slope[SESSIONS - 1]).max() > 0.2
    np.testing.assert_allclose(
        ahead.offset.mean(axis=0), [one.offset[0] for one in taken], atol=0.05
    )
