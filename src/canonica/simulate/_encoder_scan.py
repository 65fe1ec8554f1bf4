"""The compiled part of the encoder: blocks of networks, in them sessions, in these trials."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from canonica.model import (
    FEWEST_COUNTS,
    Beliefs,
    ExpectationForm,
    GenerativeModel,
    both_values,
    canonical_network,
    coincidence,
    negative_entropy,
)
from canonica.simulate._cheap_steps import learned_cheaply
from canonica.simulate._perturbation import biased_log_evidence

Learning = Literal["step", "session", "off"]


class Networks(NamedTuple):
    """Networks and their stimuli, all along one leading axis."""

    counts: Float[Array, "network 2 2 input state"]
    state_prior: Float[Array, "network 2 state"]
    learning_rate: Float[Array, " network"]
    bias: Float[Array, "network input state 2"] | None
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
    stretch : int
        Trials of one turn of the outer scan: a session, or a divisor of it.
    per_step : bool
        Whether to give the free energy of every trial.
    keep_every : int or None
        Stretches from one snapshot of the weights to the next.
    block : int
        Networks computed side by side.
    """

    form: ExpectationForm
    learn: Learning
    trials_per_session: int
    stretch: int
    per_step: bool
    keep_every: int | None
    block: int


class Encoded(NamedTuple):
    """What the scan finds, network by network; see `Encoding`."""

    posterior: Float[Array, "network trial state"]
    accuracy: Float[Array, "network period"]
    complexity: Float[Array, "network period"]
    counts: Float[Array, "network 2 2 input state"]
    weight: Float[Array, "network snapshot 2 state input"] | None


class _Evidence(NamedTuple):
    """Log evidence v of each trial, and the log prior in it."""

    total: Float[Array, "network trial 2 state"]
    log_prior: Float[Array, "network #trial 2 state"]


@partial(jax.jit, static_argnames="plan")
def encoded(networks: Networks, plan: Plan) -> Encoded:
    """Return what every network makes of its stimuli, block after block of them."""
    count = len(networks.counts)
    blocks = -(-count // plan.block)
    if blocks == 1:
        return _of_block(networks, plan)
    members = np.minimum(np.arange(blocks * plan.block), count - 1).reshape(blocks, -1)
    shared = len(networks.stimuli) == 1

    def of_block(index: Int[Array, " network"]) -> Encoded:
        own = networks._replace(stimuli=None) if shared else networks
        own = jax.tree.map(lambda part: part[index], own)
        return _of_block(own._replace(stimuli=networks.stimuli) if shared else own, plan)

    found = lax.map(of_block, jnp.asarray(members))
    return jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:])[:count], found)


def _of_block(networks: Networks, plan: Plan) -> Encoded:
    owners, _, inputs = networks.stimuli.shape
    stretches = networks.stimuli.reshape(owners, -1, plan.stretch, inputs).swapaxes(0, 1)

    def turn(counts: Array, stimuli: Array) -> tuple[Array, tuple[Array, ...]]:
        after, evidence = _stretch(networks._replace(counts=counts, stimuli=stimuli), plan)
        return after, (*_beliefs(evidence, plan), counts if plan.keep_every else None)

    # In a gradient, each stretch is computed again rather than kept.
    turn = jax.checkpoint(turn, prevent_cse=False)
    counts, (posterior, accuracy, complexity, kept) = lax.scan(turn, networks.counts, stretches)
    return Encoded(
        _joined(posterior),
        _by_period(accuracy, plan),
        _by_period(complexity, plan),
        counts,
        None if kept is None else _weights(kept[:: plan.keep_every], networks.state_prior),
    )


def _stretch(networks: Networks, plan: Plan) -> tuple[Array, _Evidence]:
    """Return the counts after a stretch of trials, and the log evidence of each."""
    if plan.learn != "step":
        return _frozen(networks, plan)
    if networks.bias is not None:
        return _plainly(networks, plan)
    if plan.form == "canonical":
        return _cheaply(networks, plan)
    enough = networks.counts.min() >= FEWEST_COUNTS[np.dtype(networks.counts.dtype)]
    return lax.cond(enough, partial(_cheaply, plan=plan), partial(_plainly, plan=plan), networks)


def _cheaply(networks: Networks, plan: Plan) -> tuple[Array, _Evidence]:
    counts, prior, rate, _, stimuli = networks
    counts, v = learned_cheaply(counts, prior, rate, stimuli, plan.form)
    return counts, _Evidence(v, jnp.broadcast_to(jnp.log(prior)[:, None], v.shape))


