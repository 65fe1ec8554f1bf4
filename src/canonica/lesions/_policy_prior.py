"""Prior beliefs about what one does."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica._checks import checked_size
from canonica.lesions._lesion import Lesion
from canonica.model import CanonicalNetwork, GenerativeModel


@dataclass(frozen=True)
class PolicyPrior(Lesion):
    """The decision prior E, peaked on one policy whatever is seen: staying, giving up, a habit.

    ``E[1] = (1 - strength) E[1] + strength`` for that policy, and no ``strength`` for the others;
    E[0] is mixed with the complement. It changes nothing in a network that decides nothing.

    Parameters
    ----------
    strength : float
        From 0, as it was, to nearly 1, certain.
    policy : int
        Which policy: the first by default.

    Examples
    --------
    >>> from canonica.agents import SwitchingBandit, bandit_agent
    >>> model = bandit_agent(SwitchingBandit()).model
    >>> [round(float(e), 2) for e in PolicyPrior(0.5).on_model(model).decision_prior[1]]
    [0.75, 0.25]
    """

    name = "policy prior"
    symbol = "E"
    acts_on = "ln E, the output threshold factors psi"
    neutral, lowest, highest = 0.0, 0.0, 0.999
    doses = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
    source = "section 1 of the theory; helplessness as a prior over policies that do nothing"

    policy: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_size("policy", self.policy, least=0)

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model with a peaked decision prior."""
        E = model.decision_prior
        if self.is_neutral or E is None:
            return model
        return eqx.tree_at(lambda m: m.decision_prior, model, self._peaked(E))

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the network with one output threshold lowered, the others raised."""
        psi = network.output_threshold_factor
        if self.is_neutral or psi is None:
            return network
        peaked = jnp.log(self._peaked(jnp.exp(psi)))
        peaked = jnp.where(jnp.asarray(self.strength) == self.neutral, psi, peaked)
        return eqx.tree_at(lambda n: n.output_threshold_factor, network, peaked)

    def _peaked(self, E: Float[Array, "2 policy"]) -> Float[Array, "2 policy"]:
        policies = E.shape[-1]
        checked_size("policy", self.policy, least=0, most=policies - 1)
        on = jax.nn.one_hot(self.policy, policies, dtype=E.dtype)
        strength = jnp.asarray(self.strength, E.dtype)
        return (1 - strength) * E + strength * jnp.stack([1 - on, on])
