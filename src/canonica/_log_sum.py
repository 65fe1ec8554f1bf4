"""Sums of what is known by its logarithm."""

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp


def log_sum(
    logarithms: Float[np.ndarray, "..."],
    axis: int | tuple[int, ...] | None = None,
    *,
    keepdims: bool = False,
) -> Any:  # an array, or a number where no axis is left
    """Return the logarithm of the sum, as SciPy does, whose type is wider than what it returns."""
    return logsumexp(logarithms, axis=axis, keepdims=keepdims)
