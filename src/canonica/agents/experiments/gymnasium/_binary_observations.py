"""What the observations of a Gymnasium space are to an agent."""

import gymnasium
import numpy as np
from gymnasium import spaces

from canonica._errors import CanonicaError


def binary_observations(space: gymnasium.Space) -> int:
    """Return how many binary observations a space is to an agent.

    Parameters
    ----------
    space : gymnasium.Space
        MultiBinary, of any shape, or Discrete: one observation for each of its values.

    Raises
    ------
    CanonicaError
        If it is any other space.

    Examples
    --------
    >>> from gymnasium import spaces
    >>> binary_observations(spaces.Discrete(16)), binary_observations(spaces.MultiBinary([3, 4]))
    (16, 12)
    """
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiBinary):
        return int(np.prod(space.shape))
    raise CanonicaError(
        f"observation_space: found {space}; expected MultiBinary or Discrete. Wrap the environment "
        "so that it gives one of them (gymnasium.wrappers.TransformObservation)."
    )
