"""Fit of one ensemble's parameters at a given plasticity, and how likely that makes the data.

Laplace's approximation: around the parameters at which the posterior density is highest it is taken
for Gaussian. Newton's steps use the expected curvature, which is never negative. What the stimuli
evoke by themselves enters each trial once, so that their part of the curvature is diagonal, and
costs next to nothing to eliminate.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from canonica.model import SynapticSums
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
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import Drive, drive
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    LEVELS,
    USUAL,
    EffectSizes,
    Moments,
    Variances,
    level_features,
    prior,
    reestimated,
)
from canonica.reverse_engineering.forecasting.plasticity._session_map import SessionMap
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import (
    share_followed,
    uniform,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray

LARGEST_MOVE = 1.5  # of any trial's log odds in one step
LARGEST_DECREMENT = 0.5  # nats of a step that are taken for gained


class Trials(NamedTuple):
    """The initial sessions of one ensemble.

    Attributes
    ----------
    response : (session, slot)
        In [0, 1].
    stimuli : (session, slot, input)
        0/1.
    valid : (session, slot)
        Whether a slot holds a trial.
    state : (session, slot)
        Joint source state.
    stimulus : (session, slot)
        Number of the stimulus, where it comes repeatedly; else the length of `repeated`.
    repeated : (stimulus,)
        Whether there is a stimulus of that number.
    """

    response: Float[Array, "session slot"]
    stimuli: Float[Array, "session slot input"]
    valid: Bool[Array, "session slot"]
    state: Int[Array, "session slot"]
    stimulus: Int[Array, "session slot"]
    repeated: Bool[Array, " stimulus"]


class Fit(NamedTuple):
    """Where the posterior density is highest.

    Attributes
    ----------
    parameters : (parameter,)
        As in `_random_effects`.
    effect : (stimulus,)
        What each stimulus evokes beside the weights.
    log_scale : (state,)
        Of the noise.
    """

    parameters: Float[AnyArray, "*batch parameter"]
    effect: Float[AnyArray, "*batch stimulus"]
    log_scale: Float[AnyArray, "*batch state"]


class Learned(NamedTuple):
    """What the network learned by the start of each session, and how fast it does.

    Attributes
    ----------
    sums : SynapticSums
        Beside the prior; (session, 2, 1, input).
    rate : ()
        Inverse of the prior strength.
    """

    sums: SynapticSums
    rate: Float[AnyArray, ""] | float


class Curvature(NamedTuple):
    """Negative second derivatives of the log posterior density, stimuli eliminated.

    Attributes
    ----------
    factor : (parameter, parameter)
        Cholesky factor, lower, of that of the parameters once the stimuli are integrated out.
    cross : (parameter, stimulus)
        Between both.
    stimulus : (stimulus,)
        That of the stimuli: diagonal.
    """

    factor: Float[Array, "parameter parameter"]
    cross: Float[Array, "parameter stimulus"]
    stimulus: Float[Array, " stimulus"]


class Step(NamedTuple):
    """What one look at all trials gives.

    Attributes
    ----------
    log_posterior : ()
        Log density of data and parameters.
    log_evidence : ()
        Log likelihood of the data, parameters integrated out; up to what no plasticity changes.
    curvature : Curvature
        At the fit.
    move, effect_move : (parameter,), (stimulus,)
        Newton's step.
    newton_decrement : ()
        What the step would add to the log posterior density, were it quadratic; 0 at the top.
    scale_slope : (state,)
        Derivative of the log likelihood in the log scales.
    """

    log_posterior: Float[Array, ""]
    log_evidence: Float[Array, ""]
    curvature: Curvature
    move: Float[Array, " parameter"]
    effect_move: Float[Array, " stimulus"]
    newton_decrement: Float[Array, ""]
    scale_slope: Float[Array, " state"]


class Optimum(NamedTuple):
    """The fit that Newton's steps have led to, and how far from the optimum it may be.

    Attributes
    ----------
    fit : Fit
        After the last of them.
    log_evidence : ()
        At that fit.
    newton_decrement : ()
        Of the last step, before it was taken.
    """

    fit: Fit
    log_evidence: Float[Array, "*batch"]
    newton_decrement: Float[Array, "*batch"]


def log_odds(
    trials: Trials, fit: Fit, learned: Learned, *, adaptive: bool
) -> Float[Array, "session slot"]:
    """Return the log odds of the activity expected in each trial."""
    sessions, _, inputs = trials.stimuli.shape
    states = len(fit.log_scale)
    here = _of_sessions(fit, inputs, sessions)
    driven = drive(here.weight[:, None], learned.sums, learned.rate, adaptive=adaptive)
    initial = jnp.einsum("nti,ni->nt", trials.stimuli, here.weight)
    deviating = jnp.einsum(
        "ntl,nl->nt", level_features(trials.stimuli, trials.state, states), here.level
    )
    followed = share_followed(uniform(trials.stimuli), here.share)
    effect = jnp.append(fit.effect, 0.0)[trials.stimulus]
    return initial + deviating + followed * _learned_since(trials, driven, here.weight) + effect


def _learned_since(
    trials: Trials, driven: Drive, weight: Float[Array, "session input"]
) -> Float[Array, "session slot"]:
    """Return what learning adds to the log odds of each trial, if it follows all of it."""
    of_inputs = jnp.einsum("nti,ni->nt", trials.stimuli, driven.present[:, 0] - weight)
    return of_inputs + driven.always.sum(axis=(1, 2))[:, None]


class _Session(NamedTuple):
    """What the parameters make of each session.

    Attributes
    ----------
    weight : (session, input)
        Initial ones.
    level : (session, level)
        Offset, gain and each source state's response, as they deviate.
    share : (session, 2)
        As in `_uniform_stimuli`.
    """

    weight: Float[Array, "session input"]
    level: Float[Array, "session level"]
    share: Float[Array, "session 2"]


def _of_sessions(fit: Fit, inputs: int, sessions: int) -> _Session:
    sizes = EffectSizes(inputs, sessions, len(fit.log_scale))
    mapped = SessionMap(sizes).features(fit.parameters)
    return _Session(*jnp.split(mapped, [inputs, inputs + LEVELS + sizes.states], axis=1))


def step(
    trials: Trials, fit: Fit, learned: Learned, variances: Variances, *, adaptive: bool
) -> Step:
    """Return evidence, curvature and Newton's step at `fit`."""
    expected = log_odds(trials, fit, learned, adaptive=adaptive)
    scale = jnp.exp(fit.log_scale)[trials.state]
    location = location_of(expected, scale)
    slopes, moved = (
        gradients(trials.response, location, scale),
        location_slopes(expected, location, scale),
    )
    valid = trials.valid
    slope = jnp.where(valid, slopes.location * moved.log_odds, 0)
    expected_curvature = information(location, scale) * moved.log_odds**2
    curved = jnp.where(valid, expected_curvature, 0)
    scale_slope = jnp.where(valid, slopes.log_scale + slopes.location * moved.log_scale, 0)

    jacobian = _Jacobian.of(trials, fit, learned, adaptive=adaptive)
    before = prior(variances, jacobian.mapped.sizes)
    stimulus_precision = jnp.full(fit.effect.shape, 1 / variances.stimulus)
    curvature = _curvature(trials, jacobian, curved, before.precision, stimulus_precision)

    drawn = before.precision @ fit.parameters
    gradient = jacobian.gradient(slope) - drawn
    effect_gradient = _by_stimulus(trials, slope).sum(axis=0) - stimulus_precision * fit.effect
    eliminated = gradient - curvature.cross @ (effect_gradient / curvature.stimulus)
    move = jax.scipy.linalg.cho_solve((curvature.factor, True), eliminated)
    effect_move = (effect_gradient - move @ curvature.cross) / curvature.stimulus

    log_likelihood = jnp.where(valid, log_density(trials.response, location, scale), 0).sum()
    penalty = fit.parameters @ drawn + (stimulus_precision * fit.effect**2).sum()
    log_posterior = log_likelihood - penalty / 2 + log_scale_prior(fit.log_scale)
    log_ratio = (  # of the prior's volume to the posterior's
        before.log_determinant
        - 2 * jnp.log(jnp.diag(curvature.factor)).sum()
        + (jnp.log(stimulus_precision) - jnp.log(curvature.stimulus)).sum()
    )
    return Step(
        log_posterior,
        log_posterior + log_ratio / 2,
        curvature,
        move,
        effect_move,
        (eliminated @ move + (effect_gradient**2 / curvature.stimulus).sum()) / 2,
        _by_state(trials, scale_slope, len(fit.log_scale)),
    )


