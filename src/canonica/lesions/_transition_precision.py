"""Precision of transitions: the gain of what the last states say."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_gain
from canonica.model import CanonicalNetwork, GenerativeModel


@dataclass(frozen=True)
class TransitionPrecision(Lesion):
    """The gain omega of what the previous states say of the present ones, ``omega lnB . s(t-1)``.

    At 0 the past says nothing; it changes nothing in a network without recurrent synapses.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 1)), jnp.full((2, 1), 0.5))
    >>> TransitionPrecision(0.5).on_model(model).gains.transition.tolist()
    [0.5, 0.5]
    """

    name = "transition precision"
    symbol = "omega"
    acts_on = "omega ln B, the recurrent synapses K"
    neutral, lowest, highest = 1.0, 0.0, 100.0
    doses = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
    source = "Fradkin et al. 2020: uncertain transitions in obsessive-compulsive disorder"

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model, this term of whose log odds has another gain."""
        return model if self.is_neutral else with_gain(model, "transition", self.strength)

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the network, these synapses of which have another gain, thresholds included."""
        return network if self.is_neutral else with_gain(network, "transition", self.strength)
