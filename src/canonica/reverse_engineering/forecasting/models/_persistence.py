"""Predictions that what was seen goes on."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np

from canonica.reverse_engineering._ridge import RIDGE_PENALTY
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Predicted, StateMeans
from canonica.reverse_engineering.forecasting._stimuli import stimulus_index
from canonica.reverse_engineering.forecasting.distribution._noise import with_noise
from canonica.reverse_engineering.forecasting.models._regression import regressed


@dataclass(frozen=True)
class Persistence:
    """The mean response of the last initial session goes on, source state by source state."""

    name: ClassVar[str] = "persistence"

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the session's means; where a state was not shown in it, earlier ones."""
        del key
        share = StateMeans.of(known).share[: known.initial]
        means = known.response @ share  # (initial, ensemble, state)
        shown = share.max(axis=1) > 0
        last = known.initial - 1 - shown[::-1].argmax(axis=0)
        of_state = np.moveaxis(means[last, :, np.arange(known.states)], 0, 1)
        overall = known.response.swapaxes(1, 2)[known.valid[: known.initial]].mean(axis=0)
        of_state = np.where(shown.max(axis=0), of_state, overall[:, None])
        return with_noise(known, of_state[:, known.state].swapaxes(0, 1))


@dataclass(frozen=True)
class Repetition:
    """Each stimulus evokes what it evoked on average before; a new one, what ridge regression says.

    Where the same stimuli come in every session, this is hard to beat.
    """

    name: ClassVar[str] = "repetition"

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return each stimulus's mean response in the initial sessions."""
        del key
        mean = regressed(known, known.stimuli, RIDGE_PENALTY)
        index, number = stimulus_index(known.stimuli, known.valid)
        valid = known.valid[: known.initial]
        seen, x = index[: known.initial][valid], known.response.swapaxes(1, 2)[valid]
        times = np.bincount(seen, minlength=number)
        sums = np.stack([np.bincount(seen, column, minlength=number) for column in x.T])
        recalled = (sums / np.maximum(times, 1))[:, index].swapaxes(0, 1)
        return with_noise(known, np.where(times[index][:, None] > 0, recalled, mean))
