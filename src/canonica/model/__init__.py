"""The mathematics: one network in two descriptions, Bayesian observer and canonical network.

Pure functions and immutable pytrees on JAX arrays, of any size and floating dtype, to compose
with `jax.jit`, `jax.vmap` and `jax.grad`. An index along a value or level axis is the value
itself: ``state_prior[1]`` is the prior of state 1, ``weight[1]`` the excitatory weights.
"""

from canonica.model._canonical_network import (
    Activity,
    CanonicalNetwork,
    LogOdds,
    adaptation,
)
from canonica.model._controlled_cost import (
    controlled_cost,
    controlled_free_energy,
    controlled_model,
    controlled_network,
)
from canonica.model._controlled_model import ControlledModel
from canonica.model._controlled_network import RARE, ControlledLogOdds, ControlledNetwork
from canonica.model._correspondence import Precision, canonical_network, generative_model
from canonica.model._cost import cost
from canonica.model._counts import (
    ExpectationForm,
    coincidence,
    expected_log_parameter,
    expected_parameter,
    log_evidence,
)
from canonica.model._factors import (
    LARGEST_COUNT,
    MANY_COUNTS,
    Factors,
    canonical_factors,
    exact_factors,
    exact_factors_of_many,
)
from canonica.model._free_energy import (
    FreeEnergy,
    accuracy,
    accuracy_of_counts,
    complexity,
    free_energy,
)
from canonica.model._gains import Gains
from canonica.model._generative_model import (
    MINIMUM_POLICY_COUNT,
    Beliefs,
    GenerativeModel,
)
from canonica.model._lesioned import Alteration, lesioned
from canonica.model._plasticity import (
    SynapticSums,
    prior_sums,
    synaptic_sums,
    synaptic_sums_beside_prior,
)
from canonica.model._plasticity_gains import PlasticityGains
from canonica.model._scaled import Scaled, quotient_of_products, shares, total
from canonica.model._values import (
    both_values,
    negative_entropy,
    negative_entropy_of_log_odds,
    present,
    previous_in_time,
)
from canonica.model._written_policies import decisive_log_odds, with_policies

__all__ = [
    "LARGEST_COUNT",
    "MANY_COUNTS",
    "MINIMUM_POLICY_COUNT",
    "RARE",
    "Activity",
    "Alteration",
    "Beliefs",
    "CanonicalNetwork",
    "ControlledLogOdds",
    "ControlledModel",
    "ControlledNetwork",
    "ExpectationForm",
    "Factors",
    "FreeEnergy",
    "Gains",
    "GenerativeModel",
    "LogOdds",
    "PlasticityGains",
    "Precision",
    "Scaled",
    "SynapticSums",
    "accuracy",
    "accuracy_of_counts",
    "adaptation",
    "both_values",
    "canonical_factors",
    "canonical_network",
    "coincidence",
    "complexity",
    "controlled_cost",
    "controlled_free_energy",
    "controlled_model",
    "controlled_network",
    "cost",
    "decisive_log_odds",
    "exact_factors",
    "exact_factors_of_many",
    "expected_log_parameter",
    "expected_parameter",
    "free_energy",
    "generative_model",
    "lesioned",
    "log_evidence",
    "negative_entropy",
    "negative_entropy_of_log_odds",
    "present",
    "previous_in_time",
    "prior_sums",
    "quotient_of_products",
    "shares",
    "synaptic_sums",
    "synaptic_sums_beside_prior",
    "total",
    "with_policies",
]
