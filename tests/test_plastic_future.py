"""What is carried on beyond the initial sessions: moments of drifts, noise of draws, the grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from canonica.reverse_engineering.forecasting import Known
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.reverse_engineering.forecasting.plasticity._laplace import Fit
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import _carried_on, _noise


@pytest.mark.usefixtures("x64")
def test_drifts_go_on_from_where_they_were_by_steps_and_scatter():
    draws, initial, sessions, of_walk, of_scatter = 40_000, 3, 7, 0.04, 0.25
    walk = jnp.broadcast_to(jnp.array([0.3, -0.8]), (draws, 1, initial - 1))
    scatter = jnp.broadcast_to(jnp.array([0.1, 0.2, -0.4]), (draws, 1, initial))
    variances = jnp.array([of_walk]), jnp.array([of_scatter])
    found = np.asarray(_carried_on(jax.random.key(0), (walk, scatter), variances, sessions))
    np.testing.assert_allclose(found[:initial, :, 0].T, [[0.1, 0.5, -0.9]] * draws, rtol=1e-12)
    later = found[initial:, :, 0]
    expected = of_walk * np.arange(1, sessions - initial + 1) + of_scatter
    np.testing.assert_allclose(later.var(axis=1), expected, rtol=0.03)
    np.testing.assert_allclose(later.mean(axis=1), -0.5, atol=0.02)  # its last scatter is over
    shared = np.cov(later)[0, 1:]  # of the walk, what was gone by the first
    np.testing.assert_allclose(shared, of_walk, atol=0.01)


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
