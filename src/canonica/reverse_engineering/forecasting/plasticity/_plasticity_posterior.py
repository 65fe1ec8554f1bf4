"""How plastic a network is, from its initial sessions: an integral over a grid of plasticities."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from canonica._float64 import in_float64
from canonica._one_thread import by_one_thread
from canonica.model import SynapticSums, synaptic_sums_beside_prior
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import learned_before
from canonica.reverse_engineering.forecasting.plasticity._laplace import (
    Fit,
    Learned,
    Optimum,
    Trials,
    fitted,
    fitted_with_variances,
)
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.forecasting.plasticity._random_effects import Variances
from canonica.reverse_engineering.forecasting.plasticity._work import FIRST_STEPS

STEPS = 25  # of Newton's method from one plasticity to the next, at most
SETTLED = 0.1  # nats that the Newton decrement has to fall below


class FrozenPosterior(NamedTuple):
    """The fit if nothing is learned, which all others start from; leading axis ensemble.

    Attributes
    ----------
    fit : Fit
        Of a network that does not learn.
    variances : Variances
        Estimated with it.
    log_evidence : (ensemble,)
        Log likelihood of the data.
    """

    fit: Fit
    variances: Variances
    log_evidence: Float[Any, " ensemble"]


class Posterior(NamedTuple):
    """Fits at every plasticity of the grid, and their evidence.

    Attributes
    ----------
    frozen : FrozenPosterior
        Of a network that does not learn.
    fit : Fit
        (memory, rate, ensemble, ...).
    log_evidence : (memory, rate, ensemble)
        Log likelihood at each plasticity, less that of the frozen network.
    newton_decrement : (memory, rate, ensemble)
        What the last step was to add to the log posterior density: next to nothing near the top.
    """

    frozen: FrozenPosterior
    fit: Fit
    log_evidence: Float[Any, "memory rate ensemble"]
    newton_decrement: Float[Any, "memory rate ensemble"]

    @classmethod
    def of_none(cls, frozen: FrozenPosterior) -> "Posterior":
        """Return the posterior if no plasticity is tried: a grid of the frozen network alone."""
        nothing = np.zeros((1, 1, *np.shape(frozen.log_evidence)))
        return cls(frozen, Fit(*(part[None, None] for part in frozen.fit)), nothing, nothing)


def session_sums(
    response: Float[Array, "session slot"],
    stimuli: Float[Array, "session slot input"],
    valid: Bool[Array, "session slot"],
) -> SynapticSums:
    """Return what each session adds to the sums of one ensemble; (session, 2, 1, input)."""
    return jax.vmap(synaptic_sums_beside_prior)(
        response[..., None], stimuli, valid.astype(stimuli.dtype)
    )


@by_one_thread
@in_float64
@partial(jax.jit, static_argnames="states")
def frozen_posterior(initial: Initial, *, states: int) -> FrozenPosterior:
    """Return the posterior of a recording whose network does not learn.

    Parameters
    ----------
    initial : Initial
        What is known.
    states : int
        Number of joint source states.
    """
    return _of_ensembles(partial(_frozen, states=states), initial)


@by_one_thread
@in_float64
@partial(jax.jit, static_argnames="adaptive")
def posterior(
    initial: Initial, frozen: FrozenPosterior, rate: Any, retention: Any, *, adaptive: bool
) -> Posterior:
    """Return the posterior on a grid of rates and retentions.

    Parameters
    ----------
    initial : Initial
        What is known.
    frozen : FrozenPosterior
        Of the same recording.
    rate : (rate,)
        Increasing from next to nothing: each fit starts from that of the rate before.
    retention : (memory,)
        As in `Plasticity`.
    adaptive : bool
        Whether thresholds adapt with the weights.
    """
    return _plastic(initial, frozen, jnp.asarray(rate), jnp.asarray(retention), adaptive=adaptive)


@by_one_thread
@in_float64
@partial(jax.jit, static_argnames=("states", "adaptive", "together"))
def log_evidences(
    initial: Initial, rate: Any, retention: Any, *, states: int, adaptive: bool, together: int
) -> Any:
    """Return the log evidence of many recordings, (recording, memory, rate), from one call.

    Parameters
    ----------
    initial : Initial
        Of all of them, with a leading axis recording throughout.
    rate, retention, states, adaptive
        As in `posterior` and `frozen_posterior`, the same for all.
    together : int
        How many to compute at a time: one is best on few cores, many where there are thousands.
    """

    def of_one(one: Initial) -> Float[Array, "memory rate"]:
        frozen = _of_ensembles(partial(_frozen, states=states), one)
        found = _plastic(one, frozen, rate, retention, adaptive=adaptive)
        return found.log_evidence.sum(axis=-1)

    rate, retention = jnp.asarray(rate), jnp.asarray(retention)
    every = Initial(*map(jnp.asarray, initial))
    return jax.lax.map(of_one, every, batch_size=together)


def _of_ensembles(of_one: Callable[..., Any], initial: Initial, *parts: Any) -> Any:
    """Return what comes of each ensemble's trials and parts, one computed after the other."""
    every = Initial(*map(jnp.asarray, initial))

    def of_ensemble(one: tuple[Any, ...]) -> Any:
        response, *rest = one
        return of_one(Trials(response, *every[1:]), *rest)

    return jax.lax.map(of_ensemble, (every.response.swapaxes(0, 1), *parts))


def _frozen(trials: Trials, *, states: int) -> FrozenPosterior:
    """Return the posterior of one ensemble that does not learn."""
    sessions, _, inputs = trials.stimuli.shape
    nothing = jnp.zeros((sessions, 2, 1, inputs))
    learned = Learned(SynapticSums(nothing, nothing), 0.0)
    start, variances = fitted_with_variances(
        trials, learned, states, steps=FIRST_STEPS, adaptive=False
    )
    found = fitted(trials, start, learned, variances, steps=STEPS, settled=SETTLED, adaptive=False)
    return FrozenPosterior(found.fit, variances, found.log_evidence)


def _plastic(
    initial: Initial,
    frozen: FrozenPosterior,
    rate: Float[Array, " rate"],
    retention: Float[Array, " memory"],
    *,
    adaptive: bool,
) -> Posterior:
    """Return the posterior on a grid, the frozen network's being known."""

    def of_ensemble(trials: Trials, known: FrozenPosterior) -> Optimum:
        added = session_sums(trials.response, trials.stimuli, trials.valid)

        def at_retention(retention: Array) -> Optimum:
            before, _ = learned_before(added, retention)

            def at_rate(fit: Fit, rate: Array) -> tuple[Fit, Optimum]:
                found = fitted(
                    trials,
                    fit,
                    Learned(before, rate),
                    known.variances,
                    steps=STEPS,
                    settled=SETTLED,
                    adaptive=adaptive,
                )
                return found.fit, found

            return jax.lax.scan(at_rate, known.fit, rate)[1]

        return jax.lax.map(at_retention, retention)

    every: Optimum = _of_ensembles(of_ensemble, initial, frozen)
    last: Optimum = jax.tree.map(lambda part: jnp.moveaxis(part, 0, 2), every)
    return Posterior(
        frozen, last.fit, last.log_evidence - frozen.log_evidence, last.newton_decrement
    )
