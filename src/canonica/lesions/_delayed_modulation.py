"""Risk that arrives late, and is credited to the wrong steps."""

from dataclasses import dataclass

import jax.numpy as jnp

from canonica.lesions._lesion import Lesion, with_plasticity
from canonica.model import PlasticityGains


@dataclass(frozen=True)
class DelayedModulation(Lesion):
    """Steps by which the modulation of plasticity comes late: an earlier step's judges each.

    Only within what is learned from at once, an agent's chunk: its first steps teach nothing.

    Examples
    --------
    >>> DelayedModulation(3).on_plasticity(None).delay.tolist()
    3
    """

    name = "delayed modulation"
    symbol = "lag"
    acts_on = "the time of Gamma"
    neutral, lowest, highest = 0, 0, 100_000
    doses = (0, 1, 2, 3, 5, 10, 30, 100)
    source = "CB22: credit by delayed modulation"

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        if self.is_neutral:
            return plasticity
        steps = jnp.asarray(self.strength).astype(jnp.int32)  # a float where it is compiled for
        return with_plasticity(plasticity, "delay", lambda own: own + steps)
