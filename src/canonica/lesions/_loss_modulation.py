"""How strongly bad outcomes are unlearned."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_plasticity
from canonica.model import PlasticityGains


@dataclass(frozen=True)
class LossModulation(Lesion):
    """The gain kappa- of the modulation ``1 - 2 Gamma`` where it is below zero: what is unlearned.

    It changes nothing where nothing is modulated, as in an encoder.

    Examples
    --------
    >>> LossModulation(0.5).on_plasticity(None).unlearning.tolist()
    0.5
    """

    name = "loss modulation"
    symbol = "kappa-"
    acts_on = "c, and so V, after what went badly"
    neutral, lowest, highest = 1.0, 0.0, 100.0
    doses = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
    source = "Smith et al. 2020: addiction, learning from losses lowered"

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        if self.is_neutral:
            return plasticity
        return with_plasticity(plasticity, "unlearning", lambda own: own * self.strength)
