"""How plastic a network is, from its initial sessions: an integral over a grid of plasticities."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from canonica._float64 import in_float64
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


class Posterior(NamedTuple):
    """Fits at every plasticity of the grid, and their evidence.

    Attributes
    ----------
    frozen : Fit
        Of a network that does not learn; leading axis ensemble.
    variances : Variances
        Estimated with it; (ensemble,).
    frozen_log_evidence : (ensemble,)
        Log likelihood of the data if nothing is learned.
    fit : Fit
        (memory, rate, ensemble, ...).
    log_evidence : (memory, rate, ensemble)
        Log likelihood at each plasticity, less that of the frozen network.
    newton_decrement : (memory, rate, ensemble)
        What the last step was to add to the log posterior density: next to nothing near the top.
    """

    frozen: Fit
    variances: Variances
    frozen_log_evidence: Float[Any, " ensemble"]
    fit: Fit
    log_evidence: Float[Any, "memory rate ensemble"]
    newton_decrement: Float[Any, "memory rate ensemble"]


def session_sums(
    response: Float[Array, "session slot"],
    stimuli: Float[Array, "session slot input"],
    valid: Bool[Array, "session slot"],
) -> SynapticSums:
    """Return what each session adds to the sums of one ensemble; (session, 2, 1, input)."""
    return jax.vmap(synaptic_sums_beside_prior)(
        response[..., None], stimuli, valid.astype(stimuli.dtype)
    )


@in_float64
@partial(jax.jit, static_argnames=("states", "adaptive"))
def posterior(
    initial: Initial, rate: Any, retention: Any, *, states: int, adaptive: bool
) -> Posterior:
    """Return the posterior on a grid of rates and retentions.

    Parameters
    ----------
    initial : Initial
        What is known.
    rate : (rate,)
        Increasing from next to nothing: each fit starts from that of the rate before.
    retention : (memory,)
        As in `Plasticity`.
    states : int
        Number of joint source states.
    adaptive : bool
        Whether thresholds adapt with the weights.
    """
    return _of_recording(
        initial, jnp.asarray(rate), jnp.asarray(retention), states=states, adaptive=adaptive
    )


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
        As in `posterior`, the same for all.
    together : int
        How many to compute at a time: one is best on few cores, many where there are thousands.
    """

    def of_one(one: Initial) -> Float[Array, "memory rate"]:
        found = _of_recording(one, rate, retention, states=states, adaptive=adaptive)
        return found.log_evidence.sum(axis=-1)

    rate, retention = jnp.asarray(rate), jnp.asarray(retention)
    every = Initial(*map(jnp.asarray, initial))
    return jax.lax.map(of_one, every, batch_size=together)


def _of_recording(
    initial: Initial,
    rate: Float[Array, " rate"],
    retention: Float[Array, " memory"],
    *,
    states: int,
    adaptive: bool,
) -> Posterior:
    """Return the posterior of a recording's plasticity, one ensemble computed after the other."""
    every = Initial(*map(jnp.asarray, initial))

    def of_ensemble(response: Array) -> Posterior:
        trials = Trials(response, *every[1:])
        return _posterior(trials, rate, retention, states=states, adaptive=adaptive)

    found = jax.lax.map(of_ensemble, every.response.swapaxes(0, 1))
    last = partial(jax.tree.map, lambda part: jnp.moveaxis(part, 0, 2))
    return Posterior(*found[:3], *(last(part) for part in found[3:]))


def _posterior(
    trials: Trials,
    rate: Float[Array, " rate"],
    retention: Float[Array, " memory"],
    *,
    states: int,
    adaptive: bool,
) -> Posterior:
    added = session_sums(trials.response, trials.stimuli, trials.valid)
    nothing: SynapticSums = jax.tree.map(jnp.zeros_like, added)
    start, variances = fitted_with_variances(
        trials, Learned(nothing, 0.0), states, steps=FIRST_STEPS, adaptive=adaptive
    )
    from_none = jnp.concatenate([jnp.zeros(1), rate])

    def at_retention(retention: Array) -> Optimum:
        before, _ = learned_before(added, retention)

        def at_rate(fit: Fit, rate: Array) -> tuple[Fit, Optimum]:
            found = fitted(
                trials,
                fit,
                Learned(before, rate),
                variances,
                steps=STEPS,
                settled=SETTLED,
                adaptive=adaptive,
            )
            return found.fit, found

        return jax.lax.scan(at_rate, start, from_none)[1]

    every: Optimum = jax.lax.map(at_retention, retention)
    frozen = every.log_evidence[0, 0]  # the same whatever is retained of nothing
    return Posterior(
        jax.tree.map(lambda part: part[0, 0], every.fit),
        variances,
        frozen,
        jax.tree.map(lambda part: part[:, 1:], every.fit),
        every.log_evidence[:, 1:] - frozen,
        every.newton_decrement[:, 1:],
    )
