"""Networks and plasticity, altered by values that say how: the one place where that happens."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import equinox as eqx

from canonica._checks import described, refusal
from canonica.model._canonical_network import CanonicalNetwork
from canonica.model._generative_model import GenerativeModel
from canonica.model._plasticity_gains import PlasticityGains

T = TypeVar("T")


@runtime_checkable
class Alteration(Protocol):
    """What a value has to say to alter a network: its effect on each description, and learning."""

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model as it is then."""
        ...

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the equivalent network as it is then."""
        ...

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return how strongly experience changes the counts then; None: as the theory has it."""
        ...


def lesioned(target: T, *alterations: Alteration) -> T:
    """Return a model, a network, plasticity or an agent with alterations, one after the other.

    Parameters
    ----------
    target : GenerativeModel, CanonicalNetwork, PlasticityGains or Agent
        What is altered; any module with the fields `model` and `plasticity` counts as an agent.
    *alterations : Alteration
        Of `canonica.lesions`, or your own.

    Raises
    ------
    CanonicaError
        If the target is none of these, or an alteration does not say what it alters.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.lesions import SensoryPrecision, StatePrior
    >>> from canonica.model import GenerativeModel
    >>> model = GenerativeModel(jnp.ones((2, 2, 3, 1)), jnp.full((2, 1), 0.5))
    >>> altered = lesioned(model, StatePrior(0.25), SensoryPrecision(2.0))
    >>> float(altered.state_prior[1, 0]), altered.gains.likelihood.tolist()
    (0.25, [2.0, 2.0])
    """
    check_alterations("alterations", alterations)
    _check_target(target)
    for alteration in alterations:
        target = _altered(target, alteration)
    return target


def check_alterations(name: str, alterations: Sequence[Any]) -> None:
    """Raise CanonicaError unless each of these says what it alters."""
    for alteration in alterations:
        if not isinstance(alteration, Alteration) or isinstance(alteration, type):
            raise refusal(name, described(alteration), "lesions", "StatePrior(0.2), for example.")


def _check_target(target: Any) -> None:
    """Raise CanonicaError unless this is something that alterations are about."""
    described_by = (GenerativeModel, CanonicalNetwork, PlasticityGains)
    if not isinstance(target, described_by) and not _acts(target):
        expected = "a GenerativeModel, CanonicalNetwork, PlasticityGains or Agent"
        raise refusal("target", described(target), expected)


def _acts(target: Any) -> bool:
    return isinstance(target, eqx.Module) and hasattr(target, "plasticity")


def _altered(target: Any, alteration: Alteration) -> Any:
    if isinstance(target, GenerativeModel):
        return alteration.on_model(target)
    if isinstance(target, CanonicalNetwork):
        return alteration.on_network(target)
    if isinstance(target, PlasticityGains):
        return alteration.on_plasticity(target)
    return eqx.tree_at(
        lambda agent: (agent.model, agent.plasticity),
        target,
        (alteration.on_model(target.model), alteration.on_plasticity(target.plasticity)),
        is_leaf=lambda part: part is None,
    )
