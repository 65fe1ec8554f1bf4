"""A recording's trials as the computation takes them: each stimulus that comes again numbered."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._stimuli import stimulus_index


class Initial(NamedTuple):
    """The initial sessions of all ensembles, as the computation takes them.

    Attributes are those of `Trials`, `response` with an axis ensemble in the middle.
    """

    response: Float[Any, "session ensemble slot"]
    stimuli: Float[Any, "session slot input"]
    valid: Bool[Any, "session slot"]
    state: Int[Any, "session slot"]
    stimulus: Int[Any, "session slot"]
    repeated: Bool[Any, " stimulus"]


class NumberedTrials(NamedTuple):
    """The initial sessions, and the stimulus of every trial of all.

    Attributes
    ----------
    initial : Initial
        What is known of the initial sessions.
    stimulus : (session, slot)
        Number of each trial's stimulus; those without a number of their own have the last.
    """

    initial: Initial
    stimulus: Int[np.ndarray, "session slot"]

    @classmethod
    def of(cls, known: Known) -> "NumberedTrials":
        """Return the trials of a recording, its stimuli numbered.

        Only stimuli that come in at least two initial trials get a number of their own: of
        others, what they evoke cannot be told from noise.
        """
        seen = slice(known.initial)
        index, number = stimulus_index(known.stimuli, known.valid)
        times = np.bincount(index[seen][known.valid[seen]], minlength=number)
        repeated = np.flatnonzero(times > 1)
        if len(repeated) == 1:  # the offset says all of it
            repeated = repeated[:0]
        size = known.valid.shape[1]  # or its doubles: so that recordings share compiled code
        while size < len(repeated):
            size *= 2
        renumbered = np.full(number, size)
        renumbered[repeated] = np.arange(len(repeated))
        stimulus = np.where(known.valid, renumbered[index], size)
        initial = Initial(
            known.response,
            known.stimuli[seen],
            known.valid[seen],
            known.state[seen],
            stimulus[seen],
            np.arange(size) < len(repeated),
        )
        return cls(initial, stimulus)
