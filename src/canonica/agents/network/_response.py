"""What a network makes of an observation, and where it is between two."""

from typing import NamedTuple

import jax
from jaxtyping import Array, Float, Int


class Response(NamedTuple):
    """What a network makes of one observation, or of each along time.

    Attributes
    ----------
    log_odds : (state,)
        Of the posterior of hidden states.
    policy, policy_log_odds : ()
        The policy drawn or under way, and the log odds it had now.
    """

    log_odds: Float[Array, "*time state"]
    policy: Int[Array, "*time"]
    policy_log_odds: Float[Array, "*time"]

    @property
    def belief(self) -> Float[Array, "*time state"]:
        """Posterior expectation of each hidden state."""
        return jax.nn.sigmoid(self.log_odds)


class Acting(NamedTuple):
    """Where a network is between two observations.

    Attributes
    ----------
    belief : (state,)
        Posterior expectation of each hidden state.
    policy, made : ()
        The policy under way, and how many of its moves were made; 0 to draw anew.
    """

    belief: Float[Array, " state"]
    policy: Int[Array, ""]
    made: Int[Array, ""]
