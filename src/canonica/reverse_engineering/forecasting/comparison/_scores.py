"""How good a probabilistic forecast of responses was, session by session."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica.reverse_engineering._estimation import AnyArray
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    coverage,
    crps,
    location_of,
    log_density,
    quantile,
)

LEVELS = (0.5, 0.9)
# A mean nearer to 0 or 1 than 1e-13 is scored as that near: nearer ones are lost in rounding, and
# a mean of 0 would make every response above 0 infinitely improbable.
LARGEST_LOG_ODDS = 30.0
LIMITS = np.finfo(np.float64)


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
    mean: Float[np.ndarray, "session ensemble slot"],
    scale: Float[np.ndarray, "session ensemble slot"],
    valid: Shaped[np.ndarray, "session slot"],
    levels: tuple[float, ...] = LEVELS,
) -> SessionScores:
    """Return the scores of a forecast whose responses are censored logistic variables.

    Parameters
    ----------
    observed : (session, ensemble, slot)
        Normalised responses, from 0 to 1.
    mean : (session, ensemble, slot)
        Expected responses, from 0 to 1.
    scale : (session, ensemble, slot)
        Scales of the logistic variables, above 0.
    valid : (session, slot)
        Whether a slot holds a trial; what else it holds does not matter where it does not.
    levels : tuple of float
        Nominal coverage of each central interval, above 0 and below 1.

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
    _check(observed, mean, scale, counts, levels)
    return _scores(observed, mean, scale, counts, np.asarray(levels))


@in_float64
@jax.jit
def _scores(
    observed: Float[AnyArray, "session ensemble slot"],
    mean: Float[AnyArray, "session ensemble slot"],
    scale: Float[AnyArray, "session ensemble slot"],
    counts: Bool[AnyArray, "session ensemble slot"],
    levels: Float[AnyArray, " level"],
) -> SessionScores:
    x, p, s = (
        jnp.where(counts, jnp.asarray(one, jnp.float64), harmless)
        for one, harmless in ((observed, 0.5), (mean, 0.5), (scale, 1.0))
    )
    log_odds = jnp.log(p) - jnp.log1p(-p)
    m = location_of(jnp.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS), s)
    level = levels[:, None, None, None]

    def of_session(values: Float[Array, "*level session ensemble slot"]) -> Array:
        return (values * counts).sum(axis=(-2, -1)) / counts.sum(axis=(-2, -1))

    return SessionScores(
        squared_error=of_session((x - p) ** 2),
        log_score=of_session(log_density(x, m, s)),
        crps=of_session(crps(x, m, s)),
        coverage=of_session(coverage(x, m, s, level)),
        width=of_session(quantile((1 + level) / 2, m, s) - quantile((1 - level) / 2, m, s)),
    )


def _check(
    observed: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    counts: np.ndarray,
    levels: tuple[float, ...],
) -> None:
    if not counts.any(axis=(1, 2)).all():
        raise CanonicaError(
            "valid: found a session without trials; expected at least one in each. "
            "Leave out sessions that were not recorded."
        )
    for name, values in (("observed", observed), ("mean", mean)):
        _check_within(name, values[counts], "numbers from 0 to 1", 0.0, 1.0)
    least, largest, edge = (float(getattr(LIMITS, name)) for name in ("tiny", "max", "eps"))
    _check_within("scale", scale[counts], "finite numbers above 0", least, largest)
    _check_within("levels", np.asarray(levels), "numbers above 0 and below 1", edge, 1 - edge)


def _check_within(
    name: str, values: np.ndarray, expected: str, lowest: float, highest: float
) -> None:
    wrong = values[~((values >= lowest) & (values <= highest))]  # NaN is within no range
    if wrong.size:
        raise CanonicaError(
            f"{name}: found {wrong[0]:g}, and {wrong.size - 1} more such values; "
            f"expected {expected}. Check the model that made the forecast."
        )
