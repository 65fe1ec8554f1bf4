"""What else moves the log odds of an activity: drifts, and single stimuli.

The parameters of one ensemble are a vector: initial weights and their trends, offset, the shares of
`_uniform_stimuli`, and how far offset, gain and the response to each source state deviate in each
session::

    log odds = W_n o + h_n + b + u_n + g_n mean(o) + s_n[state] + e_k
    initial W of session n = W + t_n D

in session n, for stimulus k: u moves all trials alike, g those more that have more input, s those
of one source state, and D each input by itself, as electrodes whose gains wander apart do; t goes
from about -1/2 to 1/2 over the initial sessions. Deviations have means of 0, and are sums of
fluctuations that last for different times (`TIME_SCALES`)::

    cov(u_n, u_m) = sum over k of variance_k exp(-|n - m| / time scale_k)

and of g and s alike. Variances are estimated; where a deviation is not in the data, they are nearly
0, and which of them are not tells how long deviations last. None lasts so long that it could stand
for what weights do in every session: learning starts from the weights.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import (
    KINDS,
    SHARE_VARIANCE,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray

OFFSET_VARIANCE = 100.0  # before anything is seen: next to no opinion
TIME_SCALES = (0.0, 3.0)  # sessions after which 1/e is left of a deviation: none, and a part
KEPT = float(np.exp(-1 / TIME_SCALES[1]))  # of the part that lasts, one session later
LEVELS = 2  # that deviate, beside the source states: offset and gain


class Variances(NamedTuple):
    """Prior variances, of log odds.

    Attributes
    ----------
    weight : ()
        Of initial weights.
    stimulus : ()
        Of what a stimulus evokes beside the weights.
    trend : ()
        Of the change of each initial weight over all initial sessions.
    offset, gain : (scale,)
        Of the deviations of offset and gain, at each of the `TIME_SCALES`.
    state : (state, scale) or (scale,)
        Of the response to each source state, or to all alike.
    """

    weight: Float[AnyArray, "*batch"] | float
    stimulus: Float[AnyArray, "*batch"] | float
    trend: Float[AnyArray, "*batch"] | float
    offset: Float[AnyArray, "*batch scale"]
    gain: Float[AnyArray, "*batch scale"]
    state: Float[AnyArray, "*batch scale"]

    def of_levels(self, states: int) -> Float[Array, "*batch level scale"]:
        """Return those of all that deviates: offset, gain and every source state."""
        offset, gain, state = map(jnp.asarray, (self.offset, self.gain, self.state))
        alike = state if state.ndim > offset.ndim else state[..., None, :]
        each = jnp.broadcast_to(alike, (*offset.shape[:-1], states, offset.shape[-1]))
        return jnp.concatenate([jnp.stack([offset, gain], axis=-2), each], axis=-2)


# Where their estimation starts, and what it is drawn to by as many pseudo-observations.
# About what the first ten sessions of fourteen recorded cultures show.
USUAL = Variances(
    weight=0.7**2,
    stimulus=1.2**2,
    trend=0.1**2,
    offset=np.array([0.04, 0.04]) ** 2,
    gain=np.array([0.3, 0.2]) ** 2,
    state=np.array([0.2, 0.2]) ** 2,
)
PSEUDO_OBSERVATIONS = Variances(2.0, 2.0, 2.0, *[np.full(len(TIME_SCALES), 4.0)] * 3)


class Parts(NamedTuple):
    """The vector of parameters, taken apart."""

    weight: Float[AnyArray, "*batch input"]
    trend: Float[AnyArray, "*batch input"]
    offset: Float[AnyArray, "*batch 1"]
    share: Float[AnyArray, "*batch 2"]
    deviation: Float[AnyArray, "*batch level session"]


class EffectSizes(NamedTuple):
    """What the number of parameters depends on.

    Attributes
    ----------
    inputs, sessions, states : int
        Inputs, initial sessions, and source states.
    """

    inputs: int
    sessions: int
    states: int

    @property
    def deviation(self) -> tuple[int, int]:
        """Shape of all deviations: of offset, gain and every state, in every session."""
        return LEVELS + self.states, self.sessions

    @property
    def parts(self) -> tuple[int, ...]:
        """Number of parameters in each field of `Parts`."""
        levels, sessions = self.deviation
        return self.inputs, self.inputs, 1, KINDS, levels * sessions

    @property
    def all(self) -> int:
        """Number of parameters."""
        return sum(self.parts)


class Prior(NamedTuple):
    """The normal distribution of the parameters before anything is seen; its mean is 0.

    Attributes
    ----------
    precision : (parameter, parameter)
        Inverse of the covariance.
    log_determinant : ()
        Of the precision.
    """

    precision: Float[Array, "parameter parameter"]
    log_determinant: Float[Array, ""]


def session_times(sessions: int) -> Float[np.ndarray, " session"]:
    """Return the time of each initial session, their whole stretch being 1 and its middle 0."""
    return (np.arange(sessions) - (sessions - 1) / 2) / sessions


def correlations(sessions: int) -> Float[np.ndarray, "scale session session"]:
    """Return how deviations of each time scale correlate from session to session."""
    apart = np.abs(np.subtract.outer(np.arange(sessions), np.arange(sessions)))
    return np.stack([np.eye(sessions), KEPT**apart])


class Deviations(NamedTuple):
    """How what deviates varies together over sessions: in a basis where nothing correlates.

    Attributes
    ----------
    variance : (..., level, component)
        Of each component.
    basis : (session, component)
        Orthogonal: the same of all levels, as one of two parts correlates and the other is white.
        Nothing is decomposed at run time, which may be within loops on several threads at once.
    """

    variance: Float[Array, "*batch level component"]
    basis: Float[Array, "session component"]

    @classmethod
    def of(cls, variances: Variances, states: int, sessions: int) -> "Deviations":
        """Return that of offset, gain and every source state."""
        lasting, basis = np.linalg.eigh(correlations(sessions)[1])
        each = variances.of_levels(states)
        return cls(each[..., :1] + each[..., 1:] * lasting, jnp.asarray(basis))

    @property
    def precision(self) -> Float[Array, "*batch level session session"]:
        """Inverse of the covariance of each level."""
        return jnp.einsum("nk,...k,mk->...nm", self.basis, 1 / self.variance, self.basis)

    @property
    def root(self) -> Float[Array, "*batch level session component"]:
        """By which standard normal deviates are multiplied."""
        return self.basis * jnp.sqrt(self.variance)[..., None, :]


def parts(vector: Float[Array, " parameter"], sizes: EffectSizes) -> Parts:
    """Return the vector of all parameters, taken apart into its named parts."""
    weight, trend, offset, share, rest = jnp.split(vector, np.cumsum(sizes.parts)[:-1])
    return Parts(weight, trend, offset, share, rest.reshape(sizes.deviation))


def level_features(
    stimuli: Float[Array, "*batch input"], state: Int[Array, "*batch"], states: int
) -> Float[Array, "*batch level"]:
    """Return how much of each deviation a trial has: all of the offset, gain by its input."""
    mean = stimuli.mean(axis=-1, keepdims=True)
    shows = (state[..., None] == jnp.arange(states)).astype(stimuli.dtype)
    return jnp.concatenate([jnp.ones_like(mean), mean, shows], axis=-1)


def prior(variances: Variances, sizes: EffectSizes) -> Prior:
    """Return the distribution of the parameters before anything is seen."""
    values = (variances.weight, variances.trend, OFFSET_VARIANCE, SHARE_VARIANCE)
    single = jnp.concatenate(
        [jnp.full(size, value) for size, value in zip(sizes.parts[:-1], values, strict=True)]
    )
    deviations = Deviations.of(variances, sizes.states, sizes.sessions)
    levels, sessions = sizes.deviation
    of_levels = jnp.einsum("lnm,lk->lnkm", deviations.precision, jnp.eye(levels))
    precision = jax.scipy.linalg.block_diag(
        jnp.diag(1 / single), of_levels.reshape(2 * [levels * sessions])
    )
    spread = jnp.log(single).sum() + jnp.log(deviations.variance).sum()
    return Prior(precision, -spread)


class Moments(NamedTuple):
    """The posterior of an ensemble's parameters, as far as their variances need it.

    Attributes
    ----------
    mean, whitened : (parameter,), (parameter, parameter)
        Of the parameters: their mean, and the inverse of the Cholesky factor of their precision.
    stimulus : (stimulus,)
        Expected square of what each stimulus evokes; 0 where there is none.
    stimuli : ()
        How many there are.
    """

    mean: Float[Array, " parameter"]
    whitened: Float[Array, "parameter parameter"]
    stimulus: Float[Array, " stimulus"]
    stimuli: Num[Array, ""] | int


def reestimated(variances: Variances, found: Moments, sizes: EffectSizes) -> Variances:
    """Return the variances that make the expected second moments likeliest: a step of EM."""
    squares = parts(found.mean**2 + (found.whitened**2).sum(axis=0), sizes)
    of_levels = _scale_moments(variances, _level_moment(found, sizes), sizes)
    sums = Variances(
        squares.weight.sum(),
        found.stimulus.sum(),
        squares.trend.sum(),
        of_levels[0],
        of_levels[1],
        of_levels[LEVELS:],
    )
    numbers = Variances(sizes.inputs, found.stimuli, sizes.inputs, *[sizes.sessions] * 3)
    every = zip(sums, numbers, USUAL, PSEUDO_OBSERVATIONS, strict=True)
    return Variances(
        *((total + usual * pseudo) / (number + pseudo) for total, number, usual, pseudo in every)
    )


def _level_moment(found: Moments, sizes: EffectSizes) -> Float[Array, "level session session"]:
    """Return the expected product of each level's deviations in two sessions."""
    levels, sessions = sizes.deviation
    mean = parts(found.mean, sizes).deviation
    spread = found.whitened[:, -levels * sessions :].reshape(-1, levels, sessions)
    every = jnp.concatenate([mean[None], spread])
    return jnp.einsum("pln,plm->lnm", every, every)


def _scale_moments(
    variances: Variances, moment: Float[Array, "level session session"], sizes: EffectSizes
) -> Float[Array, "level scale"]:
    """Return how much of the deviations' squares is expected to be of each time scale.

    A deviation d of covariance K and second moments M is a sum of parts c, each of covariance v C.
    This is the expectation of c' inv(C) c::

        v n + v**2 trace(inv(K) C inv(K) (M - K))
    """
    variance = variances.of_levels(sizes.states)
    inverse = Deviations.of(variances, sizes.states, sizes.sessions).precision
    more = inverse @ moment @ inverse - inverse
    of_scales = jnp.asarray(correlations(sizes.sessions))
    return variance * sizes.sessions + variance**2 * jnp.einsum("knm,lmn->lk", of_scales, more)
