"""Regressions of responses on stimuli, their weights fixed or with a trend."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Float

from canonica.reverse_engineering._ridge import RIDGE_PENALTY, ridge_regression
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Predicted
from canonica.reverse_engineering.forecasting.distribution._noise import with_noise


@dataclass(frozen=True)
class Ridge:
    """Ridge regression of the initial responses on the stimuli.

    Parameters
    ----------
    penalty : float
        On the squared slopes; none on the offset.
    """

    name: ClassVar[str] = "ridge"

    penalty: float = RIDGE_PENALTY

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return what the regression gives for every session."""
        del key
        return with_noise(known, regressed(known, known.stimuli, self.penalty))


@dataclass(frozen=True)
class Drift:
    """Ridge regression whose slopes and offset have a linear trend over sessions.

    Parameters
    ----------
    penalty : float
        On the squared slopes, and on their and the offset's squared change over as many sessions as
        were initial.
    """

    name: ClassVar[str] = "drift"

    penalty: float = RIDGE_PENALTY

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the ridge regression on stimuli and time, continued into the later sessions."""
        del key
        since_middle = (np.arange(len(known.valid)) - (known.initial - 1) / 2) / known.initial
        time = np.broadcast_to(since_middle[:, None, None], (*known.valid.shape, 1))
        features = np.concatenate([known.stimuli, known.stimuli * time, time], axis=-1)
        return with_noise(known, regressed(known, features, self.penalty))


def regressed(
    known: Known, features: Float[np.ndarray, "session slot feature"], penalty: float
) -> Float[np.ndarray, "session ensemble slot"]:
    """Return the ridge regression of the initial responses on `features`, for every session."""
    initial = slice(known.initial)
    found = ridge_regression(known.response, features[initial], known.valid[initial], penalty)
    return (features @ found.slope.T + found.offset).swapaxes(1, 2)
