"""What every lesion is: a name, a strength, and what it does; nothing unless it says otherwise."""

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from canonica._checks import checked_number
from canonica.model import CanonicalNetwork, Gains, GenerativeModel, PlasticityGains


@dataclass(frozen=True)
class Lesion(ABC):
    """A change of a network or of its plasticity, with a strength.

    At the neutral strength nothing is changed, to the bit.

    Parameters
    ----------
    strength : float
        Within the lesion's range; an array inside `jax.vmap` and the like.

    Raises
    ------
    CanonicaError
        If the strength is known, and out of range.
    """

    name: ClassVar[str]
    symbol: ClassVar[str]
    acts_on: ClassVar[str]
    neutral: ClassVar[float]
    lowest: ClassVar[float]
    highest: ClassVar[float]
    doses: ClassVar[tuple[float, ...]]
    source: ClassVar[str]

    strength: Any

    def __post_init__(self) -> None:
        if self.known:
            checked_number("strength", self.strength, lowest=self.lowest, highest=self.highest)

    @property
    def known(self) -> bool:
        """Whether the strength is a plain number, rather than one under compilation."""
        return not isinstance(self.strength, Tracer) and np.ndim(self.strength) == 0

    @property
    def is_neutral(self) -> bool:
        """Whether it is known to change nothing."""
        return self.known and float(self.strength) == self.neutral

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model with this lesion."""
        return model

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        """Return the equivalent network with this lesion."""
        return network

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        """Return plasticity with this lesion."""
        return plasticity


def with_gain(owner: Any, term: str, gain: Float[Array, "..."] | float) -> Any:
    """Return a model or network, one gain of which is multiplied."""
    gains = owner.gains or Gains()
    own = getattr(gains, term)
    gains = eqx.tree_at(lambda g: getattr(g, term), gains, own * jnp.asarray(gain, own.dtype))
    return eqx.tree_at(lambda o: o.gains, owner, gains, is_leaf=lambda part: part is None)


def with_plasticity(
    plasticity: PlasticityGains | None, field: str, change: Callable[[Any], Any]
) -> PlasticityGains:
    """Return plasticity, one number of which is changed."""
    plasticity = plasticity or PlasticityGains()
    return eqx.tree_at(
        lambda p: getattr(p, field),
        plasticity,
        jnp.asarray(change(getattr(plasticity, field))),
        is_leaf=lambda part: part is None,
    )
