"""What a forecast has to beat: the network frozen, and a plain regression."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.model import LogOdds, SynapticSums
from canonica.reverse_engineering._ridge import ridge_regression
from canonica.reverse_engineering.published_protocol._observed import Observed


def reference_responses(
    sums: SynapticSums, factor: Float[Array, "2 ensemble"], observed: Observed, initial: int
) -> tuple[Float[Array, "session ensemble slot"], Float[Array, "session ensemble slot"]]:
    """Return what the frozen network and the ridge regression predict for every session.

    Parameters
    ----------
    sums : SynapticSums
        Of the network that never learns beyond them.
    factor : (2, ensemble)
        Firing threshold factors.
    observed : Observed
        All sessions; the regression sees the responses of the initial ones.
    initial : int
        Number of initial sessions.
    """
    frozen = sums.log_odds(factor)
    ridge = ridge_regression(*observed.between(0, initial))
    both = LogOdds(*(jnp.concatenate(parts) for parts in zip(frozen, ridge, strict=True)))
    linear = both(observed.stimuli).swapaxes(1, 2)  # one pass over the stimuli
    ensembles = len(frozen.offset)
    return jax.nn.sigmoid(linear[:, :ensembles]), linear[:, ensembles:]
