"""Steps 4 and 5: thresholds, synaptic weights and free energy from normalised responses."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import (
    FreeEnergy,
    GenerativeModel,
    SynapticSums,
    accuracy_of_counts,
    both_values,
    negative_entropy,
    prior_sums,
    synaptic_sums_beside_prior,
)
from canonica.reverse_engineering.published_protocol._observed import Observed


def threshold_factor(observed: Observed, initial_sessions: int) -> Float[Array, "2 ensemble"]:
    """Return phi, the log of the mean activity (level 1) and of its complement (level 0)."""
    valid = observed.valid[:initial_sessions, None]
    total = (observed.response[:initial_sessions] * valid).sum(axis=(0, 2))
    return jnp.log(both_values(total / valid.sum()))


def session_sums(observed: Observed) -> SynapticSums:
    """Return what each session adds to the synaptic sums; leading axis session."""

    def of_session(one: Observed) -> SynapticSums:
        return synaptic_sums_beside_prior(one.response.T, one.stimuli, one.valid)

    return jax.vmap(of_session)(observed)


def sums_before_sessions(
    added: SynapticSums, prior_strength: Float[Array, ""] | float
) -> SynapticSums:
    """Return the sums that each session starts with: prior and all sessions before it."""
    neurons, inputs = added.hebbian.shape[-2:]
    prior = prior_sums(prior_strength, neurons, inputs)
    before = jax.tree.map(lambda total, last: jnp.cumsum(total, axis=0) - last, added, added)
    return before + prior


def session_free_energy(
    before: SynapticSums,
    added: SynapticSums,
    factor: Float[Array, "2 ensemble"],
    observed: Observed,
    epsilon: Float[Array, ""] | float,
) -> FreeEnergy:
    """Return the free energy of each session under the model held at its start, by its parts.

    Accuracy and prior are linear in what the session adds to the sums, so that only the entropy of
    the activity has to be taken trial by trial.
    """

    def accuracy(before: SynapticSums, added: SynapticSums) -> Float[Array, ""]:
        model = GenerativeModel(likelihood_counts=before.counts, state_prior=jnp.exp(factor))
        return accuracy_of_counts(model, added.counts)

    entropy_term = negative_entropy(observed.response, epsilon) * observed.valid[:, None]
    prior = added.homeostatic[..., 0] * factor
    return FreeEnergy(
        accuracy=jax.vmap(accuracy)(before, added),
        complexity=entropy_term.sum(axis=(1, 2)) - prior.sum(axis=(1, 2)),
        decision=jnp.zeros(len(prior)),
    )
