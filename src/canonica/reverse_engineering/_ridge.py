"""Ridge regression of responses on features of their trials."""

from typing import NamedTuple

from jaxtyping import Float, Shaped

from canonica.reverse_engineering.published_protocol._observed import AnyArray

RIDGE_PENALTY = 1.0


class LinearResponse(NamedTuple):
    """A response that is linear in its features.

    Attributes
    ----------
    slope : (ensemble, feature)
        What each feature adds to the response.
    offset : (ensemble,)
        The response without any.
    """

    slope: Float[AnyArray, "ensemble feature"]
    offset: Float[AnyArray, " ensemble"]


def ridge_regression(
    response: Float[AnyArray, "session ensemble slot"],
    features: Float[AnyArray, "session slot feature"],
    valid: Shaped[AnyArray, "session slot"],
    penalty: float = RIDGE_PENALTY,
) -> LinearResponse:
    """Return the ridge regression of responses, in NumPy or in JAX, as the arrays are.

    Parameters
    ----------
    response : (session, ensemble, slot)
        What is regressed.
    features : (session, slot, feature)
        What it is regressed on.
    valid : (session, slot)
        Whether a slot holds a trial; what else it holds does not matter where it does not.
    penalty : float
        On the squared slopes; none on the offset.

    Examples
    --------
    >>> import numpy as np
    >>> o = np.array([[[0.0], [1.0], [2.0]]])
    >>> found = ridge_regression(1 + 3 * o.swapaxes(1, 2), o, np.ones((1, 3)), penalty=0.0)
    >>> found.slope.round(6).tolist(), found.offset.round(6).tolist()
    ([[3.0]], [1.0])
    """
    xp = features.__array_namespace__()
    count = features.shape[-1]
    trials = valid.reshape(-1, 1)
    o = features.reshape(-1, count)
    x = response.swapaxes(1, 2).reshape(len(o), -1)
    o_mean, x_mean = (xp.where(trials, part, 0).sum(axis=0) / trials.sum() for part in (o, x))
    o, x = xp.where(trials, o - o_mean, 0), xp.where(trials, x - x_mean, 0)
    gram = o.T @ o + penalty * xp.eye(count, dtype=o.dtype)
    slope = xp.linalg.solve(gram, o.T @ x).T
    return LinearResponse(slope, x_mean - slope @ o_mean)
