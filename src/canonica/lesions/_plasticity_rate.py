"""How fast is learned: blocked, slow or hasty plasticity."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_plasticity
from canonica.model import PlasticityGains


@dataclass(frozen=True)
class PlasticityRate(Lesion):
    """The learning rate eta: what a step adds to the counts, the inverse of the prior strength.

    At 0 plasticity is blocked.

    Examples
    --------
    >>> PlasticityRate(0.0).on_plasticity(None).rate.tolist()
    0.0
    """

    name = "plasticity"
    symbol = "eta"
    acts_on = "all counts, and so W, K and V"
    neutral, lowest, highest = 1.0, 0.0, 1000.0
    doses = (0.0, 0.1, 0.3, 1.0, 2.0, 3.0)
    source = "NC23 and Ju et al. 2015: APV"

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        if self.is_neutral:
            return plasticity
        return with_plasticity(plasticity, "rate", lambda own: own * self.strength)
