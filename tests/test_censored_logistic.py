"""The censored logistic against numerical integration, its inverse, and JAX's derivatives."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, log_expit

from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    coverage,
    crps,
    expected,
    gradients,
    information,
    location_of,
    location_slopes,
    log_density,
    quantile,
)

pytestmark = pytest.mark.usefixtures("x64_module")

locations = st.floats(-3, 4)
scales = st.floats(-4.7, 1.7).map(lambda log: float(np.exp(log)))  # about 0.01 to 5
responses = st.one_of(st.just(0.0), st.just(1.0), st.floats(0.001, 0.999))


@pytest.fixture(scope="module")
def x64_module():
    with jax.enable_x64(True):
        yield


@cache
def compiled(function):
    return jax.jit(function)


@cache
def slope(function, argument):
    return jax.jit(jax.grad(function, argument))


def value(function, *arguments):
    return float(compiled(function)(*map(float, arguments)))


NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)
STEEP = np.array([-40, -20, -10, -6, -3, -1, 1, 3, 6, 10, 20, 40])


def integral(function, location, scale, *jumps):
    """Return the integral over [0, 1] by Gauss's rule, between the places that are steep."""
    edges = np.sort(np.concatenate([[0, 1, *jumps], location + scale * STEEP])).clip(0, 1)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    return float((half * NODE_WEIGHTS * np.asarray(function(middle + half * NODES))).sum())


def cumulative(y, location, scale):
    return expit((y - location) / scale)


@given(locations, scales)
def test_the_mean_is_the_integral_of_the_survival_function(m, s):
    oracle = integral(lambda y: expit((m - y) / s), m, s)
    assert value(expected, m, s) == pytest.approx(oracle, rel=1e-10, abs=1e-14)


@given(locations, scales)
def test_masses_and_density_add_up_to_one_and_have_the_mean(m, s):
    density = compiled(log_density)
    at_zero, at_one = (np.exp(value(log_density, end, m, s)) for end in (0, 1))

    def moment(power):
        return integral(lambda y: y**power * np.exp(density(y, m, s)), m, s)

    assert at_zero + moment(0) + at_one == pytest.approx(1, abs=1e-10)
    assert moment(1) + at_one == pytest.approx(value(expected, m, s), abs=1e-10)


@given(st.floats(-30, 30), st.floats(-6.9, 6.9).map(lambda log: float(np.exp(log))))
def test_the_location_gives_the_mean_back(v, s):
    m = value(location_of, v, s)
    for sign, there in ((1, m), (-1, 1 - m)):  # both p and 1 - p, each to its own precision
        # One rounding of the location changes the log odds by as much as it is over the scale.
        rounding = 1e-12 + 4 * np.finfo(float).eps * (1 + abs(m)) / s
        assert np.log(value(expected, there, s)) == pytest.approx(log_expit(sign * v), abs=rounding)


@pytest.mark.parametrize("v", [-1000.0, -40.0, 40.0, 1000.0])
@pytest.mark.parametrize("s", [0.01, 1.0, 100.0])
def test_beyond_rounding_of_the_mean_the_location_goes_on(v, s):
    """It nears a straight line in the log odds: the mean's exponential tail."""
    end = v < 0
    offset = s * float(np.log(-np.expm1(-1 / s) * s))
    assert value(location_of, v, s) == pytest.approx(
        s * v - offset if end else 1 + s * v + offset, rel=1e-12
    )
    m = value(location_of, v, s)
    slopes = compiled(location_slopes)(v, m, s)
    assert float(slopes.log_odds) == pytest.approx(s, rel=1e-12)
    assert np.isfinite(float(slopes.log_scale))


def test_the_mean_is_monotonous_and_within_bounds_without_nan():
    m, s = np.linspace(-60, 61, 481)[:, None], np.geomspace(1e-3, 1e3, 13)
    mean = np.asarray(compiled(expected)(m, s))
    assert ((mean >= 0) & (mean <= 1)).all()
    assert (np.diff(mean, axis=0) >= -1e-15).all()
    np.testing.assert_allclose(mean + mean[::-1], 1, atol=1e-15)  # mirrored at 1/2


@given(st.floats(-25, 25), scales)
def test_slopes_of_the_location_are_its_derivatives(v, s):
    m = value(location_of, v, s)
    found = compiled(location_slopes)(v, m, s)
    tolerance = {"rel": 1e-9, "abs": 1e-11}
    assert float(found.log_odds) == pytest.approx(float(slope(location_of, 0)(v, s)), **tolerance)
    assert float(found.log_scale) == pytest.approx(
        s * float(slope(location_of, 1)(v, s)), **tolerance
    )


