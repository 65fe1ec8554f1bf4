"""Excitatory against inhibitory synapses."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.lesions._lesion import Lesion, with_gain
from canonica.model import CanonicalNetwork, GenerativeModel


@dataclass(frozen=True)
class ExcitationBalance(Lesion):
    """Gain of excitatory input synapses W1 over that of inhibitory ones W0, thresholds included.

    The strength r multiplies what is said of state 1 by its square root, and divides what is said
    of state 0 by it. Log probabilities are negative: a *higher* r makes state 1 pay more for what
    it does not explain, and so is believed less.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 1)), jnp.full((2, 1), 0.5))
    >>> ExcitationBalance(4.0).on_model(model).gains.likelihood.tolist()
    [0.5, 2.0]
    """

    name = "excitation balance"
    symbol = "r"
    acts_on = "W1 against W0: sqrt(r) ln A[., 1] and ln A[., 0] / sqrt(r)"
    neutral, lowest, highest = 1.0, 0.01, 100.0
    doses = (0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25)
    source = "section 2 of the theory: excitatory and inhibitory populations W1 and W0"

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model with different gains of both state values."""
        return model if self.is_neutral else with_gain(model, "likelihood", self._gain())

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the network with different gains of both synaptic populations."""
        return network if self.is_neutral else with_gain(network, "likelihood", self._gain())

    def _gain(self) -> Float[Array, "2"]:
        root = jnp.sqrt(jnp.asarray(self.strength))
        return jnp.stack([1 / root, root])
