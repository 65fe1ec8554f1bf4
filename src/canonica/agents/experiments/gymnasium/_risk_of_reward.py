"""From the rewards of Gymnasium to risk."""

from collections.abc import Callable

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

    Examples
    --------
    >>> [risk_of_reward(reward, terminated=False) for reward in (1.0, 0.0, -1.0, -100.0)]
    [0.0, 0.5, 1.0, 1.0]
    """
    del terminated
    return min(max((1 - reward) / 2, 0.0), 1.0)
