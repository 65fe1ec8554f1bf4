"""What is carried on beyond the initial sessions: moments of drifts, noise of draws, the grid."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from canonica.reverse_engineering.forecasting import Known
from canonica.reverse_engineering.forecasting.models._canonical import (
    CONVERGED,
    Canonical,
    _diagnosis,
)
from canonica.reverse_engineering.forecasting.models._network_posterior import NetworkPosterior
from canonica.reverse_engineering.forecasting.plasticity._laplace import Fit
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import NumberedTrials
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import _deviations, _noise
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import (
    FrozenPosterior,
    Posterior,
)
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    USUAL,
    Parts,
    Variances,
)
from quick_compilation import compiled


@pytest.mark.usefixtures("x64")
def test_deviations_go_on_as_those_of_a_gaussian_process_given_its_past():
    """Against the dense formula: conditional means and covariances, by level and ensemble."""
    draws, initial, sessions, states = 40_000, 3, 7, 2
    rng = np.random.default_rng(0)
    none, (of_offset, of_gain) = np.zeros(2), rng.uniform(0.05, 1, (2, 2, 2))
    of_states = rng.uniform(0.05, 1, (2, states, 2))
    variances = Variances(none, none, none, of_offset, of_gain, of_states)
    past = rng.normal(size=(2, 2 + states, initial))
    offset = np.array([0.3, -0.2])
    sampled = Parts(
        jnp.zeros((draws, 2, 1)),
        jnp.zeros((draws, 2, 1)),
        jnp.broadcast_to(offset[:, None], (draws, 2, 1)),
        jnp.zeros((draws, 2, 2)),
        jnp.broadcast_to(past, (draws, *past.shape)),
    )
    take = compiled(partial(_deviations, sessions=sessions))
    found = np.array(take(jax.random.key(0), sampled, jax.tree.map(jnp.asarray, variances)))
    found[..., 0] -= offset
    apart = np.abs(np.subtract.outer(np.arange(sessions), np.arange(sessions)))
    each = [of_offset, of_gain, *np.moveaxis(of_states, 1, 0)]
    for e, level in np.ndindex(2, 2 + states):
        at_once, lasting = each[level][e]
        covariance = at_once * np.eye(sessions) + lasting * np.exp(-apart / 3.0)
        seen, between = covariance[:initial, :initial], covariance[initial:, :initial]
        expected = between @ np.linalg.solve(seen, past[e, level])
        left = covariance[initial:, initial:] - between @ np.linalg.solve(seen, between.T)
        here = found[:, :, e, level]
        np.testing.assert_allclose(here[:initial].T, [past[e, level]] * draws, atol=1e-12)
        np.testing.assert_allclose(here[initial:].mean(axis=1), expected, atol=0.03)
        np.testing.assert_allclose(np.cov(here[initial:]), left, atol=0.03)


@pytest.mark.usefixtures("x64")
def test_noise_is_averaged_as_a_variance():
    fit = Fit(jnp.zeros((2, 1, 1)), jnp.zeros((2, 1, 1)), jnp.log(jnp.array([[[0.1]], [[0.7]]])))
    np.testing.assert_allclose(_noise(fit), [[0.5]], rtol=1e-12)


def test_the_grid_of_prior_strengths_is_that_of_the_initial_trials():
    valid = np.ones((5, 10), bool)
    valid[1, 4:] = False
    nothing = np.zeros((5, 10))
    known = Known(np.zeros((2, 1, 10)), nothing[..., None], valid, nothing.astype(int), 1)
    found = Canonical(weakest_plasticity=0.5, strongest_plasticity=2.0, rates=3).strengths(known)
    np.testing.assert_allclose(found, [28.0, 14.0, 7.0], rtol=1e-12)
    # Usually at least two thirds of the 14 trials: faster learners are foretold worse.
    np.testing.assert_allclose(Canonical().strengths(known)[[0, -1]], [1400, 28 / 3], rtol=1e-12)


def posterior_of(log_evidence, newton_decrement):
    """Return a posterior on a grid; its parameters say where on it they are."""
    memories, rates, ensembles = log_evidence.shape
    place = np.arange(memories * rates * ensembles, dtype=float).reshape(log_evidence.shape)
    grid = Fit(place[..., None], place[..., None] + 0.25, place[..., None] + 0.5)
    frozen = Fit(*(np.full((ensembles, 1), value) for value in (-1.0, -2.0, -3.0)))
    nothing = np.zeros((6, 4))
    known = Known(
        np.zeros((6, ensembles, 4)), nothing[..., None], nothing == 0, nothing.astype(int), 1
    )
    still = FrozenPosterior(frozen, USUAL, np.zeros(ensembles))
    found = Posterior(still, grid, log_evidence, newton_decrement)
    strengths = np.geomspace(1e4, 1e2, rates)
    return NetworkPosterior(known, NumberedTrials.of(known), strengths, (30.0, 1e3), found)


def test_each_draw_has_the_fit_of_its_plasticity_or_the_frozen_one():
    found = posterior_of(np.zeros((2, 3, 2)), np.zeros((2, 3, 2)))
    plastic, memory, rate = np.array([True, False, True]), np.array([1, 1, 0]), np.array([2, 1, 0])
    fits = found.fit(plastic, memory, rate)
    np.testing.assert_array_equal(fits.parameters[..., 0], [[10, 11], [-1, -1], [0, 1]])
    np.testing.assert_array_equal(fits.effect[..., 0], [[10.25, 11.25], [-2, -2], [0.25, 1.25]])
    np.testing.assert_array_equal(fits.log_scale[..., 0], [[10.5, 11.5], [-3, -3], [0.5, 1.5]])


@pytest.mark.parametrize(("share", "warned"), [(0.45, False), (0.55, True)])
def test_fits_that_are_not_finished_are_warned_of_where_they_matter(share, warned):
    """What both ensembles had still to gain counts together; far below the top it does not."""
    log_evidence, decrement = np.zeros((2, 3, 2)), np.zeros((2, 3, 2))
    decrement[1, 2] = share * CONVERGED
    log_evidence[0, 0], decrement[0, 0] = -9.0, 40.0
    found = posterior_of(log_evidence, decrement)
    said = _diagnosis(found, found.evidence)
    assert said["fit_unfinished_nats"] == pytest.approx(2 * share * CONVERGED)
    assert ("fits were not finished" in str(said["diagnostic_warning"])) == warned


def test_draws_say_how_far_the_evidence_of_all_ensembles_goes():
    log_evidence = np.arange(12.0).reshape(2, 3, 2)
    found = posterior_of(log_evidence, np.zeros((2, 3, 2))).evidence
    np.testing.assert_array_equal(found.log_likelihood, [[1, 5, 9], [13, 17, 21]])
