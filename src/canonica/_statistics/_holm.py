"""p values of a family of tests, together as reliable as one alone."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def holm_adjusted(
    p_values: Sequence[float] | Float[np.ndarray, " test"],
) -> Float[np.ndarray, " test"]:
    """Return p values adjusted for how many tests there are, however they depend on each other.

    The probability that any true hypothesis has an adjusted value of 5 % or less is 5 % at most
    (Holm, Scandinavian Journal of Statistics 6, 1979).

    Parameters
    ----------
    p_values : (test,)
        Of all tests of the family, none of them NaN.

    Returns
    -------
    (test,)
        In the same order, none above 1.

    Examples
    --------
    >>> holm_adjusted([0.04, 0.01, 0.5]).tolist()
    [0.08, 0.03, 0.5]
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(steps, 1)
    return adjusted
