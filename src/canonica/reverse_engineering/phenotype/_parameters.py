"""Parameters of a subject: their ranges, what is believed of them at first, and their names."""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Range = Literal["positive", "probability", "balance", "any"]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a subject, estimated on a scale without bounds.

    Parameters
    ----------
    name, symbol : str
        As the lesion is called.
    range : "positive", "probability", "balance" or "any"
        Whose unbounded scale is the logarithm, the log odds, twice the inverse hyperbolic tangent
        (for a range from -1 to 1), or itself.
    mean, sd : float
        The normal prior on the unbounded scale.
    neutral : float
        Value at which it changes nothing.
    """

    name: str
    symbol: str
    range: Range
    mean: float
    sd: float
    neutral: float

    def value(self, unbounded: Float[Array, "..."]) -> Float[Array, "..."]:
        """Return the parameter from its unbounded scale."""
        if self.range == "positive":
            return jnp.exp(unbounded)
        if self.range == "probability":
            return jax.nn.sigmoid(unbounded)
        return jnp.tanh(unbounded / 2) if self.range == "balance" else unbounded

    def unbounded(self, value: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Return the parameter on its unbounded scale."""
        value = np.asarray(value, float)
        if self.range == "positive":
            return np.log(value)
        if self.range == "probability":
            return np.log(value) - np.log1p(-value)
        return 2 * np.arctanh(value) if self.range == "balance" else value