def newton_update(
    trials: Trials, fit: Fit, taken: Step, learned: Learned, *, adaptive: bool
) -> Fit:
    """Return the fit after one step, shortened where it would move a trial too far."""
    wanted = Fit(fit.parameters + taken.move, fit.effect + taken.effect_move, fit.log_scale)
    here, there = (log_odds(trials, one, learned, adaptive=adaptive) for one in (fit, wanted))
    farthest = jnp.where(trials.valid, jnp.abs(there - here), 0).max()
    share = jnp.minimum(1.0, LARGEST_MOVE / farthest)
    number = _by_state(trials, trials.valid.astype(here.dtype), len(fit.log_scale))
    return Fit(
        fit.parameters + share * taken.move,
        fit.effect + share * taken.effect_move,
        scale_ascent(fit.log_scale, taken.scale_slope, number),
    )


def fitted(
    trials: Trials,
    fit: Fit,
    learned: Learned,
    variances: Variances,
    *,
    steps: int,
    adaptive: bool,
    settled: float = 0.0,
) -> Optimum:
    """Return the fit after some steps, and the evidence there.

    Steps end when the Newton decrement of the last one was less than `settled`, at the latest after
    `steps`. Its gain is not computed anew but taken for its decrement, which is right to the third
    order of its length.
    """

    def unsettled(state: tuple[Array, Optimum]) -> Array:
        taken, so_far = state
        return (taken < steps) & ~(so_far.newton_decrement < settled)

    def iterate(state: tuple[Array, Optimum]) -> tuple[Array, Optimum]:
        number, so_far = state
        taken = step(trials, so_far.fit, learned, variances, adaptive=adaptive)
        log_evidence = taken.log_evidence + jnp.minimum(taken.newton_decrement, LARGEST_DECREMENT)
        onward = newton_update(trials, so_far.fit, taken, learned, adaptive=adaptive)
        return number + 1, Optimum(onward, log_evidence, taken.newton_decrement)

    nothing = jnp.zeros((), fit.parameters.dtype)
    start = Optimum(fit, nothing, nothing + jnp.inf)
    return jax.lax.while_loop(unsettled, iterate, (jnp.array(0), start))[1]


