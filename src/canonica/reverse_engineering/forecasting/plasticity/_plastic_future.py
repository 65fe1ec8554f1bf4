"""What a network with uncertain parameters will do: every draw from the posterior, run forward."""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from canonica._float64 import in_float64
from canonica._one_thread import by_one_thread
from canonica.model import SynapticSums
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    location_of,
    location_slopes,
)
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import (
    Plasticity,
    drive,
    learned_before,
    sums_with,
)
from canonica.reverse_engineering.forecasting.plasticity._laplace import Fit, Learned, Trials, step
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import session_sums
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    KEPT,
    LEVELS,
    Deviations,
    EffectSizes,
    Parts,
    Variances,
    correlations,
    level_features,
    parts,
    session_times,
)
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import (
    share_followed,
    uniform,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray

LOGISTIC_VARIANCE = math.pi**2 / 3  # of scale 1
NEAREST_END = 1e-12  # of an expected response


class AllSessions(NamedTuple):
    """All sessions, as far as they are known beforehand; leading axis session.

    Attributes
    ----------
    stimuli : (session, slot, input)
        0/1.
    valid, state, stimulus : (session, slot)
        As in `Trials`.
    share : (session, slot, state)
        As in `StateMeans`.
    """

    stimuli: Float[AnyArray, "*session slot input"]
    valid: Bool[AnyArray, "*session slot"]
    state: Int[AnyArray, "*session slot"]
    stimulus: Int[AnyArray, "*session slot"]
    share: Float[AnyArray, "*session slot state"]


class DrawnPlasticity(NamedTuple):
    """What is drawn from the grid of plasticities.

    Attributes
    ----------
    plasticity : Plasticity
        (draw,).
    fit : Fit
        That at the plasticity of each draw; (draw, ensemble, ...).
    """

    plasticity: Plasticity
    fit: Fit


class Sampled(NamedTuple):
    """Draws from the Gaussian about each fit.

    Attributes
    ----------
    parts : Parts
        Each (draw, ensemble, ...).
    effect : (draw, ensemble, stimulus)
        What each stimulus evokes.
    """

    parts: Parts
    effect: Float[AnyArray, "*batch stimulus"]


class Future(NamedTuple):
    """What the draws make of all sessions, the initial ones included.

    Attributes
    ----------
    mean, scale : (session, ensemble, slot)
        Of the predictive distribution of every response.
    state_draws : (draw, session, ensemble, state)
        Expected mean response under each source state.
    weight : (session, 2, ensemble, input)
        Mean synaptic weights at the start of each session.
    weight_quantile : (quantile, session, 2, ensemble, input)
        Their quantiles.
    offset : (draw, ensemble)
        Log odds of the activity without any input, at first.
    """

    mean: Float[AnyArray, "session ensemble slot"]
    scale: Float[AnyArray, "session ensemble slot"]
    state_draws: Float[AnyArray, "draw session ensemble state"]
    weight: Float[AnyArray, "session 2 ensemble input"]
    weight_quantile: Float[AnyArray, "quantile session 2 ensemble input"]
    offset: Float[AnyArray, "draw ensemble"]


@by_one_thread
@in_float64
@partial(jax.jit, static_argnames=("samples", "adaptive"))
def future(
    initial: Initial,
    world: AllSessions,
    drawn: DrawnPlasticity,
    variances: Variances,
    key: Any,
    *,
    quantiles: Any,
    samples: int,
    adaptive: bool,
) -> Future:
    """Return the forecast of every session, over draws of plasticity and random effects.

    Parameters
    ----------
    initial : Initial
        What was observed.
    world : AllSessions
        All stimuli and sources.
    drawn : DrawnPlasticity
        Plasticities, and fits to go with them.
    variances : Variances
        (ensemble,).
    key : jax.Array
        Decides everything else that is drawn.
    quantiles : (quantile,)
        Of the weights, to be kept.
    samples : int
        How many to take of the parameters at each plasticity drawn.
    adaptive : bool
        As in `drive`.
    """
    initial, world, drawn = jax.tree.map(jnp.asarray, (initial, world, drawn))
    of_fits, of_deviations, of_stimuli = jax.random.split(key, 3)
    keys = jax.random.split(of_fits, (*drawn.fit.log_scale.shape[:2], samples))
    sampled = _sampled(initial, drawn, variances, keys, adaptive=adaptive)
    plasticity = jax.tree.map(lambda one: jnp.repeat(one, samples), drawn.plasticity)
    levels = _deviations(of_deviations, sampled.parts, variances, len(world.valid))
    known = len(initial.valid)
    run = _Run(plasticity, sampled, _noise(drawn.fit), _novelty(initial, variances), adaptive)
    response = jnp.zeros((len(world.valid), *initial.response.shape[1:]))
    sessions = _SessionAhead(
        world,
        jnp.arange(len(world.valid)) < known,
        # Nobody knows how far a trend goes on: it is taken to end with what is known of it.
        jnp.full(len(world.valid), session_times(known)[-1]).at[:known].set(session_times(known)),
        response.at[:known].set(initial.response),
        levels,
        jax.random.split(of_stimuli, len(world.valid)),
    )
    weight = sampled.parts.weight
    nothing = jnp.zeros((len(weight), 2, *weight.shape[1:]))
    step_through = partial(run.through, quantiles=jnp.asarray(quantiles))
    _, kept = jax.lax.scan(step_through, SynapticSums(nothing, nothing), sessions)
    mean, scale, state_draws, mean_weight, weight_quantile = kept
    return Future(
        mean,
        scale,
        state_draws.swapaxes(0, 1),
        mean_weight,
        weight_quantile.swapaxes(0, 1),
        sampled.parts.offset[..., 0],
    )


def _sampled(
    initial: Initial, drawn: DrawnPlasticity, variances: Variances, keys: Array, *, adaptive: bool
) -> Sampled:
    """Return a sample for each key (plasticity, ensemble, sample); samples become further draws."""
    responses = jnp.asarray(initial.response).swapaxes(0, 1)

    def of_draw(draw: tuple[Plasticity, Fit, Array]) -> Sampled:
        plasticity, fits, keys = draw

        def of_ensemble(one: tuple[Array, Fit, Variances, Array]) -> Sampled:
            response, fit, variances, keys = one
            trials = Trials(response, *initial[1:])
            return _samples(trials, plasticity, fit, variances, keys, adaptive=adaptive)

        return jax.lax.map(of_ensemble, (responses, fits, variances, keys))

    every = jax.lax.map(of_draw, (*drawn, keys))  # (plasticity, ensemble, sample, ...)
    return jax.tree.map(
        lambda part: part.swapaxes(1, 2).reshape(-1, len(responses), *part.shape[3:]), every
    )


def _samples(
    trials: Trials,
    plasticity: Plasticity,
    fit: Fit,
    variances: Variances,
    keys: Array,
    *,
    adaptive: bool,
) -> Sampled:
    """Return samples of the parameters of one ensemble, from the Gaussian about the fit."""
    sessions, _, inputs = trials.stimuli.shape
    sizes = EffectSizes(inputs, sessions, len(fit.log_scale))
    added = session_sums(trials.response, trials.stimuli, trials.valid)
    learned = Learned(learned_before(added, plasticity.retention)[0], plasticity.rate)
    factor, cross, stimulus = step(trials, fit, learned, variances, adaptive=adaptive).curvature

    def sample(key: Array) -> Sampled:
        of_parameters, of_effect = jax.random.split(key)
        normal = jax.random.normal(of_parameters, fit.parameters.shape)
        away = jax.scipy.linalg.solve_triangular(factor, normal, lower=True, trans=1)
        own = jax.random.normal(of_effect, fit.effect.shape) / jnp.sqrt(stimulus)
        effect = (fit.effect - away @ cross / stimulus + own) * trials.repeated
        return Sampled(parts(fit.parameters + away, sizes), effect)

    return jax.vmap(sample)(keys)


def _noise(fit: Fit) -> Float[Array, "ensemble state"]:
    """Return the scale of the noise, averaged over draws."""
    return jnp.sqrt(jnp.exp(2 * fit.log_scale).mean(axis=0))


def _novelty(initial: Initial, variances: Variances) -> Float[Array, " ensemble"]:
    """Return how differently stimuli that were never seen will act: as much as those that were."""
    return jnp.sqrt(variances.stimulus) * jnp.asarray(initial.repeated).any()


def _deviations(
    key: Array, sampled: Parts, variances: Variances, sessions: int
) -> Float[Array, "session draw ensemble level"]:
    """Return all levels, as they deviate: as estimated, and at random from there on."""
    _, _, levels, initial = sampled.deviation.shape
    states = levels - LEVELS
    once, lasting = jnp.moveaxis(variances.of_levels(states), -1, 0)
    known = Deviations.of(variances, states, initial)
    # The lasting part of the last initial session, given all: what goes on is of that alone.
    towards = lasting[..., None] * jnp.asarray(correlations(initial)[1][-1])
    weight = jnp.einsum("elnm,elm->eln", known.precision, towards)
    left = lasting - jnp.einsum("eln,eln->el", weight, towards)
    of_last, *of_later = jax.random.split(key, 3)
    shape = sampled.deviation.shape[:-1]
    last = jnp.einsum("deln,eln->del", sampled.deviation, weight)
    last = last + jnp.sqrt(jnp.maximum(left, 0)) * jax.random.normal(of_last, shape)
    fresh, white = (
        jax.random.normal(one, (sessions - initial, *shape)) * jnp.sqrt(variance)
        for one, variance in zip(of_later, ((1 - KEPT**2) * lasting, once), strict=True)
    )

    def onward(part: Array, new: Array) -> tuple[Array, Array]:
        part = KEPT * part + new
        return part, part

    _, later = jax.lax.scan(onward, last, fresh)
    deviation = jnp.concatenate([jnp.moveaxis(sampled.deviation, -1, 0), later + white])
    return deviation.at[..., 0].add(sampled.offset[..., 0])


class _SessionAhead(NamedTuple):
    """One session, as a run takes it; leading axis session where they are all together."""

    world: AllSessions
    recorded: Array
    time: Array
    response: Array
    level: Array
    key: Array


class _Run(NamedTuple):
    """All draws at once, session by session: memory grows with what is kept of them alone."""

    plasticity: Plasticity
    sampled: Sampled
    noise: Array
    novelty: Array
    adaptive: bool

    def through(
        self, learned: SynapticSums, session: _SessionAhead, *, quantiles: Array
    ) -> tuple[SynapticSums, tuple[Array, ...]]:
        """Return what is learned after the session, and what is kept of it."""
        here = session.world
        rate, retention = (value[:, None, None, None] for value in self.plasticity)
        weight = self.sampled.parts.weight + session.time * self.sampled.parts.trend
        log_odds = self._log_odds(weight, learned, session)
        activity = jax.nn.sigmoid(log_odds)
        mean = jnp.clip(activity.mean(axis=0), NEAREST_END, 1 - NEAREST_END)
        of_state = self.noise[:, here.state]
        mean_log_odds = jnp.log(mean) - jnp.log1p(-mean)
        location = location_of(mean_log_odds, of_state)
        moved = location_slopes(mean_log_odds, location, of_state).log_odds
        variance = of_state**2 + moved**2 * log_odds.var(axis=0) / LOGISTIC_VARIANCE
        weights = sums_with(weight, learned, rate).weight  # (draw, 2, ensemble, input)
        kept = (
            mean,
            jnp.sqrt(variance),
            activity @ here.share,
            weights.mean(axis=0),
            jnp.quantile(weights, quantiles, axis=0),
        )
        followed = jnp.where(session.recorded, session.response, activity)
        return learned * retention + _added(followed, here), kept

    def _log_odds(
        self, weight: Array, learned: SynapticSums, session: _SessionAhead
    ) -> Float[Array, "draw ensemble slot"]:
        here, effect = session.world, self.sampled.effect
        rate = self.plasticity.rate[:, None, None, None]
        driven = drive(weight, learned, rate, adaptive=self.adaptive)
        initial = jnp.einsum("dji,ti->djt", weight, here.stimuli)
        features = level_features(here.stimuli, here.state, session.level.shape[-1] - LEVELS)
        learned_since = (
            jnp.einsum("dji,ti->djt", driven.present - weight, here.stimuli)
            + driven.always.sum(axis=-1)[..., None]
        )
        followed = share_followed(uniform(here.stimuli), self.sampled.parts.share)
        normal = jax.random.normal(session.key, initial.shape)
        novel = jnp.where(here.stimulus == effect.shape[-1], normal * self.novelty[:, None], 0)
        known = jnp.concatenate([effect, jnp.zeros((*effect.shape[:-1], 1))], axis=-1)
        return (
            initial
            + followed * learned_since
            + session.level @ features.T
            + known[:, :, here.stimulus]
            + novel
        )


def _added(activity: Float[Array, "draw ensemble slot"], here: AllSessions) -> SynapticSums:
    """Return what a session adds to the sums of every draw."""
    both = jnp.stack([1 - activity, activity], axis=1) * here.valid
    hebbian = both @ here.stimuli
    homeostatic = both.sum(axis=-1, keepdims=True)
    return SynapticSums(hebbian, jnp.broadcast_to(homeostatic, hebbian.shape))
