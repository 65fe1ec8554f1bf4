"""The posterior of each subject's parameters as weighted points, whatever its shape."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.stats import norm
from jaxtyping import Array, Float
from scipy import stats

from canonica.reverse_engineering.phenotype._choice_model import ChoiceModel
from canonica.reverse_engineering.phenotype._laplace import (
    NormalPosterior,
    NormalPrior,
    even_points,
    posteriors,
)
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials

CHAINS, STEPS = 256, 8
POINTS = CHAINS * STEPS
STAGES = 40  # at most, from the proposal to the posterior
EFFECTIVE = POINTS / 2  # points that a stage has to leave, by their weights
FREEDOM = 5.0  # of the t distribution
WIDER = 1.2  # than the curvature says
FROM_PRIOR = 0.25  # share of points, so that no weight is far above the others'
SMALLEST_STEP = 0.1  # of a chain, relative to the largest
JITTER = 1e-9

Law = Callable[[Float[Array, "point parameter"]], Float[Array, " point"]]


class DrawnPoints(NamedTuple):
    """Points on the unbounded scale near the posterior of each subject.

    Attributes
    ----------
    points : (subject, point, parameter)
    log_likelihood, log_proposal : (subject, point)
        Of the choices at each point, and the log density with which it was drawn.
    """

    points: Float[Array, "subject point parameter"]
    log_likelihood: Float[Array, "subject point"]
    log_proposal: Float[Array, "subject point"]

    def under(self, prior: NormalPrior) -> "SampledPosterior":
        """Return the posterior under a prior, whichever it was that points were drawn for."""
        raw = self.log_likelihood + prior.log_density(self.points) - self.log_proposal
        total = jax.nn.logsumexp(raw, axis=1)
        log_weight = raw - total[:, None]
        return SampledPosterior(
            self,
            log_weight,
            total - np.log(raw.shape[1]),
            jnp.exp(-jax.nn.logsumexp(2 * log_weight, axis=1)),
        )


class SampledPosterior(NamedTuple):
    """Points on the unbounded scale, and how much each counts, for each subject.

    Attributes
    ----------
    drawn : DrawnPoints
        Near the posterior.
    log_weight : (subject, point)
        Of the posterior, normalised.
    log_evidence, effective : (subject,)
        The likelihood integrated over the prior, its logarithm; and as how many points of one
        weight these count.
    """

    drawn: DrawnPoints
    log_weight: Float[Array, "subject point"]
    log_evidence: Float[Array, " subject"]
    effective: Float[Array, " subject"]

    @property
    def points(self) -> Float[Array, "subject point parameter"]:
        """What was drawn."""
        return self.drawn.points

    @property
    def mean(self) -> Float[Array, "subject parameter"]:
        """The posterior mean."""
        return jnp.einsum("sn,snp->sp", jnp.exp(self.log_weight), self.points)

    @property
    def sd(self) -> Float[Array, "subject parameter"]:
        """The posterior standard deviation."""
        away = self.points - self.mean[:, None]
        return jnp.sqrt(jnp.einsum("sn,snp->sp", jnp.exp(self.log_weight), away**2))

    def quantile(self, share: float) -> Float[Array, "subject parameter"]:
        """Return the value below which this share of the posterior lies."""

        def of_one(points: Float[Array, " point"], weight: Float[Array, " point"]) -> Array:
            order = jnp.argsort(points)
            below = jnp.cumsum(weight[order]) - weight[order] / 2
            return jnp.interp(share, below, points[order])

        of_parameters = jax.vmap(of_one, in_axes=(1, None))
        return jax.vmap(of_parameters)(self.points, jnp.exp(self.log_weight))


class _Cloud(NamedTuple):
    """Points on the way from the proposal to the posterior, in prior standard deviations.

    Attributes
    ----------
    x : (point, parameter)
    log_proposal, log_likelihood, log_prior : (point,)
        Densities at them.
    """

    x: Float[Array, "point parameter"]
    log_proposal: Float[Array, " point"]
    log_likelihood: Float[Array, " point"]
    log_prior: Float[Array, " point"]

    @property
    def gap(self) -> Float[Array, " point"]:
        """What parts posterior and proposal."""
        return self.log_likelihood + self.log_prior - self.log_proposal

    def log_density(self, share: Float[Array, ""]) -> Float[Array, " point"]:
        """Return that of a stage: the proposal at share 0, the posterior at 1."""
        return self.log_proposal + share * self.gap


class _Proposal(NamedTuple):
    """A t distribution, in prior standard deviations, mixed with the prior."""

    mean: Float[Array, " parameter"]
    root: Float[Array, "parameter parameter"]  # of its scale matrix, lower triangular

    def drawn(self, even: Float[Array, "point drawn"]) -> Float[Array, "point parameter"]:
        """Return points, from what `_even_draws` returns."""
        standard, stretch, which = even[:, :-2], even[:, -2:-1], even[:, -1:]
        return jnp.where(
            which < FROM_PRIOR, standard, self.mean + (standard * stretch) @ self.root.T
        )

    def log_density(self, x: Float[Array, "point parameter"]) -> Float[Array, " point"]:
        """Return that with which points are drawn."""
        parameters = x.shape[1]
        away = (solve_triangular(self.root, (x - self.mean).T, lower=True) ** 2).sum(axis=0)
        half = (FREEDOM + parameters) / 2
        scale = jax.scipy.special.gammaln(half) - jax.scipy.special.gammaln(FREEDOM / 2)
        scale = scale - 0.5 * parameters * np.log(FREEDOM * np.pi)
        scale = scale - jnp.log(jnp.diagonal(self.root)).sum()
        t = scale - half * jnp.log1p(away / FREEDOM)
        prior = norm.logpdf(x).sum(axis=1)
        return jnp.logaddexp(np.log1p(-FROM_PRIOR) + t, np.log(FROM_PRIOR) + prior)


def sampled_posteriors(
    model: ChoiceModel, trials: ChoiceTrials, prior: NormalPrior, seed: int = 0
) -> SampledPosterior:
    """Return the posterior of every subject, as weighted points.

    Points are drawn from a t distribution about the most probable parameters, mixed with the
    prior, and weighted by what they should have been drawn from over what they were. Where too few
    of them would count, as where the likelihood has edges or several tops, the posterior is reached
    by stages, in each of which the points that count move on by Markov chains, all of whose states
    are kept (waste-free sequential Monte Carlo: Dau & Chopin, Journal of the Royal Statistical
    Society B 84:114, 2022).
    """
    if not model.parameters:
        return _without_parameters(model, trials, prior)
    about = posteriors(model, trials, prior)
    even = _even_draws(POINTS, len(model.parameters), seed)
    found = _reached(model, trials, prior, about, even=jnp.asarray(even), key=jax.random.key(seed))
    return found.under(prior)


@partial(jax.jit, static_argnums=0)
def _without_parameters(
    model: ChoiceModel, trials: ChoiceTrials, prior: NormalPrior
) -> SampledPosterior:
    """Return a single point, as there is nothing to find."""
    log_likelihood = jax.vmap(model.log_likelihood)(prior.mean, trials)[:, None]
    nothing = jnp.zeros_like(log_likelihood)
    return DrawnPoints(prior.mean[:, None], log_likelihood, nothing).under(prior)


@partial(jax.jit, static_argnums=0)
def _reached(
    model: ChoiceModel,
    trials: ChoiceTrials,
    prior: NormalPrior,
    about: NormalPosterior,
    *,
    even: Float[Array, "point drawn"],
    key: Array,
) -> DrawnPoints:
    """Return points near the posterior of each subject."""

    def of_subject(one: tuple[ChoiceTrials, NormalPrior, Array, Array]) -> tuple[Array, ...]:
        own, prior, mean, covariance = one

        def likelihood(x: Float[Array, "point parameter"]) -> Float[Array, " point"]:
            return jax.vmap(lambda x: model.log_likelihood(prior.mean + prior.sd * x, own))(x)

        spread = jnp.linalg.cholesky(covariance / prior.sd / prior.sd[:, None])
        proposal = _Proposal((mean - prior.mean) / prior.sd, WIDER * spread)
        cloud, density = _moved(likelihood, proposal, even, key)
        points = prior.mean + prior.sd * cloud.x
        return points, cloud.log_likelihood, density - jnp.log(prior.sd).sum()

    return DrawnPoints(*jax.lax.map(of_subject, (trials, prior, about.mean, about.covariance)))


def _moved(
    likelihood: Law, proposal: _Proposal, even: Float[Array, "point drawn"], key: Array
) -> tuple[_Cloud, Float[Array, " point"]]:
    """Return points that are near enough to the posterior, and their log density."""

    def cloud_at(x: Float[Array, "point parameter"]) -> _Cloud:
        return _Cloud(x, proposal.log_density(x), likelihood(x), norm.logpdf(x).sum(axis=1))

    def going_on(state: tuple) -> Array:
        stage, share, _, cloud, _ = state
        return (stage < STAGES) & (_effective((1 - share) * cloud.gap) < EFFECTIVE)

    def advanced(state: tuple) -> tuple:
        stage, share, log_total, cloud, key = state
        step = _longest_step(cloud.gap, 1 - share)
        raw = step * cloud.gap
        log_total = log_total + jax.nn.logsumexp(raw) - np.log(POINTS)
        drawing, moving, key = jax.random.split(key, 3)
        weight = jax.nn.softmax(raw)
        kept = jax.random.choice(drawing, POINTS, (CHAINS,), p=weight)
        begun = jax.tree.map(lambda part: part[kept], cloud)
        mean = weight @ cloud.x
        away = cloud.x - mean
        covariance = (weight[:, None] * away).T @ away
        root = jnp.linalg.cholesky(covariance + JITTER * jnp.eye(len(mean), dtype=mean.dtype))
        cloud = _chains(begun, share + step, root, cloud_at, moving)
        return stage + 1, share + step, log_total, cloud, key

    zero = jnp.zeros((), even.dtype)
    first = (0, zero, zero, cloud_at(proposal.drawn(even)), key)
    _, share, log_total, cloud, _ = jax.lax.while_loop(going_on, advanced, first)
    return cloud, cloud.log_density(share) - log_total


def _chains(
    begun: _Cloud,
    share: Float[Array, ""],
    root: Float[Array, "parameter parameter"],
    cloud_at: Callable[[Float[Array, "point parameter"]], _Cloud],
    key: Array,
) -> _Cloud:
    """Return all states of Markov chains that leave the density of a stage as it is."""
    parameters = len(root)

    def moved(now: _Cloud, key: Array) -> tuple[_Cloud, _Cloud]:
        going, sizing, taking = jax.random.split(key, 3)
        # Of many sizes, as what is rugged takes small steps and what is wide takes large ones.
        size = SMALLEST_STEP ** jax.random.uniform(sizing, (CHAINS, 1), root.dtype)
        largest = 2.38 / np.sqrt(parameters)
        ahead = jax.random.normal(going, now.x.shape, root.dtype) @ root.T
        then = cloud_at(now.x + largest * size * ahead)
        gain = then.log_density(share) - now.log_density(share)
        taken = jnp.log(jax.random.uniform(taking, (CHAINS,), root.dtype)) < gain
        now = jax.tree.map(
            lambda new, old: jnp.where(taken.reshape(-1, *(1,) * (new.ndim - 1)), new, old),
            then, now,
        )  # fmt: skip
        return now, now

    _, later = jax.lax.scan(moved, begun, jax.random.split(key, STEPS - 1))
    return jax.tree.map(
        lambda first, later: jnp.concatenate([first, later.reshape(-1, *later.shape[2:])]),
        begun, later,
    )  # fmt: skip


def _effective(raw: Float[Array, " point"]) -> Float[Array, ""]:
    """Return as how many points of one weight these count, by their log weights."""
    return 1 / (jax.nn.softmax(raw) ** 2).sum()


def _longest_step(gap: Float[Array, " point"], left: Float[Array, ""]) -> Float[Array, ""]:
    """Return how far a stage may go, at most what is left, for enough points to count."""

    def halved(_: int | Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        good = _effective(middle * gap) >= EFFECTIVE
        return jnp.where(good, middle, low), jnp.where(good, high, middle)

    return jax.lax.fori_loop(0, 30, halved, (jnp.zeros_like(left), left))[0]


def _even_draws(points: int, parameters: int, seed: int) -> Float[np.ndarray, "point drawn"]:
    """Return points spread evenly, from which `_Proposal` draws.

    A standard normal for each parameter, by how much it is stretched to a t distribution, and a
    number between 0 and 1.
    """
    uniform = even_points(points, parameters + 2, seed)
    standard = stats.norm.ppf(uniform[:, :parameters])
    stretch = np.sqrt(FREEDOM / stats.chi2.ppf(uniform[:, parameters], FREEDOM))
    return np.concatenate([standard, stretch[:, None], uniform[:, -1:]], axis=1)
