"""Gains: how strongly each term of the log odds counts."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from canonica._checks import checked_kind
from canonica.model._checks import check_finite, check_shapes


def _by_value(gain: Shaped[Array | np.ndarray, "..."] | float) -> Float[Array, "..."]:
    """Return one gain for either value; a single number is that of both."""
    gain = jnp.asarray(gain)
    if not jnp.issubdtype(gain.dtype, jnp.floating):
        gain = gain.astype(jnp.result_type(float))
    return jnp.broadcast_to(gain, (2,)) if gain.ndim == 0 else gain


class Gains(eqx.Module):
    """How strongly each term of the log odds counts: 1 where the theory says nothing else.

    With them the log evidence of value n of a state, and of a decision, is::

        v[n] = ln D[n] + likelihood[n] (lnA . o)[n] + transition[n] (lnB . s(t-1))[n]
        u[n] = decision[n] ( ln E[n] + (lnC . s(t-1))[n] )

    The same gain of both values is a *precision*: of the senses, of transitions, of policies. In
    the network it multiplies synaptic strengths and what thresholds adapt by; different gains are
    excitatory (value 1) and inhibitory synapses (value 0) out of balance. Synaptic strengths
    that the cost is stationary at stay the same, whatever the gain of their term.

    Parameters
    ----------
    likelihood, transition, decision : float or (..., 2)
        Indexed by value; a single number is the gain of both.

    Raises
    ------
    CanonicaError
        If a gain has another shape or, where it is known, is not finite.

    References
    ----------
    Sections 1 and 2 of the theory; FitzGerald, Dolan & Friston, Frontiers in Computational
    Neuroscience 9:136, 2015, for the precision of policies.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import GenerativeModel
    >>> counts = jnp.array([[8.0, 2.0], [2.0, 8.0]]).reshape(2, 2, 1, 1)
    >>> model = GenerativeModel(counts, jnp.full((2, 1), 0.5), gains=Gains(likelihood=0.5))
    >>> round(float(model.state_posterior(jnp.ones(1))[0]), 3)  # odds 4, their root counts
    0.667
    """

    likelihood: Float[Array, "*batch 2"] = eqx.field(default=1.0, converter=_by_value)
    transition: Float[Array, "*batch 2"] = eqx.field(default=1.0, converter=_by_value)
    decision: Float[Array, "*batch 2"] = eqx.field(default=1.0, converter=_by_value)

    def __check_init__(self) -> None:
        check_shapes({name: (value, (2,)) for name, value in vars(self).items()})
        check_finite(**vars(self))


def weighed(
    log_evidence: Float[Array, "2 *batch variable"], gain: Float[Array, "2"] | None
) -> Float[Array, "2 *batch variable"]:
    """Return what is said of both values, times the gain of each; unchanged without one."""
    if gain is None:
        return log_evidence
    return (
        gain.astype(log_evidence.dtype).reshape(2, *(1,) * (log_evidence.ndim - 1)) * log_evidence
    )


def check_gains(gains: Any) -> None:
    """Refuse what are no gains; None is as good as gains of 1."""
    if gains is not None:
        checked_kind("gains", gains, Gains, "Gains, or None")


def gain_of(gains: Gains | None, term: str) -> Float[Array, "2"] | None:
    """Return the gain of one term, or None where there are no gains."""
    return None if gains is None else getattr(gains, term)
