"""A planning agent as the canonical network that it is."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from canonica._errors import CanonicaError
from canonica._float64 import double_precision
from canonica.agents.planning._followed import END, Followed
from canonica.model import (
    RARE,
    CanonicalNetwork,
    ControlledNetwork,
    decisive_log_odds,
    with_policies,
)

FLOOR = 1e-6
LARGEST = 2000  # units: all pairs of them and an action have synapses


def network_of_plan(
    followed: Followed, worth: Float[np.ndarray, "state action"], observations: int
) -> ControlledNetwork:
    """Return the network of counts and a plan; float64.

    Parameters
    ----------
    followed : Followed
        Counts.
    worth : (state, action)
        Of every action in every state.
    observations : int
        That were met.

    Raises
    ------
    CanonicaError
        If there is no state, or too many.
    """
    states = len(followed.states)
    if not 0 < states <= LARGEST:
        raise CanonicaError(
            f"network: found {states:,} states; expected 1 to {LARGEST:,}, whose synapses can be "
            "laid out."
        )
    W = np.full((2, states, observations), np.log(RARE))
    seen = np.array([key[0] for key in followed.states])
    sees = np.full((states, observations), FLOOR)
    sees[np.arange(states), seen] = 1 - FLOOR
    W[1] += np.log(sees)
    flat = np.full(states, -np.log(states))
    with double_precision():
        layers = CanonicalNetwork(jnp.asarray(W), jnp.asarray(np.stack([flat, flat])))
        log_odds = decisive_log_odds(jnp.asarray(worth.T))
        layers = with_policies(layers, log_odds, jnp.zeros(followed.actions))
        K = jnp.asarray(_transitions(followed, states))
        return ControlledNetwork(layers, K, (states,))


def _transitions(followed: Followed, states: int) -> Float[np.ndarray, "action 2 state previous"]:
    """Return synapses of every action: the frequency of what followed it, by state."""
    pair, following = followed.pairs, followed.following
    times = np.array(followed.times, float)
    K = np.full((followed.actions, 2, states, states), np.log(RARE))
    goes_on = following != END
    frequency = np.full((followed.actions, states, states), FLOOR)
    previous, action = np.divmod(pair[goes_on], followed.actions)
    often = followed.count[goes_on] / times[pair[goes_on]]
    np.add.at(frequency, (action, following[goes_on], previous), often)
    K[:, 1] += np.log(np.minimum(frequency, 1))
    return K
