"""Prior beliefs about hidden states: excitability."""

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.lesions._lesion import Lesion
from canonica.model import CanonicalNetwork, GenerativeModel


@dataclass(frozen=True)
class StatePrior(Lesion):
    """The state prior D, and with it the firing thresholds: excitability, E/I balance.

    The prior odds of every hidden state are multiplied by ``strength / (1 - strength)``: where
    the intact network has D = 1/2, as encoders do, the strength is D itself.

    Examples
    --------
    >>> from canonica.model import canonical_network
    >>> import jax.numpy as jnp
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 1)), jnp.full((2, 1), 0.5))
    >>> [round(float(x), 3) for x in StatePrior(0.2).on_model(model).state_prior[:, 0]]
    [0.8, 0.2]
    """

    name = "state prior"
    symbol = "D"
    acts_on = "ln D, the firing threshold factors phi"
    neutral, lowest, highest = 0.5, 0.001, 0.999
    doses = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
    source = "NC23: bicuculline and diazepam; Corlett 2019 and Adams 2013: hallucination"

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model with its prior odds multiplied, totals kept."""
        if self.is_neutral:
            return model
        D = model.state_prior
        tilted = D * jnp.exp(self._log_tilt(D))
        scale = D.sum(axis=-2, keepdims=True) / tilted.sum(axis=-2, keepdims=True)
        return eqx.tree_at(lambda m: m.state_prior, model, self._unless_neutral(D, tilted * scale))

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the network with its threshold factors moved apart, as the model's prior is."""
        if self.is_neutral:
            return network
        phi = network.threshold_factor
        tilted = phi + self._log_tilt(phi)
        total, moved = (jnp.logaddexp(part[..., 0, :], part[..., 1, :]) for part in (phi, tilted))
        tilted = tilted + (total - moved)[..., None, :]
        return eqx.tree_at(lambda n: n.threshold_factor, network, self._unless_neutral(phi, tilted))

    def _log_tilt(self, like: Float[Array, "*batch 2 state"]) -> Float[Array, "2 1"]:
        strength = jnp.asarray(self.strength, like.dtype)
        return jnp.log(jnp.stack([1 - strength, strength]))[:, None]

    def _unless_neutral(self, intact: Array, changed: Array) -> Array:
        return jnp.where(jnp.asarray(self.strength) == self.neutral, intact, changed)
