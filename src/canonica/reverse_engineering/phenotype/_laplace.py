"""The most probable parameters of each subject, and the normal posterior about them (Laplace)."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import stats

from canonica.reverse_engineering.phenotype._choice_model import ChoiceModel
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials

STEPS = 60
GRADIENT = 1e-6  # of the log posterior, in prior standard deviations, at which it is at its top
GAIN = 1e-7  # nats by which a step has to better it; at an edge its slope does not vanish
LONGEST = 2.0  # prior standard deviations that one step may go
DAMPING = 1e-3
POINTS = 64  # at which a top is looked for, before it is climbed


class NormalPosterior(NamedTuple):
    """The normal posterior on the unbounded scale, for each subject.

    Attributes
    ----------
    mean : (subject, parameter)
        The most probable parameters.
    covariance : (subject, parameter, parameter)
        Of the normal with the curvature there.
    log_likelihood, log_evidence : (subject,)
        At the mean; integrated over the posterior by Laplace's approximation.
    gradient : (subject,)
        The largest slope of the log posterior that is left.
    """

    mean: Float[Array, "subject parameter"]
    covariance: Float[Array, "subject parameter parameter"]
    log_likelihood: Float[Array, " subject"]
    log_evidence: Float[Array, " subject"]
    gradient: Float[Array, " subject"]


class NormalPrior(NamedTuple):
    """What is believed at first, on the unbounded scale.

    Attributes
    ----------
    mean, sd : (subject, parameter)
        Of independent normals.
    """

    mean: Float[Array, "*subject parameter"]
    sd: Float[Array, "*subject parameter"]

    @classmethod
    def of(cls, model: ChoiceModel, subjects: int) -> "NormalPrior":
        """Return the weakly informative prior of the model's parameters, the same for all."""
        both = jnp.array([[one.mean, one.sd] for one in model.parameters]).reshape(-1, 2)
        return cls(*(jnp.broadcast_to(part, (subjects, len(both))) for part in both.T))

    def log_density(
        self, unbounded: Float[Array, "subject point parameter"]
    ) -> Float[Array, "subject point"]:
        """Return the log density of points."""
        mean, sd = self.mean[:, None], self.sd[:, None]
        return jax.scipy.stats.norm.logpdf(unbounded, mean, sd).sum(axis=-1)


@partial(jax.jit, static_argnums=0)
def posteriors(
    model: ChoiceModel,
    trials: ChoiceTrials,
    prior: NormalPrior,
    start: Float[Array, "subject parameter"] | None = None,
) -> NormalPosterior:
    """Return the posterior of every subject, each by damped Newton steps, all in one loop.

    They begin at `start`, on the unbounded scale; by default at the best of 64 points spread over
    the prior, as there may be several tops.
    """

    def standard(prior: NormalPrior, trials: ChoiceTrials, x: Float[Array, " parameter"]) -> Array:
        """Return minus the log posterior, but for a constant, in prior standard deviations."""
        likelihood = model.log_likelihood(prior.mean + prior.sd * x, trials)
        return 0.5 * (x**2).sum() - likelihood

    value = jax.vmap(standard)

    def slope_twice(*args: Any) -> tuple[Array, Array]:
        slope = jax.jacfwd(standard, argnums=2)(*args)
        return slope, slope

    shape = jax.vmap(jax.jacfwd(slope_twice, argnums=2, has_aux=True))

    def going_on(state: tuple) -> Array:
        step, *_, done = state
        return (step < STEPS) & ~done.all()

    def advanced(state: tuple) -> tuple:
        step, x, now, damping, done = state
        curvature, slope = shape(prior, trials, x)
        directions = jnp.linalg.eigh(curvature)
        size = jnp.maximum(jnp.abs(directions[0]), 0.1) + damping[:, None]
        along = jnp.einsum("sij,si->sj", directions[1], slope) / size
        move = -jnp.einsum("sij,sj->si", directions[1], along)
        length = jnp.sqrt((move**2).sum(axis=1, keepdims=True))
        move = move * jnp.minimum(1, LONGEST / jnp.maximum(length, 1e-12))
        # The first that goes down, of a step and its halves.
        halves = 0.25 ** jnp.arange(5)
        tried = jax.vmap(lambda part: value(prior, trials, x + part * move))(halves)
        better = tried < now
        which = jnp.argmax(better, axis=0)
        found = better.any(axis=0)
        part = jnp.where(found, halves[which], 0)
        after = jnp.where(found, jnp.take_along_axis(tried, which[None], axis=0)[0], now)
        damping = jnp.where(found, damping * jnp.where(which == 0, 0.2, 2.0), damping * 10)
        flat = jnp.abs(slope).max(axis=1, initial=0) < GRADIENT
        stuck = jnp.where(found, now - after < GAIN, damping > 1e6 * DAMPING)
        x = x + jnp.where(done, 0, part)[:, None] * move
        return step + 1, x, jnp.where(done, now, after), damping, done | flat | stuck

    first = (
        _best_of_many(value, prior, trials) if start is None else (start - prior.mean) / prior.sd
    )
    subjects = len(first)
    state = (
        0,
        first,
        value(prior, trials, first),
        jnp.full(subjects, DAMPING),
        jnp.zeros(subjects, bool),
    )
    _, x, now, *_ = jax.lax.while_loop(going_on, advanced, state)
    curvature, slope = shape(prior, trials, x)
    # A likelihood with an edge may curve the wrong way: no posterior is wider than the prior.
    sizes, directions = jnp.linalg.eigh(curvature)
    sizes = jnp.maximum(sizes, 1.0)
    covariance = jnp.einsum("sij,sj,skj->sik", directions, 1 / sizes, directions)
    return NormalPosterior(
        mean=prior.mean + prior.sd * x,
        covariance=covariance * prior.sd[:, :, None] * prior.sd[:, None, :],
        log_likelihood=-(now - 0.5 * (x**2).sum(axis=1)),
        log_evidence=-now - 0.5 * jnp.log(sizes).sum(axis=1),
        gradient=jnp.abs(slope).max(axis=1, initial=0),
    )


def even_points(points: int, dimensions: int, seed: int = 0) -> Float[np.ndarray, "point axis"]:
    """Return draws between 0 and 1, both excluded, that are spread evenly (a Sobol sequence)."""
    sequence = stats.qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    return np.clip(sequence.random(points), 1e-12, 1 - 1e-12)


def spread_points(
    points: int, parameters: int, seed: int = 0
) -> Float[np.ndarray, "point parameter"]:
    """Return draws of independent standard normals that are spread evenly."""
    if parameters == 0:
        return np.zeros((points, 0))
    return stats.norm.ppf(even_points(points, parameters, seed))


def _best_of_many(
    value: Callable[..., Float[Array, " subject"]], prior: NormalPrior, trials: ChoiceTrials
) -> Float[Array, "subject parameter"]:
    """Return the best of many points for each subject, in prior standard deviations."""
    subjects, parameters = prior.mean.shape
    points = jnp.asarray(spread_points(POINTS, parameters)).at[0].set(0)
    each = jax.lax.map(
        lambda point: value(prior, trials, jnp.broadcast_to(point, (subjects, parameters))), points
    )
    return points[jnp.argmin(each, axis=0)]
