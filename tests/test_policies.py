"""Policies, their prior, and how one is drawn."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from canonica import CanonicaError
from canonica.agents import first_move_prior, sequences
from canonica.agents.network._draw import drawn, odds
from quick_compilation import compiled


@pytest.fixture(autouse=True, scope="module")
def _x64_module():
    with jax.enable_x64(True):
        yield


draw_each = compiled(jax.vmap(drawn, in_axes=(None, 0)))


@pytest.mark.parametrize(("moves", "length"), [(1, 1), (4, 1), (2, 3), (4, 4), (3, 2)])
def test_sequences_are_all_there_are_in_order(moves, length):
    policies = sequences(moves, length)
    assert policies.shape == (moves**length, length)
    place = moves ** np.arange(length)[::-1]
    assert (policies @ place == np.arange(moves**length)).all()
    assert ((policies >= 0) & (policies < moves)).all()
    assert (policies[:, 0] == np.arange(moves**length) // moves ** (length - 1)).all()


@pytest.mark.parametrize(("moves", "length"), [(0, 4), (4, 0), (-1, 2)])
def test_sequences_of_nothing_are_refused(moves, length):
    with pytest.raises(CanonicaError, match=r"^(moves|length): found -?\d; expected .*, from 1"):
        sequences(moves, length)


@pytest.mark.parametrize("e", [0.15, 0.25, 0.35])
def test_published_prior(e):
    prior = first_move_prior(sequences(4, 4), np.array([0.25, 0.25, 0.5 - e, e]))
    for k in range(256):
        assert prior[1, k] == pytest.approx((0.25, 0.25, 0.5 - e, e)[k // 64] / 64, rel=1e-15)
    np.testing.assert_allclose(prior.sum(axis=0), 1, rtol=1e-15)
    assert prior[1].sum() == pytest.approx(1)


def test_prior_of_a_selection_is_shared_by_what_begins_alike():
    policies = np.array([[1, 0], [0, 1], [1, 1], [1, 2]], np.int32)
    prior = first_move_prior(policies, np.array([0.4, 0.6, 0.0]))
    np.testing.assert_allclose(prior[1], [0.2, 0.4, 0.2, 0.2])


@pytest.mark.parametrize(
    ("probability", "message"),
    [
        ([0.5, 0.6], "sum to 1"),
        ([1.5, -0.5], "sum to 1"),
        ([1.0], "one for each move"),
        ([0.5, 0.25, 0.25], "one for each move"),
    ],
)
def test_priors_that_are_none_are_refused(probability, message):
    with pytest.raises(CanonicaError, match=message):
        first_move_prior(sequences(2, 2), np.array(probability))


@pytest.mark.parametrize("size", [1, 2, 7, 16, 100, 256, 257])
def test_what_is_drawn_is_where_the_cumulative_sum_passes(size):
    generator = np.random.default_rng(size)
    weight = generator.exponential(size=size) * np.exp(3 * generator.normal(size=size))
    weight[generator.random(size) < 0.3] = 0
    weight[size // 2] = 1  # one at least is something
    uniform = generator.random(4000)
    through = np.cumsum(weight)
    expected = np.searchsorted(through, uniform * through[-1], side="right")
    found = np.asarray(draw_each(weight, uniform))
    assert (found == expected).all()
    assert (weight[found] > 0).all()
    share = weight[weight > 0] / weight.sum() * len(uniform)
    often = share > 5
    count = np.bincount(found, minlength=size)[weight > 0][often]
    if len(count) > 1:
        assert chisquare(count, share[often] * count.sum() / share[often].sum()).pvalue > 1e-3


@pytest.mark.parametrize("size", [1, 2, 7, 16, 100, 256, 257])
def test_what_has_no_weight_is_never_drawn_at_the_very_edges(size):
    # Whole numbers, so that every sum is exact and every edge can be hit.
    generator = np.random.default_rng(size)
    weight = generator.integers(0, 3, size).astype(float)
    weight[-1] += 2.0 ** np.ceil(np.log2(weight.sum() + 1)) - weight.sum()
    through = np.cumsum(weight)
    edges = np.concatenate([[0.0], through / through[-1]])
    uniform = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, 1)])
    uniform = uniform[(uniform >= 0) & (uniform < 1)]
    uniform = np.resize(uniform, 1000)
    found = np.asarray(draw_each(weight, uniform))
    assert (weight[found] > 0).all()
    assert (found == np.searchsorted(through, uniform * through[-1], side="right")).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [7, 100, 256])
def test_what_has_no_weight_is_never_drawn_though_sums_are_rounded(size, dtype):
    generator = np.random.default_rng(size)
    for _ in range(5):
        weight = generator.exponential(size=size) * (generator.random(size) < 0.5)
        weight[size // 2] = 1
        weight = weight.astype(dtype)
        edges = (np.cumsum(weight, dtype=float) / weight.sum(dtype=float)).astype(dtype)
        near = [edges, np.nextafter(edges, dtype(0)), np.nextafter(edges, dtype(1))]
        uniform = np.concatenate([*near, np.zeros(1, dtype)])
        uniform = np.resize(uniform[uniform < 1], 1000)
        assert (weight[np.asarray(draw_each(weight, uniform))] > 0).all()


@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 1e-2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_odds_are_those_of_the_posterior(epsilon, dtype):
    log_odds = np.linspace(-12, 12, 49, dtype=dtype)
    d = 1 / (1 + np.exp(-log_odds.astype(float)))
    expected = d / (1 - d + epsilon)
    found = np.asarray(compiled(odds, static_argnums=1)(jnp.asarray(log_odds), epsilon))
    assert found.dtype == dtype
    rounding = 1e-4 if dtype == np.float32 else 1e-9  # of 1 - d, and what a sum of logs has
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), rtol=rounding)


@pytest.mark.parametrize("epsilon", [0.0, 1e-6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_odds_of_certainty_are_numbers(epsilon, dtype):
    for extreme in itertools.product((-1e4, -700.0, 0.0, 700.0, 1e4), repeat=2):
        weight = np.asarray(odds(jnp.asarray(extreme, dtype), epsilon))
        assert np.isfinite(weight).all()
        assert weight.sum() > 0
        assert (weight[0] >= weight[1]) == (extreme[0] >= extreme[1]) or epsilon > 0
