"""Lesions: values that change a network or its plasticity, to see what goes wrong then.

A lesion has a strength, at whose neutral value nothing is changed, to the bit. `lesioned` applies
any number of them to a generative model, to the equivalent network, to plasticity or to an agent;
`canonica.simulate.culture` takes them as they are.
"""

from canonica.lesions._delayed_modulation import DelayedModulation
from canonica.lesions._excitation_balance import ExcitationBalance
from canonica.lesions._forgetting import Forgetting
from canonica.lesions._gain_modulation import GainModulation
from canonica.lesions._lesion import Lesion
from canonica.lesions._list import LESIONS, lesion_named
from canonica.lesions._loss_modulation import LossModulation
from canonica.lesions._noisy_modulation import NoisyModulation
from canonica.lesions._plasticity_rate import PlasticityRate
from canonica.lesions._policy_precision import PolicyPrecision
from canonica.lesions._policy_prior import PolicyPrior
from canonica.lesions._sensory_precision import SensoryPrecision
from canonica.lesions._state_prior import StatePrior
from canonica.lesions._transition_precision import TransitionPrecision
from canonica.model import lesioned

__all__ = [
    "LESIONS",
    "DelayedModulation",
    "ExcitationBalance",
    "Forgetting",
    "GainModulation",
    "Lesion",
    "LossModulation",
    "NoisyModulation",
    "PlasticityRate",
    "PolicyPrecision",
    "PolicyPrior",
    "SensoryPrecision",
    "StatePrior",
    "TransitionPrecision",
    "lesion_named",
    "lesioned",
]
