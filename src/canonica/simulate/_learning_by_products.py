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
from jaxtyping import Array, Float, Int8

from canonica.model import (
    Factors,
    Scaled,
    quotient_of_products,
    shares,
    total,
)
from canonica.model._plasticity_gains import leaked

WORD = 4  # bytes
LARGEST_AS_ONE = 2**14  # numbers in a step, from which on calls of kernels do not matter


class AlteredLearning(NamedTuple):
    """What differs from the theory's network: gains of the likelihood, and forgetting.

    Attributes
    ----------
    gain : (network, 2) or None
        By state value.
    retention : (network,) or None
        Share of what was learned that a trial leaves.
    at_first : (network, 2, 2, input, state)
        Counts that those which forget return to.
    """

    gain: Float[Array, "network 2"] | None
    retention: Float[Array, " network"] | None
    at_first: Float[Array, "network 2 2 input state"]


class _Lanes(NamedTuple):
    """Counts of every input on and off, a lane for each state of each network."""

    on: Float[Array, "input lane"]
    off: Float[Array, "input lane"]


class _Altered(NamedTuple):
    """An `AlteredLearning`, lane by lane."""

    gain: Float[Array, " lane"] | None
    retention: Float[Array, " lane"] | None
    at_first: _Lanes


def learned_by_products(
    counts: Float[Array, "network 2 2 input state"],
    state_prior: Float[Array, "network 2 state"],
    learning_rate: Float[Array, " network"],
    stimuli: Int8[Array, "#network trial input"],
    factors_of: Callable[[Array, Array], Factors],
    *,
    alteration: AlteredLearning | None = None,
) -> tuple[Float[Array, "network 2 2 input state"], Float[Array, "2 state network trial"]]:
    """Return the counts after learning from each trial in turn, and the log evidence of each.

    Parameters
    ----------
    counts, state_prior, learning_rate
        Of every network.
    stimuli : (network or 1, trial, input)
        0/1.
    factors_of : function of (factor, lane) twice
        `canonical_factors`, `exact_factors` or `exact_factors_of_many`.
    alteration : AlteredLearning, optional
        What differs from the theory's network.

    Returns
    -------
    counts : (network, 2, 2, input, state)
    log_evidence : (2, state, network, trial)
        v, by state value.
    """
    networks, _, _, inputs, states = counts.shape
    lanes = _lanes(counts)
    prior = state_prior.transpose(1, 2, 0).reshape(-1)
    rate = jnp.broadcast_to(learning_rate, (2, states, networks)).reshape(-1)
    altered = None if alteration is None else _altered(alteration, states)
    tiled = _tiled(stimuli, 2 * states, networks)

    def scan(
        lanes: _Lanes, prior: Array, rate: Array, tiled: Array, altered: _Altered | None
    ) -> tuple[_Lanes, tuple[Array, Array]]:
        def step(lanes: _Lanes, seen: Array) -> tuple[_Lanes, Scaled]:
            return _step(lanes, prior, rate, seen, factors_of, altered=altered)

        return lax.scan(step, lanes, tiled)

    if lanes.on.size <= LARGEST_AS_ONE:
        scan = _as_one_function(scan)
    lanes, evidence = scan(lanes, prior, rate, tiled, altered)
    v = Scaled(*evidence).log().T + jnp.log(prior)[:, None]
    learned = jnp.stack([lanes.off, lanes.on]).reshape(2, inputs, 2, states, networks)
    return learned.transpose(4, 0, 2, 1, 3), v.reshape(2, states, networks, -1)


def _lanes(counts: Float[Array, "network 2 2 input state"]) -> _Lanes:
    off, on = counts.transpose(1, 3, 2, 4, 0).reshape(2, counts.shape[3], -1)
    return _Lanes(on, off)


def _altered(alteration: AlteredLearning, states: int) -> _Altered:
    gain, retention, at_first = alteration
    if gain is not None:
        gain = jnp.broadcast_to(gain.T[:, None], (2, states, len(gain))).reshape(-1)
    if retention is not None:
        retention = jnp.broadcast_to(retention, (2, states, len(retention))).reshape(-1)
    return _Altered(gain, retention, _lanes(at_first))


def _tiled(
    stimuli: Int8[Array, "#network trial input"], copies: int, networks: int
) -> Int8[Array, "trial input lane"]:
    """Return the stimuli repeated for every lane: a state of a network."""
    rows = lax.optimization_barrier(stimuli.transpose(1, 2, 0))
    shape = (*rows.shape[:2], copies, networks)
    if networks % WORD or len(stimuli) != networks:
        return jnp.broadcast_to(rows[:, :, None], shape).reshape(*shape[:2], -1)
    # Four bytes at a time: this copies no numbers, and takes a quarter of the time.
    words = lax.bitcast_convert_type(rows.reshape(*rows.shape[:2], -1, WORD), jnp.int32)
    shape = (*rows.shape[:2], copies, networks // WORD)
    words = lax.optimization_barrier(jnp.broadcast_to(words[:, :, None], shape))
    return lax.bitcast_convert_type(words, jnp.int8).reshape(*shape[:2], -1)


def _step(
    lanes: _Lanes,
    prior: Float[Array, " lane"],
    rate: Float[Array, " lane"],
    stimulus: Int8[Array, "input lane"],
    factors_of: Callable[[Array, Array], Factors],
    *,
    altered: _Altered | None,
) -> tuple[_Lanes, Scaled]:
    on, off = lanes
    present = stimulus != 0
    factors = factors_of(jnp.where(present, on, off), on + off)
    likelihood = quotient_of_products(factors.numerators, factors.denominators, factors.group)
    if factors.exponent is not None:
        likelihood = likelihood.times_exp(total(factors.exponent))
    if altered is not None and altered.gain is not None:
        likelihood = likelihood.to_the(altered.gain)
    mantissa, exponent = (part.reshape(2, -1) for part in likelihood)
    mantissa = mantissa * prior.reshape(2, -1)
    absent_share, present_share = shares(
        Scaled(mantissa[0], exponent[0]), Scaled(mantissa[1], exponent[1])
    )
    # Both state values together: the posterior of each lane.
    learned = jnp.concatenate([absent_share, present_share]) * rate
    nothing = jnp.zeros((), on.dtype)
    if altered is not None and altered.retention is not None:
        on, off = _remembered(lanes, altered.at_first, altered.retention)
    lanes = _Lanes(
        on + jnp.where(present, learned, nothing), off + jnp.where(present, nothing, learned)
    )
    return lanes, likelihood


def _remembered(lanes: _Lanes, at_first: _Lanes, retention: Float[Array, " lane"]) -> _Lanes:
    return jax.tree.map(lambda now, first: leaked(now, first, retention), lanes, at_first)


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
