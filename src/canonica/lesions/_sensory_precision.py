"""Precision of the senses: the gain of what stimuli say."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_gain
from canonica.model import CanonicalNetwork, GenerativeModel


@dataclass(frozen=True)
class SensoryPrecision(Lesion):
    """The gain zeta of what observations say of hidden states, ``zeta lnA . o``.

    Above 1 the senses are trusted more than they deserve, beside the prior; below 1 less.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 1)), jnp.full((2, 1), 0.5))
    >>> SensoryPrecision(0.5).on_model(model).gains.likelihood.tolist()
    [0.5, 0.5]
    """

    name = "sensory precision"
    symbol = "zeta"
    acts_on = "zeta ln A, the input synapses W and what thresholds adapt to them by"
    neutral, lowest, highest = 1.0, 0.0, 100.0
    doses = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
    source = "Lawson, Rees & Friston 2014: autism, senses over prior"

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model, this term of whose log odds has another gain."""
        return model if self.is_neutral else with_gain(model, "likelihood", self.strength)

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the network, these synapses of which have another gain, thresholds included."""
        return network if self.is_neutral else with_gain(network, "likelihood", self.strength)
