"""Trials in which all inputs are on, or none is: how far they follow what is learned.

Such a trial shows no contrast between inputs, so that the sum over all weights alone moves it, and
network and response are near their ends there. How near is not known: protocols take each source
state's first level from the responses, and what is left goes from 1/2 to an end that is not 1. The
response to such a stimulus therefore has a level of its own, which follows the sum of what is
learned by a share, estimated for either kind. Of any other stimulus the share is 1::

    log odds = (as before anything was learned) + share * (what was learned since)
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

KINDS = 2  # all inputs on, and none
SHARE_VARIANCE = 0.2**2  # of both shares, before anything is seen; their mean is 0


def uniform(stimuli: Float[Array, "*batch input"]) -> Float[Array, "*batch 2"]:
    """Return 1 where all inputs are on, and 1 where none is; elsewhere 0."""
    found = jnp.stack([stimuli.min(axis=-1) == 1, stimuli.max(axis=-1) == 0], axis=-1)
    return found.astype(stimuli.dtype)


def share_followed(
    kinds: Float[Array, "*sessions slot 2"], share: Float[Array, "*batch 2"]
) -> Float[Array, "*batch slot"]:
    """Return the share of what is learned that each trial follows.

    Parameters
    ----------
    kinds : (..., slot, 2)
        As `uniform` returns them.
    share : (..., 2)
        Of either kind; leading axes are those of `kinds`, or it has all of its own.
    """
    return 1 - kinds.sum(axis=-1) + jnp.einsum("...tk,...k->...t", kinds, share)
