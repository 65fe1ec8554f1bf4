"""Perturbations of an encoder that make its inference fail [NC20].

The threshold factors themselves (alpha) are the log of the state prior: perturb that. What is
here biases synapses (beta), and with them the thresholds that adapt to them.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import GenerativeModel, expected_parameter, log_evidence
from canonica.model._arguments import checked_arrays

MARGIN = 1e-6  # that the probabilities which synapses encode keep from 0 and 1


@checked_arrays
def biased_log_evidence(
    model: GenerativeModel,
    bias: Float[Array, "observation state 2"],
    observations: Float[Array, "time observation"],
) -> tuple[Float[Array, "2 time state"], Float[Array, "2 1 state"]]:
    """Return the log evidence of a canonical network whose synapses are biased.

    The synapses encode the expected likelihood A + beta, kept inside (0, 1), and threshold factors
    follow: ``phi[n, j] = ln D[n, j] + sum_i atanh(2 (A + beta)[1, n, i, j] - 1) beta[i, j, n]``.

    Parameters
    ----------
    model : GenerativeModel
        Its canonical form is taken.
    bias : (observation, state, 2)
        beta; the last index is the state value.
    observations : (time, observation)
        0/1.

    Returns
    -------
    log_evidence : (2, time, state)
        In place of `GenerativeModel.state_log_evidence`.
    threshold_factor : (2, 1, state)
        phi, in place of the log prior.

    Raises
    ------
    CanonicaError
        If arrays are not of the shapes that the signature says, or do not fit each other.

    References
    ----------
    [NC20] section 3; theory of the perturbed threshold.

    Examples
    --------
    Without bias nothing is changed:

    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.full((2, 2, 4, 3), 5.0), jnp.full((2, 3), 0.5))
    >>> o = jnp.ones((1, 4))
    >>> v, phi = biased_log_evidence(model, jnp.zeros((4, 3, 2)), o)
    >>> bool(jnp.allclose(v, model.state_log_evidence(o)))
    True
    """
    beta = jnp.moveaxis(bias, -1, 0)
    strength = expected_parameter(model.likelihood_counts)[1] + beta
    encoded = jnp.clip(strength, MARGIN, 1 - MARGIN)
    log_parameter = jnp.stack([jnp.log1p(-encoded), jnp.log(encoded)])
    weight = log_parameter[1] - log_parameter[0]  # twice the inverse hyperbolic tangent
    factor = jnp.log(model.state_prior) + (weight / 2 * beta).sum(axis=1)
    return factor[:, None] + log_evidence(log_parameter, observations), factor[:, None]
