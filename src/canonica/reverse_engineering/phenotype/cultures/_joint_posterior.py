"""The joint posterior of state prior, sensory precision and plasticity, on a grid that homes in."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import stats

from canonica._float64 import in_float64
from canonica._one_thread import by_one_thread
from canonica.reverse_engineering.forecasting.plasticity._laplace import Trials
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.phenotype._parameters import Parameter
from canonica.reverse_engineering.phenotype.cultures._responding import (
    PRIOR_SD,
    CountedTrials,
    OfStatePrior,
    Responding,
    evidence,
    responding,
    starting,
)

USUAL_RATE = 0.2  # of learning, in inverse numbers of initial trials, before anything is seen
PARAMETERS = (
    Parameter("state prior", "D", "probability", 0.0, PRIOR_SD, 0.5),
    Parameter("sensory precision", "zeta", "positive", 0.0, 0.7, 1.0),
    Parameter("plasticity", "eta", "positive", float(np.log(USUAL_RATE)), 1.7, 1.0),
)
POINTS = 7  # of the grid, each way
REACH = 2.4  # standard deviations of its half width
LOOKS = 3  # the grid is laid anew about what the one before found
FLOOR = 0.5  # of a grid's step that a deviation is taken for at least


class Joint(NamedTuple):
    """A mixture of normals, one at each point of the grid.

    Attributes
    ----------
    weight : (point,)
        Posterior probability of each.
    mean : (point, parameter)
        On the scale without bounds, in the order of `PARAMETERS`.
    sd : (point, parameter)
        Of the state prior Laplace's, of the others that of a cell.
    log_evidence : ()
        Log likelihood of all responses, everything integrated out.
    unfinished : ()
        Nats that another step was to gain, at most, where there is any weight.
    """

    weight: Float[Any, "*batch point"]
    mean: Float[Any, "*batch point parameter"]
    sd: Float[Any, "*batch point parameter"]
    log_evidence: Float[Any, "*batch"]
    unfinished: Float[Any, "*batch"]

    @property
    def centre(self) -> Float[np.ndarray, " parameter"]:
        """The posterior mean."""
        return self.weight @ self.mean

    @property
    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """The posterior covariance."""
        away = self.mean - self.centre
        return (away.T * self.weight) @ away + np.diag(self.weight @ self.sd**2)

    def quantiles(self, probabilities: list[float]) -> Float[np.ndarray, "quantile parameter"]:
        """Return quantiles of each parameter, on the scale without bounds."""
        return mixture_quantiles(self.weight, self.mean, self.sd, probabilities)


def mixture_quantiles(
    weight: Float[np.ndarray, " point"],
    mean: Float[np.ndarray, "point parameter"],
    sd: Float[np.ndarray, "point parameter"],
    probabilities: list[float],
) -> Float[np.ndarray, "quantile parameter"]:
    """Return quantiles of mixtures of normals, by halving."""
    wanted = np.asarray(probabilities)[:, None]
    low = np.broadcast_to((mean - 10 * sd).min(axis=0), (len(wanted), mean.shape[1])).copy()
    high = np.broadcast_to((mean + 10 * sd).max(axis=0), low.shape).copy()
    for _ in range(60):
        middle = (low + high) / 2
        below = np.einsum(
            "p,pqk->qk", weight, stats.norm.cdf((middle - mean[:, None]) / sd[:, None])
        )
        low, high = np.where(below < wanted, middle, low), np.where(below < wanted, high, middle)
    return (low + high) / 2


@by_one_thread
@in_float64
@partial(jax.jit, static_argnames=("states", "uniform_trials"))
def joint_posteriors(initial: Any, *, states: int, uniform_trials: bool) -> Any:
    """Return the joint posterior of many recordings of one size, one after the other.

    Parameters
    ----------
    initial : Initial
        With a leading axis recording.
    states : int
        Joint source states, each with a noise of its own.
    uniform_trials : bool
        Whether trials in which all inputs are on, or none, bear on the likelihood.
    """
    every = Initial(*map(jnp.asarray, initial))
    return jax.lax.map(partial(_joint, states=states, uniform_trials=uniform_trials), every)


def _joint(initial: Initial, *, states: int, uniform_trials: bool) -> Joint:
    mixed = (initial.stimuli.max(axis=-1) > 0) & (initial.stimuli.min(axis=-1) < 1)
    counts = initial.valid & (mixed | uniform_trials)
    trials = initial.valid.sum()
    prior_mean, prior_sd = (
        jnp.array([getattr(one, field) for one in PARAMETERS[1:]]) for field in ("mean", "sd")
    )
    steps = np.linspace(-1, 1, POINTS) * REACH
    # Row by row, every other one backwards, so that each point lies beside the one before.
    rows = [(a, b) for n, a in enumerate(steps) for b in (steps if n % 2 else steps[::-1])]
    z = jnp.array(rows)

    def of_ensemble(response: Array, points: Float[Array, "point 2"]) -> OfStatePrior:
        seen = CountedTrials(Trials(response, *initial[1:]), counts)
        start = starting(seen, states)

        def at(fit: Responding, point: Float[Array, "2"]) -> tuple[Responding, OfStatePrior]:
            offset = jnp.exp(point[0]) * evidence(seen.trials, jnp.exp(point[1]) / trials)
            return responding(seen, offset, fit)  # begins where that of the point before ended

        return jax.lax.scan(at, start, points)[1]

    def laid(centre: Array, factor: Array) -> tuple[Array, Array, OfStatePrior]:
        points = centre + z @ factor.T
        responses = initial.response.swapaxes(0, 1)
        found: Any = jax.lax.map(lambda response: of_ensemble(response, points), responses)
        prior = -0.5 * (((points - prior_mean) / prior_sd) ** 2).sum(axis=-1)
        log_posterior = jnp.nan_to_num(found.log_evidence.sum(axis=0) + prior, nan=-jnp.inf)
        return points, log_posterior, found

    def homed(_: Array, grid: tuple[Array, Array]) -> tuple[Array, Array]:
        points, log_posterior = laid(*grid)[:2]
        weight = jax.nn.softmax(log_posterior)
        mean = weight @ points
        away = points - mean
        step = grid[1] * (steps[1] - steps[0])
        least = FLOOR**2 * step @ step.T
        return mean, jnp.linalg.cholesky((away.T * weight) @ away + least)

    start = (prior_mean, jnp.diag(prior_sd))
    centre, factor = jax.lax.fori_loop(0, LOOKS - 1, homed, start)
    points, log_posterior, found = laid(centre, factor)
    mean, variance, decrement = found.mean, found.variance, found.decrement
    weight = jax.nn.softmax(log_posterior)
    cell = steps[1] - steps[0]
    spread = jnp.sqrt((factor**2).sum(axis=1) / 12) * cell
    ensembles = len(mean)
    prior_volume = jnp.log(2 * jnp.pi) + jnp.log(prior_sd).sum()
    cell_volume = 2 * jnp.log(cell) + jnp.log(jnp.abs(jnp.diag(factor))).sum()
    return Joint(
        weight,
        jnp.concatenate([mean.mean(axis=0)[:, None], points], axis=-1),
        jnp.concatenate(
            [
                jnp.sqrt(variance.sum(axis=0))[:, None] / ensembles,
                jnp.broadcast_to(spread, points.shape),
            ],
            axis=-1,
        ),
        jax.nn.logsumexp(log_posterior) - prior_volume + cell_volume,
        jnp.where(weight > 1e-3, decrement, 0).max(),  # noqa: PLR2004
    )