def fitted_with_variances(
    trials: Trials, learned: Learned, states: int, *, steps: int, adaptive: bool
) -> tuple[Fit, Variances]:
    """Return fit and variances, both estimated: EM with one Newton step to each of its own."""
    sessions, _, inputs = trials.stimuli.shape
    sizes = EffectSizes(inputs, sessions, states)
    size = sizes.all
    start = Fit(jnp.zeros(size), jnp.zeros(len(trials.repeated)), jnp.full(states, jnp.log(0.15)))

    def ascend(_: Any, both: tuple[Fit, Variances]) -> tuple[Fit, Variances]:
        fit, variances = both
        taken = step(trials, fit, learned, variances, adaptive=adaptive)
        fit = newton_update(trials, fit, taken, learned, adaptive=adaptive)
        factor, cross, stimulus = taken.curvature
        whitened = jax.scipy.linalg.solve_triangular(factor, jnp.eye(size), lower=True)
        through = ((whitened @ cross) ** 2).sum(axis=0) / stimulus**2
        moment = (fit.effect**2 + 1 / stimulus + through) * trials.repeated
        found = Moments(fit.parameters, whitened, moment, trials.repeated.sum())
        return fit, reestimated(variances, found, sizes)

    usual = Variances(*(jnp.asarray(value, jnp.float64) for value in USUAL))
    usual = usual._replace(state=jnp.broadcast_to(usual.state, (states, len(usual.state))))
    return jax.lax.fori_loop(0, steps, ascend, (start, usual))


