"""Which trials show the same stimulus."""

import numpy as np
from jaxtyping import Bool, Float, Int


def stimulus_index(
    stimuli: Float[np.ndarray, "session slot input"], valid: Bool[np.ndarray, "session slot"]
) -> tuple[Int[np.ndarray, "session slot"], int]:
    """Return a number for the stimulus of each trial, and how many different ones there are.

    Empty slots have number 0.

    Examples
    --------
    >>> import numpy as np
    >>> stimuli = np.array([[[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]])
    >>> stimulus_index(stimuli, np.ones((1, 3), bool))[0].tolist()
    [[0, 1, 0]]
    """
    packed = np.packbits(stimuli[valid] > 0, axis=1)
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1])))
    _, number = np.unique(rows, return_inverse=True)
    index = np.zeros(valid.shape, np.int64)
    index[valid] = number.ravel()
    return index, int(number.max()) + 1
