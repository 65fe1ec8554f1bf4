"""An ensemble's responses, given how plastic its network is and how much its senses count.

The log odds of an ensemble's activity are, in trial t of session n (section 2 of the theory, with a
sensory precision zeta, and what no network explains beside it)::

    v = ln D1/D0  +  zeta ((W1 - W0) o + h1 - h0)  +  f (o - 1/2)  +  u_n + g_n (<o> - 1/2)  +  e_k

W and h are those that the responses before session n lead to, from W = 0 on, as in section 4,
step 5: given the plasticity they are known numbers. f, u, g and e are normal and independent: what
inputs evoke by themselves, sessions that differ, and what a repeated stimulus evokes. The response
scatters about that as a forecast's does, by a censored logistic.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    gradients,
    information,
    location_of,
    location_slopes,
    log_density,
)
from canonica.reverse_engineering.forecasting.distribution._noise import (
    log_scale_prior,
    scale_ascent,
)
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import (
    drive,
    learned_before,
)
from canonica.reverse_engineering.forecasting.plasticity._laplace import Trials
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import session_sums
from canonica.reverse_engineering.forecasting.plasticity._random_effects import USUAL

PRIOR_SD = 1.0  # of the log odds of the state prior, before anything is seen
DIRECT_SD = 0.7  # of what an input evokes by itself
SESSION_SD = 0.1  # of what moves all trials of a session alike
GAIN_SD = 0.4  # of what moves those with more input more
STEPS = 40
LARGEST_MOVE = 1.5  # of any trial's log odds in one step
SETTLED = 0.02  # nats that the last step was to gain, and that are taken for gained
STILL = 0.02  # of the logarithm of a scale, in the last step
USUAL_SCALE = 0.15


class CountedTrials(NamedTuple):
    """An ensemble's initial sessions, and which of their trials count.

    Attributes
    ----------
    trials : Trials
        All of which are learned from.
    counts : (session, slot)
        Whether a trial bears on the likelihood.
    """

    trials: Trials
    counts: Bool[Array, "session slot"]


class Responding(NamedTuple):
    """The most probable parameters of an ensemble at one plasticity and precision.

    Attributes
    ----------
    parameters : (parameter,)
        The log odds of the state prior first.
    effect : (stimulus,)
        What each repeated stimulus evokes.
    log_scale : (state,)
        Of the noise.
    """

    parameters: Float[Any, "*batch parameter"]
    effect: Float[Any, "*batch stimulus"]
    log_scale: Float[Any, "*batch state"]


class OfStatePrior(NamedTuple):
    """What the responses say of the state prior at one plasticity and precision.

    Attributes
    ----------
    mean, variance : ()
        Of the log odds of the state prior.
    log_evidence : ()
        Log likelihood of the responses, all else integrated out (Laplace).
    decrement : ()
        Nats that another step was to gain.
    """

    mean: Float[Any, "*batch"]
    variance: Float[Any, "*batch"]
    log_evidence: Float[Any, "*batch"]
    decrement: Float[Any, "*batch"]


def evidence(trials: Trials, rate: Float[Array, ""]) -> Float[Array, "session slot"]:
    """Return ``(W1 - W0) o + h1 - h0`` of each trial, of a network that has learned till then.

    Parameters
    ----------
    trials : Trials
        Of one ensemble.
    rate : ()
        Inverse of the prior strength.
    """
    added = session_sums(trials.response, trials.stimuli, trials.valid)
    before, _ = learned_before(added, 1.0)
    sessions, _, inputs = trials.stimuli.shape
    nothing = jnp.zeros((sessions, 1, inputs), trials.response.dtype)
    driven = drive(nothing, before, rate, adaptive=True)
    of_inputs = jnp.einsum("nti,ni->nt", trials.stimuli, driven.present[:, 0])
    return of_inputs + driven.always.sum(axis=(1, 2))[:, None]


def features(trials: Trials) -> Float[Array, "session slot parameter"]:
    """Return the derivative of each trial's log odds in all that is normal but stimuli."""
    sessions, slots, _ = trials.stimuli.shape
    of_session = jnp.broadcast_to(jnp.eye(sessions)[:, None], (sessions, slots, sessions))
    more = trials.stimuli.mean(axis=-1, keepdims=True) - 0.5
    one = jnp.ones((sessions, slots, 1))
    return jnp.concatenate([one, of_session, of_session * more, trials.stimuli - 0.5], axis=-1)


def precisions(sessions: int, inputs: int) -> Float[Array, " parameter"]:
    """Return the inverse prior variance of each of the features' parameters."""
    sds = (PRIOR_SD, SESSION_SD, GAIN_SD, DIRECT_SD)
    sizes = (1, sessions, sessions, inputs)
    return jnp.concatenate([jnp.full(n, sd**-2.0) for n, sd in zip(sizes, sds, strict=True)])


