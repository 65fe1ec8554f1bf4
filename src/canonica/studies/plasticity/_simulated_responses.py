"""Recordings drawn from the model that `canonical` assumes, so that their truth is known."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica._arguments import check_fields, checked_arguments
from canonica._checks import checked_size
from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica.model import SynapticSums, synaptic_sums_beside_prior
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import location_of
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import drive
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import NumberedTrials
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    USUAL,
    Deviations,
    EffectSizes,
    Variances,
    level_features,
    session_times,
)
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import (
    KINDS,
    SHARE_VARIANCE,
    share_followed,
    uniform,
)
from canonica.simulate import mixing_process

# As in the first ten sessions of recorded cultures.
RECORDED_SCALE = 0.12
RECORDED_SILENT_SCALE = 0.02
OFFSET_DEVIATION = 0.5


class Truth(NamedTuple):
    """What a simulated recording is drawn from.

    Attributes
    ----------
    prior_strength : float
        In trials; infinite for a network that does not learn.
    memory : float
        Sessions until 1 / e is left of what was learned in one.
    variances : Variances
        Of log odds.
    scale, silent_scale : float
        Of the noise, in trials with any source on and with none, which have no input.
    """

    prior_strength: float = np.inf
    memory: float = np.inf
    variances: Variances = USUAL
    scale: float = RECORDED_SCALE
    silent_scale: float = RECORDED_SILENT_SCALE


class Parameters(NamedTuple):
    """What was drawn for the ensembles of one recording.

    Attributes
    ----------
    weight : (ensemble, input)
        Initial slope of the log odds.
    trend : (ensemble, input)
        How far it changes over the initial sessions.
    level : (session, ensemble, level)
        Offset, gain and the response to each source state, as they deviate.
    effect : (ensemble, stimulus)
        What each stimulus evokes beside the weights; 0 the last, of stimuli that come only once.
    share : (ensemble, 2)
        Of what is learned, that responses to all inputs, and to none, follow.
    """

    weight: Float[Any, "ensemble input"]
    trend: Float[Any, "ensemble input"]
    level: Float[Any, "session ensemble level"]
    effect: Float[Any, "ensemble stimulus"]
    share: Float[Any, "ensemble 2"]


class SimulatedRecording(NamedTuple):
    """A simulated recording with the parameters that it was drawn from.

    Attributes
    ----------
    known : Known
        What a forecaster may know.
    response : (session, ensemble, slot)
        In [0, 1], of all sessions.
    log_odds : (session, ensemble, slot)
        Of the mean response.
    stimulus : (session, slot)
        Number of the stimulus, as in `Parameters.effect`.
    parameters : Parameters
        Of the ensembles.
    """

    known: Known
    response: Float[np.ndarray, "session ensemble slot"]
    log_odds: Float[np.ndarray, "session ensemble slot"]
    stimulus: Int[np.ndarray, "session slot"]
    parameters: Parameters


class _Shown(NamedTuple):
    """The stimuli of all trials and their times, as the computation takes them."""

    stimuli: Any
    state: Any
    stimulus: Any
    repeated: Any
    time: Any


@checked_arguments
def simulated_known(
    key: Any,
    truth: Truth,
    *,
    sessions: int,
    initial: int,
    trials: int,
    inputs: int,
    sources: int = 2,
    mixing: float = 0.75,
    repeated: bool = True,
    adaptive: bool = False,
) -> tuple[Known, np.ndarray]:
    """Return what may be known of a recording drawn from the model, and what came later.

    Parameters
    ----------
    key : jax.random.key
        Decides everything random.
    truth : Truth
        What it is drawn from.
    sessions, initial, trials, inputs, sources : int
        RecordingSizes; `initial` of the `sessions` are known, and each has as many `trials`.
    mixing : float
        Probability that an input copies the source of its block.
    repeated : bool
        Whether the same trials come in every session.
    adaptive : bool
        Whether firing thresholds adapt, as in `Canonical`.

    Returns
    -------
    known : Known
        The initial responses, all stimuli and sources.
    later : (session - initial, ensemble, slot)
        The responses of the sessions after those.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> import jax
    >>> sizes = {"sessions": 4, "initial": 3, "trials": 16, "inputs": 4}
    >>> known, later = simulated_known(jax.random.key(0), Truth(prior_strength=100.0), **sizes)
    >>> known.response.shape, later.shape
    ((3, 2, 16), (1, 2, 16))
    """
    drawn = simulated(
        key,
        truth,
        sessions=sessions,
        initial=initial,
        trials=trials,
        inputs=inputs,
        sources=sources,
        mixing=mixing,
        repeated=repeated,
        adaptive=adaptive,
    )
    return drawn.known, drawn.response[drawn.known.initial :]


def simulated(
    key: Any,
    truth: Truth,
    *,
    sessions: int,
    initial: int,
    trials: int,
    inputs: int,
    sources: int = 2,
    mixing: float = 0.75,
    repeated: bool = True,
    adaptive: bool = False,
) -> SimulatedRecording:
    """Return a recording drawn from the model, with all that it was drawn from.

    As many ensembles as sources see the stimuli; sources are on half of the time. Each ensemble
    learns from the responses that it gave, noise included.

    Parameters
    ----------
    key : jax.random.key
        Decides everything random.
    truth : Truth
        What it is drawn from.
    sessions, initial, trials, inputs, sources : int
        RecordingSizes; `initial` of the `sessions` may be known, and each has as many `trials`.
    mixing : float
        Probability that an input copies the source of its block.
    repeated : bool
        Whether the same trials come in every session. Stimuli that come in a single initial trial
        evoke nothing beside the weights.
    adaptive : bool
        Whether firing thresholds adapt, as in `Canonical`.

    Raises
    ------
    CanonicaError
        If a size, probability, variance or scale is out of its range.
    """
    _check(truth, sessions, initial)
    of_world, of_rest = jax.random.split(key)
    hidden, stimuli = _world(
        of_world,
        trials=trials if repeated else sessions * trials,
        repeats=sessions if repeated else 1,
        sources=sources,
        inputs=inputs,
        mixing=float(mixing),
    )
    known = Known(
        np.zeros((initial, sources, trials)),
        stimuli.reshape(sessions, trials, inputs),
        np.ones((sessions, trials), bool),
        (hidden @ 2 ** np.arange(sources)).astype(np.int64).reshape(sessions, trials),
        2**sources,
    )
    numbered, stimulus = NumberedTrials.of(known)  # as the model numbers them
    # The trends of the initial sessions, and no more of them later.
    time = np.append(
        session_times(initial), np.full(sessions - initial, session_times(initial)[-1])
    )
    response, log_odds, parameters = _responses(
        of_rest,
        jax.tree.map(np.float64, truth),
        _Shown(known.stimuli, known.state, stimulus, numbered.repeated, time),
        ensembles=sources,
        states=known.states,
        adaptive=adaptive,
    )
    known = known._replace(response=response[:initial])
    return SimulatedRecording(known, response, log_odds, stimulus, parameters)


@in_float64
def _world(key: Array, **sizes: Any) -> Any:
    """Return sources and stimuli, as NumPy arrays."""
    return tuple(mixing_process(key, **sizes))


@in_float64
@partial(jax.jit, static_argnames=("ensembles", "states", "adaptive"))
def _responses(
    key: Any,
    truth: Truth,
    world: _Shown,
    *,
    ensembles: int,
    states: int,
    adaptive: bool,
) -> Any:
    """Return responses and their log odds, session by session, and what they were drawn from."""
    sessions, trials, inputs = world.stimuli.shape
    sizes = EffectSizes(inputs, sessions, states)
    of_parameters, of_noise = jax.random.split(key)
    drawn = _parameters(of_parameters, truth.variances, world.repeated, ensembles, sizes)
    noise = jax.random.logistic(of_noise, (sessions, ensembles, trials))
    rate, retention = 1 / truth.prior_strength, jnp.exp(-1 / truth.memory)
    scale = jnp.where(world.state == 0, truth.silent_scale, truth.scale)

    def session(learned: SynapticSums, here: Any) -> tuple[SynapticSums, Any]:
        shown, state, number, spread, time, level, noise = here
        weight = drawn.weight + time * drawn.trend
        driven = drive(weight, learned, rate, adaptive=adaptive)
        since = (driven.present - weight) @ shown.T + driven.always.sum(axis=-1)[:, None]
        log_odds = (
            weight @ shown.T
            + share_followed(uniform(shown), drawn.share) * since
            + level @ level_features(shown, state, states).T
            + drawn.effect[:, number]
        )
        response = jnp.clip(location_of(log_odds, spread) + spread * noise, 0, 1)
        added = synaptic_sums_beside_prior(response.T, shown)
        return learned * retention + added, (response, log_odds)

    nothing = jnp.zeros((2, ensembles, inputs))
    shown = (world.stimuli, world.state, world.stimulus)
    every = (*shown, scale, world.time, drawn.level, noise)
    _, (response, log_odds) = jax.lax.scan(session, SynapticSums(nothing, nothing), every)
    return response, log_odds, drawn


def _parameters(
    key: Array, variances: Variances, repeated: Array, ensembles: int, sizes: EffectSizes
) -> Parameters:
    keys = jax.random.split(key, 6)

    def normal(number: int, variance: Any, *shape: int) -> Array:
        return jax.random.normal(keys[number], shape) * jnp.sqrt(variance)

    levels, sessions = sizes.deviation
    root = Deviations.of(variances, sizes.states, sessions).root
    level = jnp.einsum("lnm,elm->nel", root, normal(3, 1.0, ensembles, levels, sessions))
    effect = normal(2, variances.stimulus, ensembles, len(repeated)) * repeated
    return Parameters(
        normal(0, variances.weight, ensembles, sizes.inputs),
        normal(4, variances.trend, ensembles, sizes.inputs),
        level.at[..., 0].add(normal(1, OFFSET_DEVIATION**2, ensembles)),
        jnp.concatenate([effect, jnp.zeros((ensembles, 1))], axis=1),
        normal(5, SHARE_VARIANCE, ensembles, KINDS),
    )


def _check(truth: Truth, sessions: int, initial: int) -> None:
    check_fields(truth)
    checked_size("sessions", sessions)
    checked_size("initial", initial)
    if not 1 <= initial <= sessions:
        raise CanonicaError(
            f"sessions, initial: found {sessions} and {initial}; expected at least one initial "
            "session, and no more than there are."
        )
    for name in ("prior_strength", "memory", "scale", "silent_scale"):
        value = getattr(truth, name)
        if not value > 0 or (name.endswith("scale") and not np.isfinite(value)):
            raise CanonicaError(f"{name}: found {value:g}; expected a number above 0.")
    if not all(
        np.all((value >= 0) & (value < np.inf)) for value in map(np.asarray, truth.variances)
    ):
        raise CanonicaError(
            f"variances: found {truth.variances}; expected numbers, 0 or larger. They are squares "
            "of deviations of log odds."
        )
