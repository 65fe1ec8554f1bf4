"""A canonical network that starts from any weights, learns at any rate, and may forget.

The synaptic sums of session n are those of the initial weights, and what the sessions before it
added, the longer ago the less::

    Hebb = sigmoid(W) + rate * sum_m retention**(n - 1 - m) sum_t x o'
    Home = 1          + rate * sum_m retention**(n - 1 - m) sum_t x 1'

in units of the prior strength, 1 / rate: section 2 of the theory is a retention of 1 and initial
weights of 0, and a rate of 0 is a network that never changes. With a retention below 1 the weights
stay between the initial ones and those that all sessions alike would lead to, so that learning
saturates.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import SynapticSums
from canonica.reverse_engineering.published_protocol._observed import AnyArray


class Plasticity(NamedTuple):
    """How fast a network learns, and how much of it lasts to the next session.

    Attributes
    ----------
    rate : ()
        Inverse of the prior strength, per trial; 0 for none.
    retention : ()
        What is left, one session later, of what was learned in one.
    """

    rate: Float[AnyArray, "*batch"]
    retention: Float[AnyArray, "*batch"]


def learned_before(
    added: SynapticSums, retention: Float[Array, ""] | float
) -> tuple[SynapticSums, SynapticSums]:
    """Return what is remembered at the start of each session, and after the last.

    Parameters
    ----------
    added : SynapticSums
        What each session adds; leading axis session.
    retention : ()
        As in `Plasticity`.
    """

    def step(kept: SynapticSums, new: SynapticSums) -> tuple[SynapticSums, SynapticSums]:
        return kept * retention + new, kept

    nothing: SynapticSums = jax.tree.map(lambda part: jnp.zeros_like(part[0]), added)
    after, before = jax.lax.scan(step, nothing, added)
    return before, after


def sums_with(
    weight: Float[Array, "*batch ensemble input"],
    learned: SynapticSums,
    rate: Float[Array, "..."] | float,
) -> SynapticSums:
    """Return the synaptic sums, in units of the prior strength.

    Parameters
    ----------
    weight : (..., ensemble, input)
        Initial slope W1 - W0 of the log odds; half of it each way.
    learned : SynapticSums
        Beside the prior; (..., 2, ensemble, input).
    rate : ()
        Inverse of the prior strength.
    """
    strength = jax.nn.sigmoid(jnp.stack([-weight, weight], axis=-3) / 2)
    return SynapticSums(strength + rate * learned.hebbian, 1 + rate * learned.homeostatic)


class Drive(NamedTuple):
    """What each input does to the log odds of an ensemble's activity.

    Attributes
    ----------
    present : (..., ensemble, input)
        While it is on.
    always : (..., ensemble, input)
        Whether it is on or not: its share in the firing threshold.
    """

    present: Float[Array, "*batch ensemble input"]
    always: Float[Array, "*batch ensemble input"]


def drive(
    weight: Float[Array, "*batch ensemble input"],
    learned: SynapticSums,
    rate: Float[Array, "..."] | float,
    *,
    adaptive: bool,
) -> Drive:
    """Return what the inputs do to the log odds after learning.

    Parameters
    ----------
    weight : (..., ensemble, input)
        Initial slope of the log odds.
    learned : SynapticSums
        What has been learned since.
    rate : ()
        Inverse of the prior strength.
    adaptive : bool
        Whether the firing thresholds adapt with the weights, as in section 2 of the theory, or stay
        what they were, so that a trial without any input goes on to evoke what it did. Either way
        nothing that is there before learning belongs to `always`.
    """
    sums = sums_with(weight, learned, rate)
    silent = sums.without_input
    odds = jnp.log(sums.hebbian) - jnp.log(silent)
    present = odds[..., 1, :, :] - odds[..., 0, :, :]
    if not adaptive:
        return Drive(present, jnp.zeros_like(present))
    silence = jnp.log(silent) - jnp.log(sums.homeostatic)
    return Drive(present, silence[..., 1, :, :] - silence[..., 0, :, :] + weight / 2)
