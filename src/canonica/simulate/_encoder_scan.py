"""The compiled part of the encoder: blocks of networks, in them sessions, in these trials."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from canonica.model import (
    MANY_COUNTS,
    ExpectationForm,
    Factors,
    Gains,
    GenerativeModel,
    both_values,
    canonical_factors,
    canonical_network,
    coincidence,
    exact_factors,
    exact_factors_of_many,
    negative_entropy_of_log_odds,
)
from canonica.model._plasticity_gains import leaked
from canonica.simulate._learning_by_products import AlteredLearning, learned_by_products
from canonica.simulate._perturbation import biased_log_evidence

Learning = Literal["step", "session", "off"]


class Networks(NamedTuple):
    """Networks and their stimuli, all along one leading axis."""

    counts: Float[Array, "network 2 2 input state"]
    state_prior: Float[Array, "network 2 state"]
    learning_rate: Float[Array, " network"]
    bias: Float[Array, "network input state 2"] | None
    gain: Float[Array, "network 2"] | None
    retention: Float[Array, " network"] | None
    stimuli: Int[Array, "#network trial input"]


@dataclass(frozen=True)
class Plan:
    """What is compiled for: everything that is structure rather than numbers.

    Parameters
    ----------
    form, learn
        As in `encode`.
    trials_per_session : int
        Trials over which free energy is summed.
    turn : int
        Trials of one turn of the scan: a session, or a divisor of it, which bounds memory.
    per_step : bool
        Whether to give the free energy of every trial.
    every : int or None
        Trials from one snapshot of the weights to the next; None for no snapshots.
    block : int
        Networks computed side by side.
    """

    form: ExpectationForm
    learn: Learning
    trials_per_session: int
    turn: int
    per_step: bool
    every: int | None
    block: int


class Encoded(NamedTuple):
    """What the scan finds, network by network; see `Encoding`."""

    posterior: Float[Array, "network trial state"]
    accuracy: Float[Array, "network period"]
    complexity: Float[Array, "network period"]
    counts: Float[Array, "network 2 2 input state"]
    weight: Float[Array, "network snapshot 2 state input"] | None


class _TrialEvidence(NamedTuple):
    """Log evidence v of each trial, and the log prior in it.

    Trials come last: what is done next then runs along them, however few the states are.
    """

    total: Float[Array, "2 state network trial"]
    log_prior: Float[Array, "2 state network trial"]


@partial(jax.jit, static_argnames="plan")
def encoded(networks: Networks, plan: Plan) -> Encoded:
    """Return what every network makes of its stimuli, block after block of them."""
    count = len(networks.counts)
    blocks = -(-count // plan.block)
    if blocks == 1:  # also where a block is larger than all there are
        return _of_block(networks, plan)
    shared = len(networks.stimuli) == 1
    # Whole blocks of neighbours; the last one reaches back for some that it shares.
    starts = np.minimum(np.arange(blocks) * plan.block, max(0, count - plan.block))

    def of_block(start: Int[Array, ""]) -> Encoded:
        def own(part: Array) -> Array:
            return lax.dynamic_slice_in_dim(part, start, plan.block)

        stimuli = networks.stimuli if shared else own(networks.stimuli)
        rest = jax.tree.map(own, networks._replace(stimuli=None))
        return _of_block(rest._replace(stimuli=stimuli), plan)

    found = lax.map(of_block, jnp.asarray(starts))
    repeated = blocks * plan.block - count
    return jax.tree.map(
        lambda part: jnp.concatenate([part[:-1].reshape(-1, *part.shape[2:]), part[-1, repeated:]]),
        found,
    )


def _of_block(networks: Networks, plan: Plan) -> Encoded:
    owners, trials, inputs = networks.stimuli.shape
    every = trials if plan.every is None else plan.every
    at_first = networks.counts
    turns = networks.stimuli.reshape(owners, trials // every, -1, plan.turn, inputs)

    # In a gradient, each turn is computed again rather than kept.
    @partial(jax.checkpoint, prevent_cse=False)
    def turn(counts: Array, stimuli: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        after, evidence = _turn(networks._replace(counts=counts, stimuli=stimuli), at_first, plan)
        return after, _beliefs(evidence, plan)

    def between_snapshots(counts: Array, stimuli: Array) -> tuple[Array, tuple[Any, ...]]:
        after, beliefs = lax.scan(turn, counts, stimuli)
        return after, (beliefs, None if plan.every is None else counts)

    counts, (beliefs, kept) = lax.scan(
        between_snapshots, networks.counts, jnp.moveaxis(turns, 0, 2)
    )
    # From here on, network first, then all turns.
    posterior, accuracy, complexity = (
        jnp.moveaxis(part.reshape(-1, *part.shape[2:]), 1, 0) for part in beliefs
    )
    return Encoded(
        posterior.reshape(len(posterior), trials, -1),
        _by_period(accuracy, plan),
        _by_period(complexity, plan),
        counts,
        None if kept is None else _weights(kept, networks.state_prior),
    )


def _turn(networks: Networks, at_first: Array, plan: Plan) -> tuple[Array, _TrialEvidence]:
    """Return the counts after a turn of trials, and the log evidence of each.

    `at_first` are the counts before the first turn, to which those of networks that forget return.
    """
    if plan.learn != "step":
        return _frozen(networks, at_first, plan)
    if networks.bias is not None:
        return _by_logarithms(networks, at_first, plan)
    if plan.form == "canonical":
        return _by_products(networks, at_first, canonical_factors)
    many = networks.counts.min() >= MANY_COUNTS[np.dtype(networks.counts.dtype)]
    cases = [partial(_by_products, factors_of=f) for f in (exact_factors_of_many, exact_factors)]
    return lax.cond(many, *cases, networks, at_first)


def _by_products(
    networks: Networks, at_first: Array, factors_of: Callable[[Array, Array], Factors]
) -> tuple[Array, _TrialEvidence]:
    prior, alteration = networks.state_prior, None
    if networks.gain is not None or networks.retention is not None:
        alteration = AlteredLearning(networks.gain, networks.retention, at_first)
    counts, v = learned_by_products(
        networks.counts,
        prior,
        networks.learning_rate,
        networks.stimuli,
        factors_of,
        alteration=alteration,
    )
    log_prior = jnp.log(prior).transpose(1, 2, 0)[..., None]
    return counts, _TrialEvidence(v, jnp.broadcast_to(log_prior, v.shape))


def _by_logarithms(networks: Networks, at_first: Array, plan: Plan) -> tuple[Array, _TrialEvidence]:
    """Learn at every trial, logarithm by logarithm: for what is no product of counts."""

    def of_network(network: Networks, at_first: Array) -> tuple[Array, _TrialEvidence]:
        def step(counts: Array, stimulus: Array) -> tuple[Array, tuple[Array, Array]]:
            v, log_prior = _law(network._replace(counts=counts), stimulus[None], plan.form)
            learned = _learned(network, counts, at_first, stimulus[None], v)
            return learned, (v[:, 0], log_prior[:, 0])

        counts, (v, log_prior) = lax.scan(step, network.counts, network.stimuli)
        return counts, _TrialEvidence(jnp.moveaxis(v, 0, -1), jnp.moveaxis(log_prior, 0, -1))

    return _for_each(of_network, networks, at_first)


def _frozen(networks: Networks, at_first: Array, plan: Plan) -> tuple[Array, _TrialEvidence]:
    """Learn at the end of the turn, or not at all: matrix products."""

    def of_network(network: Networks, at_first: Array) -> tuple[Array, _TrialEvidence]:
        counts, stimuli = network.counts, network.stimuli
        v, log_prior = _law(network, stimuli, plan.form)
        if plan.learn == "session":
            counts = _learned(network, counts, at_first, stimuli, v)
        log_prior = jnp.broadcast_to(log_prior, v.shape)
        return counts, _TrialEvidence(v.swapaxes(1, 2), log_prior.swapaxes(1, 2))

    return _for_each(of_network, networks, at_first)


def _for_each(of_network, networks: Networks, at_first: Array):  # noqa: ANN001, ANN202  (as `of_network` has it)
    shared = len(networks.stimuli) == 1
    axes = jax.tree.map(lambda _: 0, networks)._replace(stimuli=None if shared else 0)
    stimuli = networks.stimuli[0] if shared else networks.stimuli
    each = jax.vmap(of_network, in_axes=(axes, 0), out_axes=(0, 2))
    return each(networks._replace(stimuli=stimuli), at_first)


def _law(
    network: Networks, stimuli: Int[Array, "trial input"], form: ExpectationForm
) -> tuple[Float[Array, "2 trial state"], Float[Array, "2 #trial state"]]:
    """Return the log evidence of one network's counts, and the log prior in it."""
    gains = None if network.gain is None else Gains(likelihood=network.gain)
    model = GenerativeModel(network.counts, network.state_prior, gains=gains, form=form)
    observations = stimuli.astype(network.counts.dtype)
    if network.bias is not None:
        return biased_log_evidence(model, network.bias, observations)
    return model.state_log_evidence(observations), jnp.log(model.state_prior)[:, None]