@given(st.floats(-8, 8), scales)
def test_slopes_of_the_location_are_those_of_the_implicit_function(v, s):
    p, m = expit(v), value(location_of, v, s)
    a, b = m / s, (m - 1) / s
    change = expit(a) - expit(b)
    found = compiled(location_slopes)(v, m, s)
    in_scale = -(p - m * expit(a) + (m - 1) * expit(b)) / change
    assert float(found.log_odds) == pytest.approx(p * (1 - p) / change, rel=1e-7)
    assert float(found.log_scale) == pytest.approx(in_scale, rel=1e-7, abs=1e-7)
    assert s <= float(found.log_odds) <= s + 1 / 4


@given(responses, locations, scales)
def test_gradients_are_the_derivatives_of_the_log_density(x, m, s):
    found = compiled(gradients)(x, m, s)
    tolerance = {"rel": 1e-9, "abs": 1e-9}
    assert float(found.location) == pytest.approx(
        float(slope(log_density, 1)(x, m, s)), **tolerance
    )
    assert float(found.log_scale) == pytest.approx(
        s * float(slope(log_density, 2)(x, m, s)), **tolerance
    )


@given(locations, scales)
def test_information_is_the_expected_square_of_the_slope(m, s):
    def squared(y):
        return gradients(y, m, s).location ** 2 * np.exp(log_density(y, m, s))

    ends = sum(float(squared(end)) for end in (0.0, 1.0))
    inside = integral(lambda y: np.asarray(squared(np.clip(y, 1e-15, 1 - 1e-15))), m, s)
    assert value(information, m, s) * s**2 == pytest.approx((ends + inside) * s**2, abs=1e-9)


@given(responses, locations, scales)
def test_the_ranked_probability_score_is_its_integral(x, m, s):
    oracle = integral(lambda y: (cumulative(y, m, s) - (y >= x)) ** 2, m, s, x)
    assert value(crps, x, m, s) == pytest.approx(oracle, abs=1e-12)


@pytest.mark.parametrize(("scored", "sign"), [(crps, 1), (log_density, -1)])
def test_the_true_distribution_scores_best_in_expectation(scored, sign):
    m, s = 0.3, 0.2
    probability = (np.arange(20_000) + 0.5) / 20_000
    x = np.asarray(quantile(probability, m, s))[:, None]
    at = np.array([m, m - 0.05, m + 0.05, m, m]), np.array([s, s, s, s * 0.8, s * 1.25])
    score = sign * np.asarray(compiled(scored)(x, *at)).mean(axis=0)
    assert (score[0] < score[1:]).all()


@given(locations, scales, st.floats(0.01, 0.99))
def test_the_expected_coverage_is_the_level(m, s, level):
    ends = np.array([0.0, 1.0])
    mass = np.exp(np.asarray(compiled(log_density)(ends, m, s)))
    at_ends = mass @ np.asarray(compiled(coverage)(ends, m, s, level))
    # Between the ends the transform is uniform; its middle, evenly, is the integral.
    edges = np.linspace(mass[0], 1 - mass[1], 2001)
    middle = (edges[1:] + edges[:-1]) / 2
    x = m + s * np.log(middle / (1 - middle)) if mass.sum() < 1 - 1e-12 else np.zeros(2000)
    inside = np.where((x > 0) & (x < 1), np.asarray(compiled(coverage)(x, m, s, level)), 0)
    between = (inside * np.diff(edges)).sum()
    assert at_ends + between == pytest.approx(level, abs=2e-3)


@given(locations, scales, st.floats(0.01, 0.99))
def test_the_quantile_has_its_probability(m, s, probability):
    found = value(quantile, probability, m, s)
    if 0 < found < 1:
        assert cumulative(found, m, s) == pytest.approx(probability, rel=1e-9)
    else:
        assert (cumulative(found, m, s) - probability) * (0.5 - found) >= -1e-12


def test_certain_levels_and_ends_that_cannot_be_reached():
    x, m = np.array([0.0, 0.5, 1.0]), np.array([50.0, 0.5, -50.0])
    found = np.asarray(compiled(coverage)(x, m, 0.01, np.array([[1.0], [0.9]])))
    assert found.tolist() == [[1, 1, 1], [0, 1, 0]]


def test_single_precision_stays_single_and_close():
    m, s, x = (
        np.float32(one) for one in ([-2.0, 0.4, 0.9, 3.0], [0.01, 0.2, 3, 0.5], [0, 1, 0.3, 1])
    )
    v = np.float32([-30, -1, 2, 30])

    @jax.jit
    def everything(x, m, s, v):
        at = location_of(v, s)
        return (
            expected(m, s),
            log_density(x, m, s),
            gradients(x, m, s),
            at,
            location_slopes(v, at, s),
            quantile(jnp.asarray(0.9, m.dtype), m, s),
            crps(x, m, s),
            coverage(x, m, s, 0.9),
        )

    single = jax.tree.leaves(everything(x, m, s, v))
    double = jax.tree.leaves(everything(*(one.astype(float) for one in (x, m, s, v))))
    for one, other in zip(single, double, strict=True):
        assert one.dtype == jnp.float32
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
