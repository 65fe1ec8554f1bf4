"""All lesions there are, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from canonica._arguments import checked_arguments
from canonica._checks import refusal
from canonica.lesions._delayed_modulation import DelayedModulation
from canonica.lesions._excitation_balance import ExcitationBalance
from canonica.lesions._forgetting import Forgetting
from canonica.lesions._gain_modulation import GainModulation
from canonica.lesions._lesion import Lesion
from canonica.lesions._loss_modulation import LossModulation
from canonica.lesions._noisy_modulation import NoisyModulation
from canonica.lesions._plasticity_rate import PlasticityRate
from canonica.lesions._policy_precision import PolicyPrecision
from canonica.lesions._policy_prior import PolicyPrior
from canonica.lesions._sensory_precision import SensoryPrecision
from canonica.lesions._state_prior import StatePrior
from canonica.lesions._transition_precision import TransitionPrecision

LESIONS: Mapping[str, type[Lesion]] = MappingProxyType(
    {
        lesion.name: lesion
        for lesion in (
            StatePrior,
            SensoryPrecision,
            TransitionPrecision,
            PolicyPrecision,
            PolicyPrior,
            PlasticityRate,
            GainModulation,
            LossModulation,
            DelayedModulation,
            NoisyModulation,
            Forgetting,
            ExcitationBalance,
        )
    }
)
"""Every kind of lesion, by its name."""


def spaced_name(name: str) -> str:
    """Return a name as lesions are called: in small letters, hyphens and underscores as spaces."""
    return name.strip().lower().replace("-", " ").replace("_", " ")


@checked_arguments
def lesion_named(lesion: str) -> type[Lesion]:
    """Return the kind of lesion of that name; hyphens and underscores count as spaces.

    Raises
    ------
    CanonicaError
        If there is none.

    Examples
    --------
    >>> lesion_named("state-prior")(0.2)
    StatePrior(strength=0.2)
    """
    spaced = spaced_name(lesion)
    if spaced not in LESIONS:
        raise refusal("lesion", repr(lesion), f"one of {', '.join(LESIONS)}")
    return LESIONS[spaced]
