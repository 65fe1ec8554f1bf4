"""Counts that leak back to where they began."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_plasticity
from canonica.model import PlasticityGains


@dataclass(frozen=True)
class Forgetting(Lesion):
    """Share of what was learned that is lost again from one step to the next: a leak of the counts.

    Policy counts leak in an agent, likelihood counts in an encoder.

    Examples
    --------
    >>> Forgetting(0.25).on_plasticity(None).retention.tolist()
    0.75
    """

    name = "forgetting"
    symbol = "leak"
    acts_on = "c of an agent, a of an encoder"
    neutral, lowest, highest = 0.0, 0.0, 1.0
    doses = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
    source = "section 1 of the theory: counts; decay of synaptic strength"

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        if self.is_neutral:
            return plasticity
        return with_plasticity(plasticity, "retention", lambda own: own * (1 - self.strength))
