"""Precision of policies: the gain of the decision log odds."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_gain
from canonica.model import CanonicalNetwork, GenerativeModel


@dataclass(frozen=True)
class PolicyPrecision(Lesion):
    """The gain gamma of the log odds by which decisions are drawn, their prior included.

    At 0 decisions are random, all alike; what is learned of them does not depend on it otherwise.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 1)), jnp.full((2, 1), 0.5))
    >>> PolicyPrecision(0.5).on_model(model).gains.decision.tolist()
    [0.5, 0.5]
    """

    name = "policy precision"
    symbol = "gamma"
    acts_on = "gamma (ln E + ln C . s), the synapses V and psi"
    neutral, lowest, highest = 1.0, 0.0, 100.0
    doses = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
    source = (
        "FitzGerald, Dolan & Friston 2015: dopamine, performance falls while learning is spared"
    )

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model, this term of whose log odds has another gain."""
        return model if self.is_neutral else with_gain(model, "decision", self.strength)

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the network, these synapses of which have another gain, thresholds included."""
        return network if self.is_neutral else with_gain(network, "decision", self.strength)
