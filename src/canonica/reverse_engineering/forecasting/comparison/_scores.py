"""How good a probabilistic forecast of responses was, session by session."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica.reverse_engineering.forecasting.distribution._mixture import (
    PredictiveMixture,
    coverage,
    crps,
    log_density,
    quantile,
)
from canonica.reverse_engineering.published_protocol._observed import AnyArray

LEVELS = (0.5, 0.9)
LIMITS = np.finfo(np.float64)
ROUNDING = 1e-9  # by which a sum of weights may differ from 1


class SessionScores(NamedTuple):
    """Means over the trials and ensembles of each session.

    Attributes
    ----------
    squared_error : (session,)
        Mean squared error of the expected response.
    log_score : (session,)
        Log density of what was observed, log mass where it was 0 or 1, in nats; higher is better.
    crps : (session,)
        Continuous ranked probability score; lower is better.
    coverage : (level, session)
        Share of responses within the central interval of each level, a response at an end counted
        by the share of the end's mass that is; of a true forecast the level itself.
    width : (level, session)
        Mean width of those intervals.
    """

    squared_error: Float[AnyArray, " session"]
    log_score: Float[AnyArray, " session"]
    crps: Float[AnyArray, " session"]
    coverage: Float[AnyArray, "level session"]
    width: Float[AnyArray, "level session"]


def session_scores(
    observed: Float[np.ndarray, "session ensemble slot"],
    mean: Float[np.ndarray, "*component session ensemble slot"],
    scale: Float[np.ndarray, "*component session ensemble slot"],
    valid: Shaped[np.ndarray, "session slot"],
    *,
    levels: tuple[float, ...] = LEVELS,
    weight: Float[np.ndarray, " component"] | None = None,
) -> SessionScores:
    """Return the scores of a forecast whose responses are censored logistic variables.

    Or, with `weight`, mixtures of such variables; `mean` and `scale` then have an axis more.

    Parameters
    ----------
    observed : (session, ensemble, slot)
        Normalised responses, from 0 to 1.
    mean : ([component,] session, ensemble, slot)
        Expected responses, from 0 to 1.
    scale : ([component,] session, ensemble, slot)
        Scales of the logistic variables, above 0.
    valid : (session, slot)
        Whether a slot holds a trial; what else it holds does not matter where it does not.
    levels : tuple of float
        Nominal coverage of each central interval, above 0 and below 1.

    weight : (component,), optional
        Of each component of the mixtures; their sum is 1.

    Raises
    ------
    CanonicaError
        If a value that counts is out of its range or NaN, or a session is without trials.

    Examples
    --------
    >>> import numpy as np
    >>> shape = (3, 2, 50)
    >>> observed = np.random.default_rng(0).uniform(size=shape)
    >>> flat = session_scores(observed, np.full(shape, 0.5), np.full(shape, 1e3), np.ones((3, 50)))
    >>> flat.coverage.shape, bool(np.allclose(flat.crps, 0.25, atol=1e-3))
    ((2, 3), True)
    """
    counts = np.broadcast_to(np.asarray(valid, bool)[:, None], observed.shape)
    if weight is None:
        weight, mean, scale = np.ones(1), mean[None], scale[None]
    _check(observed, mean, scale, counts)
    _check_within("weight", weight, "numbers from 0 to 1", 0.0, 1.0)
    _check_within("sum of weights", weight.sum(keepdims=True), "1", 1 - ROUNDING, 1 + ROUNDING)
    edge = float(LIMITS.eps)
    _check_within("levels", np.asarray(levels), "numbers above 0 and below 1", edge, 1 - edge)
    return _scores(observed, mean, scale, counts, levels=np.asarray(levels), weight=weight)


@in_float64
@jax.jit
def _scores(
    observed: Float[AnyArray, "session ensemble slot"],
    mean: Float[AnyArray, "component session ensemble slot"],
    scale: Float[AnyArray, "component session ensemble slot"],
    counts: Bool[AnyArray, "session ensemble slot"],
    *,
    levels: Float[AnyArray, " level"],
    weight: Float[AnyArray, " component"],
) -> SessionScores:
    x, p, s = (
        jnp.where(counts, jnp.asarray(one, jnp.float64), harmless)
        for one, harmless in ((observed, 0.5), (mean, 0.5), (scale, 1.0))
    )
    responses = PredictiveMixture.of_means(jnp.asarray(weight, jnp.float64), p, s)
    level = levels[:, None, None, None]

    def of_session(values: Float[Array, "*level session ensemble slot"]) -> Array:
        return (values * counts).sum(axis=(-2, -1)) / counts.sum(axis=(-2, -1))

    return SessionScores(
        squared_error=of_session((x - responses.averaged(p)) ** 2),
        log_score=of_session(log_density(x, responses)),
        crps=of_session(crps(x, responses)),
        coverage=of_session(coverage(x, responses, level)),
        width=of_session(
            quantile((1 + level) / 2, responses) - quantile((1 - level) / 2, responses)
        ),
    )


def _check(
    observed: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    counts: np.ndarray,
) -> None:
    if not counts.any(axis=(1, 2)).all():
        raise CanonicaError(
            "valid: found a session without trials; expected at least one in each. "
            "Leave out sessions that were not recorded."
        )
    for name, values in (("observed", observed), ("mean", mean)):
        _check_within(name, values[..., counts], "numbers from 0 to 1", 0.0, 1.0)
    least, largest = float(LIMITS.tiny), float(LIMITS.max)
    _check_within("scale", scale[..., counts], "finite numbers above 0", least, largest)


def _check_within(
    name: str, values: np.ndarray, expected: str, lowest: float, highest: float
) -> None:
    wrong = values[~((values >= lowest) & (values <= highest))]  # NaN is within no range
    if wrong.size:
        raise CanonicaError(
            f"{name}: found {wrong[0]:g}, and {wrong.size - 1} more such values; "
            f"expected {expected}. Check the model that made the forecast."
        )