def _learned(network: Networks, counts: Array, at_first: Array, stimuli: Array, v: Array) -> Array:
    posterior = jax.nn.sigmoid(v[1] - v[0])
    observations = stimuli.astype(counts.dtype)
    if network.retention is not None:
        counts = leaked(counts, at_first, network.retention ** len(stimuli))
    return counts + network.learning_rate * coincidence(observations, posterior)


def _beliefs(evidence: _TrialEvidence, plan: Plan) -> tuple[Array, Array, Array]:
    """Return the posterior of every trial of a turn, and accuracy and complexity.

    These of every trial, or of all together.
    """
    v, log_prior = evidence
    log_odds = v[1] - v[0]
    posterior = jax.nn.sigmoid(log_odds)
    s = both_values(posterior)
    accuracy = (s * (v - log_prior)).sum(axis=(0, 1))
    expected = (s * log_prior).sum(axis=(0, 1))
    complexity = negative_entropy_of_log_odds(log_odds).sum(axis=0) - expected
    if not plan.per_step:
        accuracy, complexity = accuracy.sum(axis=1), complexity.sum(axis=1)
    return jnp.moveaxis(posterior, 0, -1), accuracy, complexity


def _by_period(values: Float[Array, "network turn *trial"], plan: Plan) -> Array:
    """Return the values of every trial, or their sums over sessions."""
    if plan.per_step:
        return values.reshape(len(values), -1)
    per_session = plan.trials_per_session // plan.turn
    return values.reshape(len(values), -1, per_session).sum(axis=2)


def _weights(
    counts: Float[Array, "snapshot network 2 2 input state"],
    state_prior: Float[Array, "network 2 state"],
) -> Float[Array, "network snapshot 2 state input"]:
    def weight(counts: Array, prior: Array) -> Array:
        return canonical_network(GenerativeModel(counts, prior)).weight

    return jax.vmap(jax.vmap(weight, (0, None)), (1, 0))(counts, state_prior)
