"""The prior that networks and their worlds are drawn from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

Range = tuple[float, float]


class DrawnNetworks(NamedTuple):
    """Networks and worlds drawn from the prior; a leading axis draw throughout."""

    state_prior: Float[np.ndarray, "draw source"]
    prior_strength: Float[np.ndarray, " draw"]
    mixing: Float[np.ndarray, " draw"]
    lean: Float[np.ndarray, " draw"]


def drawn_networks(
    generators: Sequence[np.random.Generator], sources: int, limits: Mapping[str, Range]
) -> DrawnNetworks:
    """Return what the prior gives, draw by draw."""

    def of(generator: np.random.Generator) -> dict[str, Any]:
        return {
            "state_prior": generator.uniform(*limits["state_prior"], sources),
            "prior_strength": np.exp(generator.uniform(*np.log(limits["prior_strength"]))),
            "mixing": generator.uniform(*limits["mixing"]),
            "lean": generator.uniform(*limits["lean"]),
        }

    networks = [of(generator) for generator in generators]
    return DrawnNetworks(
        *(np.array([network[name] for network in networks]) for name in DrawnNetworks._fields)
    )
