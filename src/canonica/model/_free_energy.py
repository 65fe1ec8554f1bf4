"""Variational free energy of the generative model: complexity minus accuracy."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model._arguments import checked_arrays
from canonica.model._gains import gain_of
from canonica.model._generative_model import Beliefs, GenerativeModel
from canonica.model._values import (
    along_batch,
    both_values,
    modulation,
    negative_entropy,
    present,
)


class FreeEnergy(NamedTuple):
    """Variational free energy per time step (or per stretch of time), in nats, by its parts.

    The complexity of the parameters, which grows like ln t, is left out, as in the published
    figures.

    Attributes
    ----------
    accuracy : (..., time)
        Expected log likelihood of the observations under the beliefs.
    complexity : (..., time)
        Divergence of the beliefs about states from their prior; what the previous state says of
        the present one counts with the prior.
    decision : (..., time)
        The decision layer's share; 0 in a model without decisions.
    """

    accuracy: Float[Array, "*batch"]
    complexity: Float[Array, "*batch"]
    decision: Float[Array, "*batch"]

    @property
    def total(self) -> Float[Array, "*batch"]:
        """F, of whatever the parts are of."""
        return self.complexity - self.accuracy + self.decision


@checked_arrays
def free_energy(
    model: GenerativeModel,
    observations: Float[Array, "time observation"],
    beliefs: Beliefs,
    *,
    risk: Float[Array, " time"] | None = None,
    epsilon: Float[Array, ""] | float = 0.0,
) -> FreeEnergy:
    """Return the free energy that `beliefs`, right or wrong, have under `model`.

    Parameters
    ----------
    model : GenerativeModel
        Counts and priors, held fixed over the stretch.
    observations : (time, observation)
        0/1.
    beliefs : Beliefs
        With previous states where the model has transitions or decisions, and decisions where
        it has those.
    risk : (time,), optional
        Gamma of each step, which modulates the decision layer by ``1 - 2 risk``; 0 by default.
    epsilon : float, optional
        Added to every belief inside its own logarithm, as the published analysis does with 1e-6.

    Returns
    -------
    FreeEnergy
        Per time step; sum over `total` for the free energy of the stretch.

    Raises
    ------
    CanonicaError
        If `beliefs` lacks something that `model` needs.

    References
    ----------
    [CB22] Eq. 1-3; [NC23] Methods.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 2)), jnp.full((2, 2), 0.5))
    >>> observations = jnp.ones((4, 3))
    >>> F = free_energy(model, observations, model.infer(observations))
    >>> round(float(F.total[0]), 4)  # 2 states, each explaining 3 observations of chance 1/2
    4.1589
    """
    return FreeEnergy(
        accuracy=accuracy(model, observations, beliefs.states),
        complexity=complexity(model, beliefs, epsilon=epsilon),
        decision=_decision(model, beliefs, risk, epsilon),
    )


@checked_arrays
def accuracy(
    model: GenerativeModel,
    observations: Float[Array, "time observation"],
    states: Float[Array, "time state"],
) -> Float[Array, " time"]:
    """Return the expected log likelihood ``s . lnA . o`` of each step, by its gain."""
    evidence = model.observation_log_evidence(observations)
    return (both_values(states) * evidence).sum(axis=(0, 2))


@checked_arrays
def accuracy_of_counts(
    model: GenerativeModel, counts: Float[Array, "2 2 observation state"]
) -> Float[Array, ""]:
    """Return the accuracy of a whole stretch from the counts that it adds.

    The accuracy is linear in the outer products of observations and states, so their sum over
    time, which learning needs anyway (`coincidence`), is all there is to know.
    """
    log_likelihood = model.log_likelihood
    gain = gain_of(model.gains, "likelihood")
    if gain is not None:
        log_likelihood = gain.astype(log_likelihood.dtype)[:, None, None] * log_likelihood
    return (counts * log_likelihood).sum()


@checked_arrays
def complexity(
    model: GenerativeModel, beliefs: Beliefs, *, epsilon: Float[Array, ""] | float = 0.0
) -> Float[Array, " time"]:
    """Return the divergence ``KL[s || D]`` of each step, transitions counted with the prior."""
    log_prior = model.state_log_prior(beliefs.states, beliefs.previous_states)
    expected = both_values(beliefs.states) * log_prior
    return negative_entropy(beliefs.states, epsilon).sum(axis=1) - expected.sum(axis=(0, 2))


def _decision(
    model: GenerativeModel,
    beliefs: Beliefs,
    risk: Float[Array, " time"] | None,
    epsilon: Float[Array, ""] | float,
) -> Float[Array, " time"]:
    if model.policy_counts is None:
        return jnp.zeros_like(beliefs.states[:, 0])
    previous = present(beliefs.previous_states, "beliefs.previous_states")
    decisions = present(beliefs.decisions, "beliefs.decisions")
    d = both_values(decisions)
    log_prior = along_batch(model.decision_log_prior, previous)
    weight = modulation(risk, previous)[None, :, None]
    evidence = weight * model.policy_log_evidence(previous)
    expected = (d * (log_prior + evidence)).sum(axis=(0, 2))
    return negative_entropy(decisions, epsilon).sum(axis=1) - expected
