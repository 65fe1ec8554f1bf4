"""What the published estimator makes of activity, and its standard errors."""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int8

from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica.model import SynapticSums, prior_sums
from canonica.reverse_engineering.published_protocol._estimation import (
    session_sums,
    sums_before_sessions,
    threshold_factor,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray, Observed
from canonica.reverse_engineering.published_protocol._published_forecast import response_of
from canonica.studies.recovery._networks import Sizes

# What the estimator takes the network's initial counts for: symmetric, of the protocol's prior
# strength or the true one; or what they are.
ASSUMED = ("protocol", "true prior strength", "true initial counts")
INTERVAL = ("counts", "residuals")  # what the interval of a strength is made from


class Estimated(NamedTuple):
    """What the estimator makes of one series of responses, by level, with standard errors."""

    threshold_factor: Float[AnyArray, "*batch 2 ensemble"]
    threshold_error: Float[AnyArray, "*batch 2 ensemble"]
    strength: Float[AnyArray, "*batch assumed 2 ensemble input"]
    strength_error: Float[AnyArray, "*batch assumed interval 2 ensemble input"]


@in_float64
@partial(jax.jit, static_argnames=("sizes", "initial_sessions"))
def estimates(
    activity: Float[AnyArray, "draw noise activity source trial"],
    stimuli: Int8[AnyArray, "draw trial input"],
    initial: SynapticSums,
    prior_strength: Float[AnyArray, ""] | float,
    *,
    sizes: Sizes,
    initial_sessions: int,
) -> Estimated:
    """Return what steps 4 and 5 make of every activity, draw after draw."""
    valid = jnp.ones((sizes.sessions, sizes.trials_per_session))

    def of_draw(one: tuple[Array, Array, SynapticSums]) -> Estimated:
        activity, stimuli, initial = one
        priors = _priors(prior_strength, initial)
        folded_stimuli = stimuli.astype(jnp.float64).reshape(*valid.shape, -1)

        def of_activity(activity: Array) -> Estimated:
            response = activity.reshape(-1, *valid.shape).swapaxes(0, 1)
            observed = Observed(response, folded_stimuli, valid)
            return _estimate(observed, priors, initial_sessions)

        return jax.vmap(jax.vmap(of_activity))(activity)

    return jax.lax.map(of_draw, (activity, stimuli, initial))


def _priors(prior_strength: Float[Array, ""] | float, initial: SynapticSums) -> SynapticSums:
    """Return what the estimator may take the initial sums for; leading axis `ASSUMED`."""
    shape = initial.hebbian.shape[1:]
    true_strength = initial.homeostatic[0, 0, 0]  # the same in every column
    priors = [prior_sums(prior_strength, *shape), prior_sums(true_strength, *shape), initial]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *priors)


def _estimate(observed: Observed, priors: SynapticSums, initial_sessions: int) -> Estimated:
    factor = threshold_factor(observed, initial_sessions)
    added = session_sums(observed)

    without_prior = sums_before_sessions(added, 0.0)

    def under(prior: SynapticSums) -> tuple[Array, Array]:
        before: SynapticSums = jax.tree.map(jnp.add, without_prior, prior)
        last: SynapticSums = jax.tree.map(lambda part: part[-1], before)
        errors = [_error_of_counts(last), _error_of_residuals(before, factor, observed)]
        return last.strength, jnp.stack(errors)

    strength, error = jax.vmap(under)(priors)
    initial = observed.response[:initial_sessions]
    trials = initial.shape[0] * initial.shape[2]
    # The delta method: trials are independent of each other, given the weights.
    of_mean = initial.std(axis=(0, 2), ddof=1) / math.sqrt(trials)
    return Estimated(factor, of_mean * jnp.exp(-factor), strength, error)


def _error_of_counts(sums: SynapticSums) -> Float[Array, "2 ensemble input"]:
    """Return the standard deviation of the Beta posterior whose counts these sums are."""
    return jnp.sqrt(sums.strength * (1 - sums.strength) / (sums.homeostatic + 1))


def _error_of_residuals(
    before: SynapticSums, factor: Float[Array, "2 ensemble"], observed: Observed
) -> Float[Array, "2 ensemble input"]:
    """Return by how much noise as large as the residuals moves the last session's strengths.

    Residuals are about the response that the estimated network itself would give. A change dx of
    the activity in one trial changes a strength p by ``dx (o - p) / Home``.
    """
    last: SynapticSums = jax.tree.map(lambda part: part[-1], before)
    fitted = jax.vmap(response_of, (0, None, 0))(before, factor, observed.stimuli)
    squared = ((observed.response - fitted) ** 2)[:-1]
    on = jnp.einsum("net,nti->ei", squared, observed.stimuli[:-1])
    off = squared.sum(axis=(0, 2))[:, None] - on
    p = last.strength
    return jnp.sqrt((1 - p) ** 2 * on + p**2 * off) / last.homeostatic


def check_thresholds(factor: Float[np.ndarray, "*batch"]) -> None:
    wrong = np.flatnonzero(~np.isfinite(factor).reshape(len(factor), -1).all(axis=1))
    if len(wrong):
        raise CanonicaError(
            f"state_prior: found ensembles that are always on, or always off, in {len(wrong)} of "
            f"{len(factor)} draws; expected activity in between. Narrow the limits, or take more "
            "trials."
        )
