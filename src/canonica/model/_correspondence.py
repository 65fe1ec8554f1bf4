"""The dictionary between a canonical neural network and the generative model it implies."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model._arguments import checked_arrays
from canonica.model._canonical_network import CanonicalNetwork
from canonica.model._generative_model import GenerativeModel


class Precision(NamedTuple):
    """Total counts behind each column of the mappings: what a network's weights do not say.

    Each is a number or an array that broadcasts to the shape given; the homeostatic sums of
    `SynapticSums` are just these totals.

    Attributes
    ----------
    likelihood : (2, neuron, input)
        Behind W, and so behind A.
    recurrent : (2, neuron, neuron)
        Behind K, and so behind B.
    output : (2, output, neuron)
        Behind V, and so behind C.
    """

    likelihood: Float[Array, "..."] | float = 1.0
    recurrent: Float[Array, "..."] | float = 1.0
    output: Float[Array, "..."] | float = 1.0


@checked_arrays
def canonical_network(model: GenerativeModel) -> CanonicalNetwork:
    """Return the network that is the observer `model`, its canonical form.

    ``sigmoid(W[n]) = E[A][1, n]`` transposed, and K, V likewise from B, C; threshold factors are
    the log priors. Whatever the `form` of the model, the network computes the canonical one.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 5, 3)), jnp.full((2, 3), 0.5))
    >>> canonical_network(model).weight.shape
    (2, 3, 5)
    """
    b, c, E = model.transition_counts, model.policy_counts, model.decision_prior
    return CanonicalNetwork(
        weight=weight_of_counts(model.likelihood_counts),
        threshold_factor=jnp.log(model.state_prior),
        recurrent_weight=None if b is None else weight_of_counts(b),
        output_weight=None if c is None else weight_of_counts(c),
        output_threshold_factor=None if E is None else jnp.log(E),
        gains=model.gains,
    )


@checked_arrays
def generative_model(
    network: CanonicalNetwork,
    precision: Precision = Precision(),  # noqa: B008  (immutable)
) -> GenerativeModel:
    """Return the generative model that `network` implicitly holds.

    Parameters
    ----------
    network : CanonicalNetwork
        Any network.
    precision : Precision, optional
        Total counts per column. They decide how fast the model goes on learning, and nothing of
        its present beliefs; the weights alone do not determine them.

    Returns
    -------
    GenerativeModel
        In canonical form; `canonical_network` of it is `network` again. Its priors are
        ``exp(phi)`` and ``exp(psi)``, normalised only if the threshold factors are.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> network = CanonicalNetwork(jnp.zeros((2, 3, 5)), jnp.log(jnp.full((2, 3), 0.5)))
    >>> generative_model(network).likelihood_counts.shape
    (2, 2, 5, 3)
    """
    K, V, psi = (
        network.recurrent_weight,
        network.output_weight,
        network.output_threshold_factor,
    )
    return GenerativeModel(
        likelihood_counts=counts_of_weight(network.weight, precision.likelihood),
        state_prior=jnp.exp(network.threshold_factor),
        transition_counts=None if K is None else counts_of_weight(K, precision.recurrent),
        policy_counts=None if V is None else counts_of_weight(V, precision.output),
        decision_prior=None if psi is None else jnp.exp(psi),
        gains=network.gains,
    )


def weight_of_counts(counts: Float[Array, "2 2 outcome cause"]) -> Float[Array, "2 cause outcome"]:
    """Return the synaptic strengths that hold a mapping, its log odds."""
    log_counts = jnp.log(counts)
    return (log_counts[1] - log_counts[0]).swapaxes(1, 2)


def counts_of_weight(
    weight: Float[Array, "2 cause outcome"], precision: Float[Array, "..."] | float
) -> Float[Array, "2 2 outcome cause"]:
    """Return the counts of the mapping that synaptic strengths hold, given their totals."""
    counts = jnp.stack([jax.nn.sigmoid(-weight) * precision, jax.nn.sigmoid(weight) * precision])
    return counts.swapaxes(2, 3)
