"""What outcomes say of causes under one mapping."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica.model import ExpectationForm, expected_log_parameter


class LogEvidence(NamedTuple):
    """What outcomes say of causes under one mapping.

    Attributes
    ----------
    slope, offset : (outcome, cause), (cause,)
        Log odds of each cause: ``outcome @ slope + offset``.
    silent_slope, silent_offset : (outcome,), ()
        Log evidence of value 0, all causes together; only the free energy needs it.
    """

    slope: Float[Array, "outcome cause"]
    offset: Float[Array, " cause"]
    silent_slope: Float[Array, " outcome"]
    silent_offset: Float[Array, ""]

    def log_odds(self, outcome: Float[Array, "*batch outcome"]) -> Float[Array, "*batch cause"]:
        """Return what `outcome` adds to the log odds of each cause."""
        return outcome @ self.slope + self.offset

    def silent(self, outcome: Float[Array, "*batch outcome"]) -> Float[Array, "*batch"]:
        """Return the log evidence of value 0, summed over causes."""
        return outcome @ self.silent_slope + self.silent_offset


def log_evidence(
    counts: Float[Array, "2 2 outcome cause"],
    form: ExpectationForm,
    floor: float,
    gain: Float[Array, "2"] | None = None,
) -> LogEvidence:
    """Return what outcomes say under a mapping, both values by their gain.

    No probability counts as less than `floor`.
    """
    log_parameter = expected_log_parameter(counts, form)
    if floor > 0:
        log_parameter = jnp.maximum(log_parameter, np.log(floor))
    if gain is not None:
        log_parameter = log_parameter * gain.astype(log_parameter.dtype)[:, None, None]
    present, absent = log_parameter[1], log_parameter[0]
    difference = present - absent
    silence = absent.sum(axis=1)
    return LogEvidence(
        slope=difference[1] - difference[0],
        offset=silence[1] - silence[0],
        silent_slope=difference[0].sum(axis=1),
        silent_offset=silence[0].sum(),
    )
