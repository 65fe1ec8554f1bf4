"""What was learned, settled: a network that does what is known to be best and hopes for no more."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from canonica._float64 import double_precision
from canonica.agents.planning._followed import Followed
from canonica.agents.planning._knowledge import Knowledge
from canonica.agents.planning._memories import MEMORIES, History, lineage
from canonica.agents.planning._worth import Worth
from canonica.agents.planning._written_plan import FLOOR, network_of_plan
from canonica.model import RARE, ControlledNetwork

SWEEPS = 5_000  # it is planned once


def settled_network(knowledge: Knowledge) -> ControlledNetwork:
    """Return the network of what was learned, that explores no more; float64.

    Inputs are the observations that were met, in the order of `Knowledge.symbols`, output neurons
    the actions, in the order of `Knowledge.actions`. There is one more action than these, the
    last: the one that begins an episode, whatever was before.

    Raises
    ------
    CanonicaError
        If nothing was met, or there are too many states to lay out all synapses.
    """
    less, followed = None, Followed(len(knowledge.actions))
    for number in lineage(knowledge.memory):
        followed = Followed(len(knowledge.actions))
        knowledge.counts[number].into(followed)
        worth = Worth()
        worth.plan(
            followed,
            less,
            rewards=knowledge.rewards,
            discount=knowledge.discount,
            sweeps=SWEEPS,
            generator=None,
        )
        less = worth
    pairs = np.zeros((0, 1)) if less is None else less.of_pairs
    network = network_of_plan(followed, pairs, len(knowledge.symbols))
    with double_precision():
        K = jnp.concatenate([network.recurrent_weight, _beginning(knowledge, followed)])
        return eqx.tree_at(lambda one: one.recurrent_weight, network, K)


def _beginning(knowledge: Knowledge, followed: Followed) -> Float[np.ndarray, "1 2 state previous"]:
    """Return synapses that lead from anywhere to the states that episodes can begin with."""
    states = len(followed.states)
    memory = MEMORIES[knowledge.memory]
    possible = ((seen, *memory.of(History(seen))) for seen in range(len(knowledge.symbols)))
    first = [followed.states[key] for key in possible if key in followed.states]
    K = np.full((1, 2, states, states), np.log(RARE))
    frequency = np.full(states, FLOOR)
    frequency[first] = 1 - FLOOR
    K[0, 1] += np.log(frequency)[:, None]
    return K
