"""From the rewards of Gymnasium to risk."""

import math
from collections.abc import Callable
from numbers import Real

from canonica._checks import described, refusal

Risk = Callable[[float, bool], float]


def risk_of_reward(reward: float, terminated: bool) -> float:
    """Return ``(1 - reward) / 2``, kept within [0, 1]: 0 for a reward of 1, 0.5 for none.

    The inverse of how the worlds of this package are rewarded.

    Parameters
    ----------
    reward : float
        Of a step.
    terminated : bool
        Whether the step ended the episode; makes no difference here.

    Raises
    ------
    CanonicaError
        If the reward is no number.

    Examples
    --------
    >>> [risk_of_reward(reward, terminated=False) for reward in (1.0, 0.0, -1.0, -100.0)]
    [0.0, 0.5, 1.0, 1.0]
    """
    del terminated
    if not isinstance(reward, Real) or math.isnan(reward):
        raise refusal("reward", described(reward), "a number")
    return min(max((1 - reward) / 2, 0.0), 1.0)
