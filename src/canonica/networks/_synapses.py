"""Synapses that make a canonical network the filter of a problem.

An outcome, and a state one step earlier, are one-hot: of many units one is on. Synapses that hold
each as a rare event, of probability `RARE` times what the problem says, make the network's sums of
both values of every unit the sum of the one that is on, to a part in a billion: what units that
are off would add is next to nothing, and the common factor is the same for both levels.
"""

import jax.numpy as jnp
import numpy as np

from canonica.model import RARE, CanonicalNetwork, ControlledNetwork, present
from canonica.networks._filters import FactorFilter, likelihood_elsewhere


def filtering_network(
    filters: list[FactorFilter], *, sigmoid: bool, floor: float
) -> ControlledNetwork:
    """Return the network whose middle layer infers the states of a problem.

    Its actions are those of the problem, and one more that begins an episode: synapses of that
    one lead to the first state's prior, whatever was before. Call inside float64.

    Parameters
    ----------
    filters : list of FactorFilter
        What the units of each factor compute.
    sigmoid : bool
        Whether units are on by themselves, without competition.
    floor : float
        The least that a probability counts as.
    """
    parts = [one.part for one in filters]
    sizes = [len(part.start) for part in parts]
    neurons, actions = sum(sizes), len(parts[0].prior)
    inputs = sum(len(one) for one in parts[0].likelihoods)
    W = np.full((2, neurons, inputs), np.log(RARE))
    K = np.full((actions + 1, 2, neurons, neurons), np.log(RARE))
    ends = np.cumsum(sizes)
    for one, part, end, size in zip(filters, parts, ends, sizes, strict=True):
        own = slice(end - size, end)
        likelihood = np.concatenate(part.likelihoods)
        W[1, own] += _log(likelihood, floor).T
        K[:-1, 1, own, own] += present(one.log_on, "log_on").swapaxes(1, 2)
        K[-1, 1, own, own] += _log(part.start, floor)[:, None]
        if sigmoid:
            elsewhere = [likelihood_elsewhere(one) for one in part.likelihoods]
            W[0, own] += _log(np.concatenate(elsewhere), floor).T
            K[:-1, 0, own, own] += present(one.log_off, "log_off").swapaxes(1, 2)
            K[-1, 0, own, own] += _log(1 - part.start, floor)[:, None]
    flat = np.concatenate([np.full(size, -np.log(size)) for size in sizes])
    layers = CanonicalNetwork(jnp.asarray(W), jnp.asarray(np.stack([flat, flat])))
    return ControlledNetwork(layers, jnp.asarray(K), None if sigmoid else tuple(sizes))


def _log(probability: np.ndarray, floor: float) -> np.ndarray:
    return np.log(np.maximum(probability, floor))
