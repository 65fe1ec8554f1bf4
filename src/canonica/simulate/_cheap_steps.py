"""Learning at every trial, by products of counts alone: the inner loop of the encoder.

Networks lie side by side in *lanes*: one lane for each state value of each state of each network.
A row of lanes belongs to an input. Every operation then is one loop along contiguous numbers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata
from jaxtyping import Array, Float, Int

from canonica.model import (
    ExpectationForm,
    Scaled,
    likelihood_factors,
    quotient_of_products,
    shares,
)


class _Lanes(NamedTuple):
    """Counts of inputs on and off."""

    on: Float[Array, "input lane"]
    off: Float[Array, "input lane"]


def learned_cheaply(
    counts: Float[Array, "network 2 2 input state"],
    state_prior: Float[Array, "network 2 state"],
    learning_rate: Float[Array, " network"],
    stimuli: Int[Array, "#network trial input"],
    form: ExpectationForm,
) -> tuple[Float[Array, "network 2 2 input state"], Float[Array, "network trial 2 state"]]:
    """Return the counts after learning from each trial in turn, and the log evidence of each.

    For the exact form, counts must be at least `FEWEST_COUNTS` of their type.

    Parameters
    ----------
    counts, state_prior, learning_rate
        Of every network.
    stimuli : (network or 1, trial, input)
        0/1, as small integers.
    form : "canonical" or "exact"
        How expected log parameters are taken.

    Returns
    -------
    counts : (network, 2, 2, input, state)
    log_evidence : (network, trial, 2, state)
        v, by state value.
    """
    networks, _, _, inputs, states = counts.shape
    off, on = counts.transpose(1, 3, 2, 4, 0).reshape(2, inputs, -1)
    prior = state_prior.transpose(1, 2, 0).reshape(-1)
    rate = jnp.broadcast_to(learning_rate, (2, states, networks)).reshape(-1)
    shape = (*stimuli.shape[1:], 2 * states, networks)
    tiled = jnp.broadcast_to(stimuli.transpose(1, 2, 0)[:, :, None], shape)
    tiled = tiled.reshape(*shape[:2], -1)

    def scan(
        lanes: _Lanes, prior: Array, rate: Array, tiled: Array
    ) -> tuple[_Lanes, tuple[Array, Array]]:
        def step(lanes: _Lanes, seen: Array) -> tuple[_Lanes, Scaled]:
            return _step(lanes, prior, rate, seen, form)

        return lax.scan(step, lanes, tiled)

    lanes, evidence = _as_one_function(scan)(_Lanes(on, off), prior, rate, tiled)
    v = jnp.log(prior) + Scaled(*evidence).log()
    learned = jnp.stack([lanes.off, lanes.on]).reshape(2, inputs, 2, states, networks)
    v = v.reshape(-1, 2, states, networks)
    return learned.transpose(4, 0, 2, 1, 3), v.transpose(3, 0, 1, 2)


def _step(
    lanes: _Lanes,
    prior: Float[Array, " lane"],
    rate: Float[Array, " lane"],
    stimulus: Int[Array, "input lane"],
    form: ExpectationForm,
) -> tuple[_Lanes, Scaled]:
    on, off = lanes
    present = stimulus != 0
    factors = likelihood_factors(jnp.where(present, on, off), on + off, form)
    likelihood = quotient_of_products(*factors)
    mantissa, exponent = (part.reshape(2, -1) for part in likelihood)
    mantissa = mantissa * prior.reshape(2, -1)
    absent_share, present_share = shares(
        Scaled(mantissa[0], exponent[0]), Scaled(mantissa[1], exponent[1])
    )
    # Both state values together: the posterior of each lane.
    learned = jnp.concatenate([absent_share, present_share]) * rate
    nothing = jnp.zeros((), on.dtype)
    lanes = _Lanes(
        on + jnp.where(present, learned, nothing), off + jnp.where(present, nothing, learned)
    )
    return lanes, likelihood


def _as_one_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` compiled, on a CPU, into one piece of machine code.

    XLA otherwise calls a kernel for every operation of every step, and these calls would take
    several times as long as the arithmetic of a small network. A hint, which changes no result.
    """
    if jax.default_backend() != "cpu":
        return function
    compiled = jax.jit(function)

    def call(*arguments: Any) -> Any:
        return set_xla_metadata(compiled(*arguments), xla_cpu_small_call="true", inlineable="false")

    return call
