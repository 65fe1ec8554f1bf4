"""What else moves the log odds of an activity: drifts, and single stimuli.

The parameters of one ensemble are a vector: initial weights, offset, the weights' trends, the
drifts' innovations, and the shares of `_uniform_stimuli`. Offset and gain drift as a random walk
from session to session, and scatter about it; the weights that learning starts from have trends of
their own, as electrodes whose gains wander apart give them::

    log odds = W_n o + h_n + b + u_n + g_n mean(o) + e_k,    initial W of session n = W + t_n D

in session n, for stimulus k: u moves all trials alike, g those more that have more input, and D
each input by itself; t goes from about -1/2 to 1/2 over the initial sessions. Variances are
estimated; where a drift is not in the data, they are nearly 0.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import (
    KINDS,
    SHARE_VARIANCE,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray

OFFSET_VARIANCE = 100.0  # before anything is seen: next to no opinion


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
    walk, scatter : ()
        Of the offset's steps from session to session, and of its scatter about them.
    gain_walk, gain_scatter : ()
        The same of the gain.
    """

    weight: Float[AnyArray, "*batch"] | float
    stimulus: Float[AnyArray, "*batch"] | float
    trend: Float[AnyArray, "*batch"] | float
    walk: Float[AnyArray, "*batch"] | float
    scatter: Float[AnyArray, "*batch"] | float
    gain_walk: Float[AnyArray, "*batch"] | float
    gain_scatter: Float[AnyArray, "*batch"] | float


# Where their estimation starts, and what it is drawn to by as many pseudo-observations.
# About what the first ten sessions of fourteen recorded cultures show.
USUAL = Variances(
    weight=0.7**2,
    stimulus=1.2**2,
    trend=0.1**2,
    walk=0.02**2,
    scatter=0.04**2,
    gain_walk=0.05**2,
    gain_scatter=0.4**2,
)
PSEUDO_OBSERVATIONS = Variances(2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0)


class Parts(NamedTuple):
    """The vector of parameters, taken apart."""

    weight: Float[AnyArray, "*batch input"]
    offset: Float[AnyArray, "*batch 1"]
    trend: Float[AnyArray, "*batch input"]
    walk: Float[AnyArray, "*batch step"]
    scatter: Float[AnyArray, "*batch session"]
    gain_walk: Float[AnyArray, "*batch step"]
    gain_scatter: Float[AnyArray, "*batch session"]
    share: Float[AnyArray, "*batch 2"]


def session_times(sessions: int) -> Float[np.ndarray, " session"]:
    """Return the time of each initial session, their whole stretch being 1 and its middle 0."""
    return (np.arange(sessions) - (sessions - 1) / 2) / sessions


def part_sizes(inputs: int, sessions: int) -> tuple[int, ...]:
    """Return the number of parameters in each field of `Parts`."""
    return inputs, 1, inputs, sessions - 1, sessions, sessions - 1, sessions, KINDS


def parts(vector: Float[Array, " parameter"], inputs: int, sessions: int) -> Parts:
    """Return the vector of all parameters, taken apart into its named parts."""
    ends = np.cumsum(part_sizes(inputs, sessions))[:-1]
    return Parts(*jnp.split(vector, ends))


def prior_precision(variances: Variances, inputs: int, sessions: int) -> Float[Array, " parameter"]:
    """Return the inverse prior variance of each parameter; all are independent, with mean 0."""
    values = (
        variances.weight,
        OFFSET_VARIANCE,
        variances.trend,
        variances.walk,
        variances.scatter,
        variances.gain_walk,
        variances.gain_scatter,
        SHARE_VARIANCE,
    )
    sizes = part_sizes(inputs, sessions)
    return 1 / jnp.concatenate(
        [jnp.full(size, value) for size, value in zip(sizes, values, strict=True)]
    )


def reestimated(
    second_moment: Float[Array, " parameter"],
    stimulus_moment: Float[Array, " stimulus"],
    stimuli: Num[Array, ""] | int,
    inputs: int,
    sessions: int,
) -> Variances:
    """Return the variances that make the expected second moments likeliest: a step of EM.

    Parameters
    ----------
    second_moment : (parameter,)
        Posterior expectation of each parameter's square.
    stimulus_moment : (stimulus,)
        The same of stimuli; 0 where there is none.
    stimuli : ()
        How many there are.
    inputs, sessions : int
        Sizes.
    """
    squares = Parts(*parts(second_moment, inputs, sessions))
    sums = Variances(
        squares.weight.sum(),
        stimulus_moment.sum(),
        *(part.sum() for part in squares[2:-1]),
    )
    sizes = part_sizes(inputs, sessions)
    numbers = Variances(sizes[0], stimuli, *sizes[2:-1])
    return jax.tree.map(
        lambda total, number, usual, pseudo: (total + usual * pseudo) / (number + pseudo),
        sums,
        numbers,
        USUAL,
        PSEUDO_OBSERVATIONS,
    )
