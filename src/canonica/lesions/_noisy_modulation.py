"""Risk that is misjudged at random."""

from dataclasses import dataclass

from canonica.lesions._lesion import Lesion, with_plasticity
from canonica.model import PlasticityGains


@dataclass(frozen=True)
class NoisyModulation(Lesion):
    """Standard deviation of noise that is added to the modulation ``1 - 2 Gamma`` of every step.

    Learning then needs a key where it is called by hand (`Agent.learn`).

    Examples
    --------
    >>> NoisyModulation(0.5).on_plasticity(None).noise.tolist()
    0.5
    """

    name = "noisy modulation"
    symbol = "sigma"
    acts_on = "Gamma"
    neutral, lowest, highest = 0.0, 0.0, 1000.0
    doses = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
    source = "section 1 of the theory: Gamma as a neuromodulator"

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        if self.is_neutral:
            return plasticity
        return with_plasticity(
            plasticity,
            "noise",
            lambda own: self.strength if own is None else (own**2 + self.strength**2) ** 0.5,
        )
