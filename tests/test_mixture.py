"""Mixtures of censored logistic variables, against the integrals and roots that define them."""

from itertools import pairwise

import jax
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit

from canonica.reverse_engineering.forecasting.distribution import _censored_logistic as logistic
from canonica.reverse_engineering.forecasting.distribution._mixture import (
    PredictiveMixture,
    coverage,
    crps,
    log_density,
    quantile,
)

pytestmark = pytest.mark.usefixtures("x64")
NARROW, WIDE = 0.01, 0.6


def random_mixture(generator, responses=40, components=3):
    """Return a mixture whose components lie and are as wide as forecasts' are."""
    weight = generator.dirichlet(np.ones(components))
    location = generator.uniform(-0.2, 1.2, (components, responses))
    scale = np.exp(generator.uniform(np.log(NARROW), np.log(WIDE), (components, responses)))
    return PredictiveMixture(weight, location, scale)


def cumulative(y, mixture, response):
    """Return P(x <= y) of one response, for y from 0 to below 1."""
    m, s = mixture.location[:, response], mixture.scale[:, response]
    return float(mixture.weight @ expit((y - m) / s)) if y < 1 else 1.0


def observed(generator, responses=40):
    """Return responses, a third of them at each end."""
    return np.clip(generator.uniform(-1, 2, responses), 0, 1)


def test_the_density_is_the_sum_of_densities_and_has_mass_one(generator):
    mixture, x = random_mixture(generator), observed(generator)
    m, s, w = mixture.location, mixture.scale, mixture.weight[:, None]
    z = (x - m) / s
    density = np.where(x <= 0, expit(-m / s), expit((m - 1) / s))
    density = np.where((x > 0) & (x < 1), expit(z) * expit(-z) / s, density)
    np.testing.assert_allclose(log_density(x, mixture), np.log((w * density).sum(axis=0)))
    grid = (np.arange(20_000) + 0.5) / 20_000
    one = PredictiveMixture(mixture.weight, m[:, :1], s[:, :1])
    inside = np.exp(np.asarray(log_density(grid, one))).mean()
    ends = np.exp(np.asarray(log_density(np.array([0.0, 1.0]), one))).sum()
    assert inside + ends == pytest.approx(1, abs=1e-6)


def test_the_crps_is_its_integral(generator):
    mixture, x = random_mixture(generator), observed(generator)
    found = np.asarray(crps(x, mixture))
    for response, value in enumerate(x):
        breaks = sorted({float(value), *mixture.location[:, response].clip(0, 1)})

        def square(y, response=response, value=value):
            return (cumulative(y, mixture, response) - (y >= value)) ** 2

        ends = [0.0, *breaks, 1.0]
        exact = sum(quad(square, a, b, epsabs=1e-11)[0] for a, b in pairwise(ends))
        assert found[response] == pytest.approx(exact, abs=2e-6)


def test_quantiles_are_roots_also_where_components_are_far_apart(generator):
    apart = PredictiveMixture(
        np.array([0.5, 0.49999, 0.00001, 0.0]),
        np.array([[0.1], [0.9], [0.5], [5.0]]),
        np.array([[NARROW], [NARROW], [WIDE], [WIDE]]),
    )
    for mixture in (random_mixture(generator), apart):
        probability = np.array([0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])[:, None]
        found = np.asarray(jax.jit(quantile)(probability, mixture))
        assert found.shape == (7, mixture.location.shape[1])
        for row, p in zip(found, probability.ravel(), strict=True):
            for response, q in enumerate(row):
                if cumulative(0.0, mixture, response) >= p:
                    assert q == 0
                elif cumulative(1 - 1e-15, mixture, response) <= p:
                    assert q == 1
                else:
                    exact = brentq(
                        lambda y, p=p, r=response, d=mixture: cumulative(y, d, r) - p,
                        0,
                        1 - 1e-15,
                        xtol=1e-14,
                        rtol=1e-14,
                    )
                    assert q == pytest.approx(exact, abs=1e-9)


def test_a_true_mixture_covers_as_it_says(generator):
    draws = 40_000
    mixture = random_mixture(generator, responses=4)
    component = generator.choice(3, size=draws, p=mixture.weight)
    m, s = mixture.location[component], mixture.scale[component]
    x = np.clip(generator.logistic(m, s), 0, 1)
    for level in (0.5, 0.9):
        each = np.asarray(coverage(x, mixture_of_draws(mixture), level))
        error = 4 * np.sqrt(level * (1 - level) / draws)
        np.testing.assert_allclose(each.mean(axis=0), level, atol=error)
        low, high = (
            np.asarray(quantile(np.array([[(1 + sign * level) / 2]]), mixture)) for sign in (-1, 1)
        )
        inside = (x > 0) & (x < 1)
        between = (x >= low) & (x <= high)
        np.testing.assert_array_equal(each[inside], between[inside])


def mixture_of_draws(mixture):
    """Return the mixture of responses that have an axis of draws in front."""
    return PredictiveMixture(mixture.weight, mixture.location[:, None], mixture.scale[:, None])


def test_one_component_is_a_censored_logistic_variable(generator):
    single, x = random_mixture(generator, components=1), observed(generator)
    m, s = single.location[0], single.scale[0]
    np.testing.assert_allclose(crps(x, single), logistic.crps(x, m, s), rtol=1e-14)
    np.testing.assert_allclose(log_density(x, single), logistic.log_density(x, m, s), rtol=1e-14)
    p = np.array([[0.05], [0.6]])
    np.testing.assert_allclose(quantile(p, single), logistic.quantile(p, m, s), rtol=1e-14)
    for level in (0.5, 0.9):
        np.testing.assert_allclose(
            coverage(x, single, level), logistic.coverage(x, m, s, level), atol=1e-12
        )


def test_components_alike_are_one_and_weightless_ones_none(generator):
    mixture, x = random_mixture(generator), observed(generator)
    alike = PredictiveMixture(
        mixture.weight, *(np.repeat(part[:1], 3, axis=0) for part in mixture[1:])
    )
    alone = PredictiveMixture(np.ones(1), mixture.location[:1], mixture.scale[:1])
    weightless = PredictiveMixture(np.array([1.0, 0.0, 0.0]), *mixture[1:])
    p = np.array([[0.1], [0.5]])
    for other in (alike, weightless):
        for function in (crps, log_density):
            np.testing.assert_allclose(function(x, other), function(x, alone), atol=1e-9)
        np.testing.assert_allclose(quantile(p, other), quantile(p, alone), atol=1e-9)


def test_means_near_the_ends_are_bounded():
    mixture = PredictiveMixture.of_means(
        np.ones(1), np.array([[0.0, 1.0, 0.3]]), np.full((1, 3), 0.1)
    )
    assert np.isfinite(mixture.location).all()
    np.testing.assert_allclose(logistic.expected(mixture.location[0], 0.1), [0, 1, 0.3], atol=1e-12)
