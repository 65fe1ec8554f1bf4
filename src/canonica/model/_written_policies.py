"""Policies written into an output layer: the inverse of reading log odds from synapses."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model._canonical_network import CanonicalNetwork
from canonica.model._gains import Gains

DECISIVE = 500.0  # log odds over the whole range of what policies are worth
STRONGEST = 6.0  # log odds of a policy in a state: e ** 3 to 1 in each of two synapses


def decisive_log_odds(
    worth: Float[Array, "policy state"], precision: float | None = None
) -> Float[Array, "policy state"]:
    """Return log odds of policies that follow what each is worth in each state.

    What all policies share in a state decides nothing, and is left out.

    Parameters
    ----------
    worth : (policy, state)
        Of every policy in every state.
    precision : float, optional
        Log odds per unit of worth; by default 500 over the largest difference that there is in any
        state, so that decisions are all but certain.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> decisive_log_odds(jnp.array([[2.0, 5.0], [4.0, 5.0]]), 3.0).tolist()
    [[-3.0, 0.0], [3.0, 0.0]]
    """
    differences = worth - worth.mean(axis=0, keepdims=True)
    if precision is not None:
        return precision * differences
    spread = jnp.ptp(worth, axis=0).max()
    return jnp.where(spread > 0, DECISIVE / jnp.where(spread > 0, spread, 1.0), 1.0) * differences


def with_policies(
    layers: CanonicalNetwork,
    log_odds: Float[Array, "policy state"],
    log_prior: Float[Array, " policy"],
) -> CanonicalNetwork:
    """Return a network with output neurons whose log odds are linear in the middle activity.

    The mean over states is written into the decision prior, what each state adds to it into the
    synapses, excitatory and inhibitory ones alike; a gain makes decisions as sharp as is asked for,
    of synapses that are not. Where the middle activity adds up to 1, log odds are those that are
    given; its first layer is left as it is, gains of its terms among it.

    Parameters
    ----------
    layers : CanonicalNetwork
        Without output layer, or with one that is replaced.
    log_odds : (policy, state)
        Of every policy in every state.
    log_prior : (policy,)
        Of policies, whatever the state.

    References
    ----------
    Section 2 of the theory.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> layers = CanonicalNetwork(jnp.zeros((2, 2, 3)), jnp.log(jnp.full((2, 2), 0.5)))
    >>> log_odds = jnp.array([[9.0, -9.0], [-9.0, 9.0]])
    >>> acts = with_policies(layers, log_odds, jnp.zeros(2))
    >>> acts.output_activity(jnp.array([[1.0, 0.0]])).round(3).tolist()
    [[1.0, 0.0]]
    """
    mean = log_odds.mean(axis=1)
    by_state = log_odds - mean[:, None]
    gain = max(float(jnp.abs(by_state).max()) / STRONGEST, 1.0)
    strength = by_state / (2 * gain)
    factor = (mean + jax.nn.log_softmax(log_prior)) / gain
    return eqx.tree_at(
        lambda one: (one.output_weight, one.output_threshold_factor, one.gains),
        layers,
        (
            jnp.stack([-strength, strength]),
            jax.nn.log_sigmoid(jnp.stack([-factor, factor])),
            Gains(**{**vars(layers.gains or Gains()), "decision": gain}),
        ),
        is_leaf=lambda one: one is None,
    )