class _Jacobian(NamedTuple):
    """Derivative of each trial's log odds in the parameters, kept as the product it is.

    Attributes
    ----------
    features : (session, slot, feature)
        Derivative in the initial weights, the offset, the gain and the shares of the session.
    mapped : SessionMap
        From the parameters to those of each session.
    """

    features: Float[Array, "session slot feature"]
    mapped: SessionMap

    @classmethod
    def of(cls, trials: Trials, fit: Fit, learned: Learned, *, adaptive: bool) -> "_Jacobian":
        sessions, _, inputs = trials.stimuli.shape

        def driven(weight: Array) -> Drive:
            return drive(weight[:, None], learned.sums, learned.rate, adaptive=adaptive)

        weight, _, share = _of_sessions(fit, inputs, sessions)
        sizes = EffectSizes(inputs, sessions, len(fit.log_scale))
        # Each input's drive depends on its own weight alone: one product gives all derivatives.
        now, slopes = jax.jvp(driven, (weight,), (jnp.ones_like(weight),))
        kinds = uniform(trials.stimuli)
        followed = share_followed(kinds, share)[..., None]
        since = trials.stimuli * (slopes.present - 1) + slopes.always
        features = jnp.concatenate(
            [
                trials.stimuli + followed * since,
                level_features(trials.stimuli, trials.state, sizes.states),
                kinds * _learned_since(trials, now, weight)[..., None],
            ],
            axis=-1,
        )
        return cls(features, SessionMap(sizes))

    def gradient(self, slope: Float[Array, "session slot"]) -> Float[Array, " parameter"]:
        """Return the derivative in the parameters of what has `slope` in the log odds."""
        of_features = jnp.einsum("ntf,nt->nf", self.features, slope)
        return self.mapped.gathered(of_features)


def _curvature(
    trials: Trials,
    jacobian: _Jacobian,
    curved: Float[Array, "session slot"],
    precision: Float[Array, "parameter parameter"],
    stimulus_precision: Float[Array, " stimulus"],
) -> Curvature:
    weighted = jacobian.features * curved[..., None]
    inner = weighted.swapaxes(1, 2) @ jacobian.features  # (session, feature, feature)
    dense = jacobian.mapped.gathered_both(inner) + precision
    of_stimulus = _by_stimulus(trials, weighted)  # (session, stimulus, feature)
    cross = jacobian.mapped.gathered(of_stimulus).T
    stimulus = _by_stimulus(trials, curved).sum(axis=0) + stimulus_precision
    return Curvature(jnp.linalg.cholesky(dense - (cross / stimulus) @ cross.T), cross, stimulus)


def _by_stimulus(trials: Trials, values: Float[Array, "session slot *more"]) -> Array:
    """Return sums over the trials of each stimulus, session by session."""
    number = len(trials.repeated)

    def of_session(stimulus: Array, values: Array) -> Array:
        return jax.ops.segment_sum(values, stimulus, number + 1)[:number]

    return jax.vmap(of_session)(trials.stimulus, values)


def _by_state(
    trials: Trials, values: Float[Array, "session slot"], states: int
) -> Float[Array, " state"]:
    """Return sums over the trials of each source state."""
    shows = trials.state[..., None] == jnp.arange(states)
    return jnp.where(shows, values[..., None], 0).sum(axis=(0, 1))
