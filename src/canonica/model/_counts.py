"""Dirichlet concentration counts of binary mappings, and the expectations taken under them.

A *mapping* links binary causes to binary outcomes. All three of the theory's mappings have this
one form: the likelihood A (states cause observations), the transition B, read backwards in time
(the state now "causes" the state before), and the policy mapping C (the decision now "causes" the
state before). What holds for one holds for each.
"""

from functools import partial
from typing import Literal

import jax.numpy as jnp
from jax.scipy.special import digamma
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import check_positive
from canonica.model._values import along_batch, both_values

ExpectationForm = Literal["exact", "canonical"]


@checked_arrays
def expected_parameter(
    counts: Float[Array, "2 2 outcome cause"],
) -> Float[Array, "2 2 outcome cause"]:
    """Return the expected probability of each outcome value given each cause value.

    Parameters
    ----------
    counts : (2, 2, outcome, cause)
        Concentration counts, indexed by outcome value, cause value, outcome, cause.

    Returns
    -------
    (2, 2, outcome, cause)
        ``counts[m] / (counts[1] + counts[0])``; sums to 1 over the first axis.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> counts = jnp.array([1.0, 3.0]).reshape(2, 1, 1, 1) * jnp.ones((2, 2, 1, 1))
    >>> float(expected_parameter(counts)[1, 1, 0, 0])
    0.75
    """
    return counts / counts.sum(axis=0, keepdims=True)


@checked_arrays
def expected_log_parameter(
    counts: Float[Array, "2 2 outcome cause"], form: ExpectationForm = "canonical"
) -> Float[Array, "2 2 outcome cause"]:
    """Return the expected log probability of each outcome value given each cause value.

    Parameters
    ----------
    counts : (2, 2, outcome, cause)
        Concentration counts, all above zero.
    form : "canonical" or "exact"
        ``exact`` is the Dirichlet expectation, ``digamma(a[m]) - digamma(a[1] + a[0])``;
        ``canonical`` is its limit for many counts, ``ln a[m] - ln(a[1] + a[0])``, which is what a
        canonical neural network computes [CB22].

    Raises
    ------
    CanonicaError
        If `form` is neither of the two.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> counts = jnp.ones((2, 2, 1, 1))
    >>> round(float(expected_log_parameter(counts, "exact")[1, 1, 0, 0]), 5)
    -1.0
    >>> round(float(expected_log_parameter(counts, "canonical")[1, 1, 0, 0]), 5)
    -0.69315
    """
    check_positive(counts=counts)
    if form == "exact":
        return digamma(counts) - digamma(counts.sum(axis=0, keepdims=True))
    if form == "canonical":
        return jnp.log(counts) - jnp.log(counts.sum(axis=0, keepdims=True))
    raise CanonicaError(f"form: found {form!r}; expected 'exact' or 'canonical'.")


@partial(checked_arrays, infinite=True)
def log_evidence(
    log_parameter: Float[Array, "2 2 outcome cause"], outcome: Float[Array, "*batch outcome"]
) -> Float[Array, "2 *batch cause"]:
    """Return what `outcome` says of each value n of every cause.

    ``sum_i ( o_i lnA[1, n, i, j] + (1 - o_i) lnA[0, n, i, j] )``: one matrix product, because the
    part that does not depend on the outcome is the same for every time step.
    """
    difference = log_parameter[1] - log_parameter[0]
    absent = log_parameter[0].sum(axis=1)
    return jnp.einsum("...i,nij->n...j", outcome, difference) + along_batch(absent, outcome)


@checked_arrays
def coincidence(
    outcome: Float[Array, "time outcome"],
    cause: Float[Array, "time cause"],
    weight: Float[Array, " time"] | None = None,
) -> Float[Array, "2 2 outcome cause"]:
    """Return the outer products of both values of both sides, summed over time.

    This is what a stretch of time adds to the counts; `weight` scales each step's part.
    """
    causes = both_values(cause)
    if weight is not None:
        causes = causes * weight[None, :, None]
    return jnp.einsum("mti,ntj->mnij", both_values(outcome), causes)