def _plainly(networks: Networks, plan: Plan) -> tuple[Array, _Evidence]:
    """Learn at every trial as the equations say: for what products do not reach."""

    def of_network(network: Networks) -> tuple[Array, _Evidence]:
        def step(counts: Array, stimulus: Array) -> tuple[Array, tuple[Array, Array]]:
            v, log_prior = _law(network._replace(counts=counts), stimulus[None], plan.form)
            return _learned(network, counts, stimulus[None], v), (v[:, 0], log_prior[:, 0])

        counts, evidence = lax.scan(step, network.counts, network.stimuli)
        return counts, _Evidence(*evidence)

    return _for_each(of_network, networks)


def _frozen(networks: Networks, plan: Plan) -> tuple[Array, _Evidence]:
    """Learn at the end of the stretch, or not at all: matrix products."""

    def of_network(network: Networks) -> tuple[Array, _Evidence]:
        counts, stimuli = network.counts, network.stimuli
        v, log_prior = _law(network, stimuli, plan.form)
        if plan.learn == "session":
            counts = _learned(network, counts, stimuli, v)
        return counts, _Evidence(v.swapaxes(0, 1), log_prior.swapaxes(0, 1))

    return _for_each(of_network, networks)


def _for_each(of_network, networks: Networks):  # noqa: ANN001, ANN202  (as `of_network` has it)
    shared = len(networks.stimuli) == 1
    axes = jax.tree.map(lambda _: 0, networks)._replace(stimuli=None if shared else 0)
    stimuli = networks.stimuli[0] if shared else networks.stimuli
    return jax.vmap(of_network, in_axes=(axes,))(networks._replace(stimuli=stimuli))


def _law(
    network: Networks, stimuli: Int[Array, "trial input"], form: ExpectationForm
) -> tuple[Float[Array, "2 trial state"], Float[Array, "2 #trial state"]]:
    """Return the log evidence of one network's counts, and the log prior in it."""
    model = GenerativeModel(network.counts, network.state_prior, form=form)
    observations = stimuli.astype(network.counts.dtype)
    if network.bias is not None:
        return biased_log_evidence(model, network.bias, observations)
    return model.state_log_evidence(observations), jnp.log(model.state_prior)[:, None]


def _learned(network: Networks, counts: Array, stimuli: Array, v: Array) -> Array:
    posterior = jax.nn.sigmoid(v[1] - v[0])
    observations = stimuli.astype(counts.dtype)
    return counts + network.learning_rate * coincidence(observations, posterior)


def _beliefs(evidence: _Evidence, plan: Plan) -> tuple[Array, Array, Array]:
    """Return posterior, accuracy and complexity of every trial of a stretch, or of them all."""
    v = jnp.moveaxis(evidence.total, 2, 0)
    log_prior = jnp.moveaxis(evidence.log_prior, 2, 0)
    posterior = jax.nn.sigmoid(v[1] - v[0])
    s = both_values(posterior)
    accuracy = (s * (v - log_prior)).sum(axis=(0, 3))
    expected = (s * log_prior).sum(axis=(0, 3))
    complexity = negative_entropy(posterior).sum(axis=2) - expected
    if not plan.per_step:
        accuracy, complexity = accuracy.sum(axis=1), complexity.sum(axis=1)
    return posterior, accuracy, complexity


def _joined(parts: Float[Array, "stretch network trial *state"]) -> Array:
    """Return the stretches of every network one after the other."""
    joined = jnp.moveaxis(parts, 0, 1)
    return joined.reshape(len(joined), -1, *joined.shape[3:])


def _by_period(values: Array, plan: Plan) -> Array:
    if plan.per_step:
        return _joined(values)
    per_session = plan.trials_per_session // plan.stretch
    return values.T.reshape(values.shape[1], -1, per_session).sum(axis=2)


def _weights(
    counts: Float[Array, "snapshot network 2 2 input state"],
    state_prior: Float[Array, "network 2 state"],
) -> Float[Array, "network snapshot 2 state input"]:
    def weight(counts: Array, prior: Array) -> Array:
        return canonical_network(GenerativeModel(counts, prior)).weight

    return jax.vmap(jax.vmap(weight, (0, None)), (1, 0))(counts, state_prior)