def responding(
    seen: CountedTrials, offset: Float[Array, "session slot"], start: Responding
) -> tuple[Responding, OfStatePrior]:
    """Return the fit where the log odds have a known part, and what that says.

    Parameters
    ----------
    seen : CountedTrials
        Of one ensemble.
    offset : (session, slot)
        The precision times `evidence`.
    start : Responding
        Where Fisher's scoring begins.
    """
    trials, counts = seen
    sessions, _, inputs = trials.stimuli.shape
    J, prior = features(trials), precisions(sessions, inputs)
    own = jnp.full(trials.repeated.shape, 1 / USUAL.stimulus)
    states = jax.nn.one_hot(trials.state, len(start.log_scale), dtype=J.dtype)

    def log_odds(fit: Responding) -> Float[Array, "session slot"]:
        return offset + J @ fit.parameters + jnp.append(fit.effect, 0.0)[trials.stimulus]

    def by_stimulus(values: Float[Array, "session slot *more"]) -> Array:
        every = jax.ops.segment_sum(
            values.reshape(-1, *values.shape[2:]), trials.stimulus.ravel(), len(own) + 1
        )
        return every[:-1]

    def look(fit: Responding) -> tuple[Responding, OfStatePrior]:
        expected = log_odds(fit)
        scale = jnp.exp(fit.log_scale)[trials.state]
        location = location_of(expected, scale)
        slopes = gradients(trials.response, location, scale)
        moved = location_slopes(expected, location, scale)
        slope = jnp.where(counts, slopes.location * moved.log_odds, 0)
        curved = jnp.where(counts, information(location, scale) * moved.log_odds**2, 0)
        scale_slope = jnp.where(counts, slopes.log_scale + slopes.location * moved.log_scale, 0)
        weighted = J * curved[..., None]
        cross, diagonal = by_stimulus(weighted), by_stimulus(curved) + own
        dense = jnp.einsum("ntp,ntq->pq", weighted, J) + jnp.diag(prior)
        factor = jnp.linalg.cholesky(dense - cross.T @ (cross / diagonal[:, None]))
        gradient = jnp.einsum("ntp,nt->p", J, slope) - prior * fit.parameters
        of_effects = by_stimulus(slope) - own * fit.effect
        eliminated = gradient - (of_effects / diagonal) @ cross
        move = jax.scipy.linalg.cho_solve((factor, True), eliminated)
        effect = (of_effects - cross @ move) / diagonal
        inverse = jax.scipy.linalg.solve_triangular(factor, jnp.eye(len(prior))[0], lower=True)
        density = jnp.where(counts, log_density(trials.response, location, scale), 0).sum()
        penalty = (prior * fit.parameters**2).sum() + (own * fit.effect**2).sum()
        volume = (
            jnp.log(prior).sum()
            - 2 * jnp.log(jnp.diag(factor)).sum()
            + (jnp.log(own) - jnp.log(diagonal)).sum()
        )
        decrement = (eliminated @ move + (of_effects**2 / diagonal).sum()) / 2
        log_evidence = density - penalty / 2 + log_scale_prior(fit.log_scale) + volume / 2
        log_evidence = log_evidence + jnp.minimum(decrement, 0.5)
        wanted = Responding(fit.parameters + move, fit.effect + effect, fit.log_scale)
        farthest = jnp.where(counts, jnp.abs(log_odds(wanted) - expected), 0).max()
        share = jnp.minimum(1.0, LARGEST_MOVE / jnp.maximum(farthest, 1e-12))
        after = Responding(
            fit.parameters + share * move,
            fit.effect + share * effect,
            scale_ascent(
                fit.log_scale,
                jnp.einsum("nts,nt->s", states, scale_slope),
                jnp.einsum("nts,nt->s", states, counts.astype(J.dtype)),
            ),
        )
        found = OfStatePrior(after.parameters[0], (inverse**2).sum(), log_evidence, decrement)
        return after, found

    def going_on(state: tuple[Array, Responding, OfStatePrior, Array]) -> Array:
        step, _, found, change = state
        return (step < STEPS) & ~((found.decrement < SETTLED) & (change < STILL))

    def advanced(
        state: tuple[Array, Responding, OfStatePrior, Array],
    ) -> tuple[Array, Responding, OfStatePrior, Array]:
        step, fit, *_ = state
        after, found = look(fit)
        return step + 1, after, found, jnp.abs(after.log_scale - fit.log_scale).max()

    nowhere = jnp.array(jnp.inf, J.dtype)
    first = (jnp.array(0), start, OfStatePrior(*[nowhere] * 4), nowhere)
    _, fit, found, _ = jax.lax.while_loop(going_on, advanced, first)
    return fit, found


def starting(seen: CountedTrials, states: int) -> Responding:
    """Return where a fit begins: at what all responses are like."""
    trials, counts = seen
    sessions, _, inputs = trials.stimuli.shape
    mean = jnp.where(counts, trials.response, 0).sum() / jnp.maximum(counts.sum(), 1)
    mean = jnp.clip(mean, 0.02, 0.98)
    zeros = jnp.zeros(1 + 2 * sessions + inputs, trials.response.dtype)
    return Responding(
        zeros.at[0].set(jnp.log(mean) - jnp.log1p(-mean)),
        jnp.zeros(trials.repeated.shape, zeros.dtype),
        jnp.full(states, jnp.log(USUAL_SCALE), zeros.dtype),
    )
