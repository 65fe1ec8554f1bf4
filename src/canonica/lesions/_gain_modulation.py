"""How strongly good outcomes are kept."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_plasticity
from canonica.model import PlasticityGains


@dataclass(frozen=True)
class GainModulation(Lesion):
    """The gain kappa+ of the modulation ``1 - 2 Gamma`` where it is above zero: what is kept.

    It changes nothing where nothing is modulated, as in an encoder.

    Examples
    --------
    >>> GainModulation(2.0).on_plasticity(None).keeping.tolist()
    2.0
    """

    name = "gain modulation"
    symbol = "kappa+"
    acts_on = "c, and so V, after what went well"
    neutral, lowest, highest = 1.0, 0.0, 100.0
    doses = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
    source = "Smith et al. 2020: addiction, learning from gains raised"

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        if self.is_neutral:
            return plasticity
        return with_plasticity(plasticity, "keeping", lambda own: own * self.strength)
