"""Posteriors as weighted points: held against integrals taken number by number."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logsumexp

from canonica.reverse_engineering.phenotype import _sampled_posterior as sampled
from canonica.reverse_engineering.phenotype._choice_model import choice_model
from canonica.reverse_engineering.phenotype._choices import read_choices
from canonica.reverse_engineering.phenotype._laplace import NormalPrior
from canonica.reverse_engineering.phenotype._sampled_posterior import (
    POINTS,
    DrawnPoints,
    sampled_posteriors,
)
from canonica.reverse_engineering.phenotype._trials import trials_of
from canonica.studies.phenotypes import simulated_choices

pytestmark = pytest.mark.usefixtures("unchecked")


def on_grid(log_density, *axes):
    """Return the log of the integral, and of each axis mean, deviation and two quantiles."""
    steps = [axis[1] - axis[0] for axis in axes]
    total = logsumexp(log_density) + np.log(np.prod(steps))
    share = np.exp(log_density - logsumexp(log_density))
    found = []
    for n, axis in enumerate(axes):
        own = share.sum(axis=tuple(m for m in range(len(axes)) if m != n))
        mean = (own * axis).sum()
        sd = np.sqrt((own * (axis - mean) ** 2).sum())
        below = np.cumsum(own) - own / 2
        found.append((mean, sd, *np.interp([0.05, 0.95], below, axis)))
    return total, np.array(found)


@pytest.fixture(scope="module")
def two_subjects():
    """Return one who is as the likelihood is smooth, and one whose counts run into their least."""
    tables = [
        simulated_choices(seed, subjects=1, trials=60, group=f"s{seed}",
                          strengths={"plasticity": plasticity, "loss modulation": 1.5})
        for seed, plasticity in ((0, 1.0), (1, 30.0))
    ]  # fmt: skip
    return pd.concat(tables)


@pytest.mark.slow
@pytest.mark.parametrize(
    "free",
    [
        pytest.param(["loss modulation"], marks=pytest.mark.thorough),
        ["forgetting", "loss modulation"],
    ],
)
def test_posterior_is_that_of_the_grid(two_subjects, free):
    with jax.enable_x64(True):
        trials = trials_of(read_choices(two_subjects))
        model = choice_model("canonical", trials, 2, free)
        prior = NormalPrior.of(model, 2)
        found = sampled_posteriors(model, trials, prior)
        centre, spread = np.asarray(prior.mean[0]), np.asarray(prior.sd[0])
        standard = np.linspace(-5, 5, 801 if len(free) == 1 else 121)
        axes = [mean + sd * standard for mean, sd in zip(centre, spread, strict=True)]
        grid = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
        log_prior = stats.norm.logpdf(grid, centre, spread).sum(axis=1)
        one = jax.jit(jax.vmap(model.log_likelihood, (0, None)))
        for n in (0, 1):
            own = jax.tree.map(lambda part, n=n: part[n], trials)
            each = np.asarray(one(jnp.asarray(grid), own)) + log_prior
            total, expected = on_grid(each.reshape([len(axis) for axis in axes]), *axes)
            assert abs(float(found.log_evidence[n]) - total) < 0.1
            quantiles = [np.asarray(found.quantile(share)[n]) for share in (0.05, 0.95)]
            mine = np.stack([found.mean[n], found.sd[n], *quantiles], axis=1)
            np.testing.assert_allclose(mine, expected, atol=0.2 * expected[:, 1].max())
            np.testing.assert_allclose(found.sd[n], expected[:, 1], rtol=0.15)
    assert (np.asarray(found.effective) >= POINTS / 2).all()


def moved(log_likelihood, mean, root, seed=0):
    """Return the points, weights and log evidence of a likelihood whose prior is standard."""
    parameters = len(mean)
    with jax.enable_x64(True):
        proposal = sampled._Proposal(jnp.asarray(mean, float), jnp.asarray(root, float))
        even = jnp.asarray(sampled._even_draws(POINTS, parameters, seed))
        cloud, density = jax.jit(sampled._moved, static_argnums=0)(
            log_likelihood, proposal, even, jax.random.key(seed)
        )
        prior = NormalPrior(jnp.zeros((1, parameters)), jnp.ones((1, parameters)))
        found = DrawnPoints(cloud.x[None], cloud.log_likelihood[None], density[None]).under(prior)
        return jax.tree.map(lambda part: np.asarray(part[0]), found), np.asarray(
            found.quantile(0.05)[0]
        )


@pytest.mark.slow
def test_evidence_and_moments_of_a_normal_are_exact_where_the_proposal_is_poor():
    """A narrow likelihood, correlated, far from where the proposal looks: several stages."""
    covariance = np.array([[0.04, 0.018], [0.018, 0.02]])
    centre = np.array([1.5, -1.0])
    precision = np.linalg.inv(covariance)
    constant = -0.5 * np.log(np.linalg.det(2 * np.pi * covariance))

    def log_likelihood(x):
        away = x - centre
        return constant - 0.5 * jnp.einsum("ni,ij,nj->n", away, precision, away)

    each = [moved(log_likelihood, [-0.5, 0.5], 0.5 * np.eye(2), seed) for seed in range(4)]
    posterior = np.linalg.inv(precision + np.eye(2))
    mean = posterior @ precision @ centre
    evidence = stats.multivariate_normal.logpdf(centre, np.zeros(2), covariance + np.eye(2))
    logs = np.array([found.log_evidence for found, _ in each])
    assert abs(logs.mean() - evidence) < 0.15
    np.testing.assert_allclose(np.exp(logs - evidence).mean(), 1, atol=0.2)
    means = np.mean([np.exp(one.log_weight) @ one.points for one, _ in each], axis=0)
    sd = np.sqrt(np.diag(posterior))
    np.testing.assert_allclose(means, mean, atol=0.15 * sd.max())
    low = np.mean([quantile for _, quantile in each], axis=0)
    np.testing.assert_allclose(low, mean - 1.645 * sd, atol=0.25 * sd.max())


@pytest.mark.slow
def test_both_tops_are_found_with_their_shares():
    """Of two tops the proposal knows one; the prior, of which some points are drawn, both."""

    def log_likelihood(x):
        tops = jnp.array([-1.0, 1.0])
        parts = jnp.log(jnp.array([0.25, 0.75])) - 0.5 * ((x - tops) / 0.05) ** 2
        return jax.nn.logsumexp(parts, axis=1) - np.log(0.05 * np.sqrt(2 * np.pi))

    each = [moved(log_likelihood, [1.0], [[0.05]], seed)[0] for seed in range(4)]
    right = np.mean([np.exp(one.log_weight)[one.points[:, 0] > 0].sum() for one in each])
    assert abs(right - 0.75) < 0.12
    evidence = stats.norm.logpdf(1, 0, np.sqrt(1 + 0.05**2))
    assert abs(np.mean([one.log_evidence for one in each]) - evidence) < 0.15


def test_points_come_from_the_density_they_are_weighted_by():
    with jax.enable_x64(True):
        proposal = sampled._Proposal(jnp.array([0.5]), jnp.array([[0.3]]))
        x = np.linspace(-60, 60, 240_001)
        density = np.exp(np.asarray(proposal.log_density(jnp.asarray(x)[:, None])))
        points = np.asarray(proposal.drawn(jnp.asarray(sampled._even_draws(4096, 1, 0))))[:, 0]
    step = x[1] - x[0]
    np.testing.assert_allclose(density.sum() * step, 1, atol=1e-4)
    below = np.cumsum(density) * step
    for place in (-1.0, 0.2, 0.5, 0.9, 2.0):
        np.testing.assert_allclose((points < place).mean(), np.interp(place, x, below), atol=0.01)


def test_another_prior_weights_the_same_points_anew():
    with jax.enable_x64(True):
        points = jnp.asarray(np.random.default_rng(0).normal(0, 1.5, (1, 20_000, 1)))
        drawn = jnp.asarray(stats.norm.logpdf(points[..., 0], 0, 1.5))
        likelihood = jnp.asarray(stats.norm.logpdf(points[..., 0], 1.0, 0.5))
        prior = NormalPrior(jnp.array([[-0.5]]), jnp.array([[0.7]]))
        found = DrawnPoints(points, likelihood, drawn).under(prior)
        expected = stats.norm.logpdf(1.0, -0.5, np.hypot(0.5, 0.7))
        np.testing.assert_allclose(found.log_evidence, expected, atol=0.05)
        mean = (1.0 / 0.25 - 0.5 / 0.49) / (1 / 0.25 + 1 / 0.49)
        np.testing.assert_allclose(found.mean, mean, atol=0.02)
        np.testing.assert_allclose(found.sd, (1 / 0.25 + 1 / 0.49) ** -0.5, atol=0.02)
        np.testing.assert_allclose(np.exp(found.log_weight).sum(), 1)


@pytest.mark.slow
def test_a_seed_decides_the_points(two_subjects):
    with jax.enable_x64(True):
        trials = trials_of(read_choices(two_subjects))
        model = choice_model("win-stay-lose-shift", trials, 2)
        prior = NormalPrior.of(model, 2)
        first, same, other = (sampled_posteriors(model, trials, prior, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.points, same.points)
    assert not np.array_equal(first.points, other.points)
    np.testing.assert_allclose(first.log_evidence, other.log_evidence, atol=0.05)


@pytest.mark.thorough
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Subjects drawn from the prior, two parameters free: 90 % intervals, 200 subjects."""
    unbounded = np.random.default_rng(0).normal(0, 1, (200, 2))
    plasticity, loss = np.exp(unbounded).T
    strengths = {"plasticity": plasticity, "loss modulation": loss}
    table = simulated_choices(3, subjects=200, trials=60, strengths=strengths)
    with jax.enable_x64(True):
        trials = trials_of(read_choices(table))
        model = choice_model("canonical", trials, 2, ["plasticity", "loss modulation"])
        found = sampled_posteriors(model, trials, NormalPrior.of(model, 200))
        low, high = (np.asarray(found.quantile(share)) for share in (0.05, 0.95))
    inside = ((low <= unbounded) & (unbounded <= high)).mean(axis=0)
    assert ((inside > 0.84) & (inside < 0.96)).all()  # 2.8 standard errors
