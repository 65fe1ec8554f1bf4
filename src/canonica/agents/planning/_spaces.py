"""Spaces of Gymnasium as symbols: what is seen and what can be done, by number."""

import math
from collections.abc import Hashable
from operator import index
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces

from canonica._errors import CanonicaError

Symbol: TypeAlias = Hashable

MOST_ACTIONS = 4096
LARGEST_BOX = 10_000  # values of one observation
MOST_LEVELS = 2**16  # of a number of a box


def check_observations(space: gymnasium.Space, name: str = "observation_space") -> None:
    """Raise unless observations of a space are symbols: of finitely many whole numbers."""
    if isinstance(space, spaces.Tuple):
        for number, part in enumerate(space.spaces):
            check_observations(part, f"{name}[{number}]")
    elif isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            check_observations(part, f"{name}[{key!r}]")
    elif isinstance(space, spaces.Box):
        _check_box(space, name)
    elif not isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary):
        raise CanonicaError(
            f"{name}: found {space}; expected Discrete, MultiDiscrete, MultiBinary, a Box of whole "
            "numbers, or a Tuple or Dict of these. Wrap the environment so that it gives one of "
            "them (gymnasium.wrappers.TransformObservation)."
        )


def _check_box(space: spaces.Box, name: str) -> None:
    whole = np.issubdtype(space.dtype, np.integer)
    size = math.prod(space.shape)
    levels = (space.high.astype(float) - space.low.astype(float)).max(initial=0)
    if whole and 0 < size <= LARGEST_BOX and levels < MOST_LEVELS:
        return
    raise CanonicaError(
        f"{name}: found a Box of {size} numbers of {space.dtype}; expected whole numbers, "
        f"{LARGEST_BOX:,} at most, of fewer than {MOST_LEVELS:,} values each. Round what is "
        "measured to few values (gymnasium.wrappers.TransformObservation)."
    )


def symbol_of(space: gymnasium.Space, observation: Any) -> Symbol:
    """Return the symbol of an observation: a whole number, bytes, or a tuple of these.

    Raises
    ------
    TypeError, ValueError, KeyError
        If it is no observation of the space by its kind or shape; `check_within` looks at values.
    """
    if isinstance(space, spaces.Discrete):
        return index(observation)
    if isinstance(space, spaces.Tuple):
        return tuple(
            symbol_of(part, one) for part, one in zip(space.spaces, observation, strict=True)
        )
    if isinstance(space, spaces.Dict):
        return tuple(symbol_of(part, observation[key]) for key, part in space.spaces.items())
    return _whole_numbers(space, observation).tobytes()


def check_within(space: gymnasium.Space, observation: Any) -> None:
    """Raise a ValueError unless all values of an observation are within those of the space."""
    if isinstance(space, spaces.Tuple):
        for part, one in zip(space.spaces, observation, strict=True):
            check_within(part, one)
    elif isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            check_within(part, observation[key])
    else:
        plain = isinstance(space, spaces.Discrete)
        if not space.contains(index(observation) if plain else _whole_numbers(space, observation)):
            raise ValueError(f"not within {space}")


def _whole_numbers(space: gymnasium.Space, observation: Any) -> np.ndarray:
    """Return an observation as the space has it; raise where that would change a value."""
    given = np.asarray(observation)
    if given.dtype.kind not in "biu" or given.shape != space.shape:
        raise TypeError(f"{given.dtype} of shape {given.shape}")
    found = given.astype(space.dtype, copy=False)
    if found.dtype != given.dtype and not np.array_equal(found, given):
        raise ValueError(f"not within {space.dtype}")
    return found


def action_count(space: gymnasium.Space, name: str = "action_space") -> int:
    """Return how many actions a space has.

    Raises
    ------
    CanonicaError
        If it is of other actions than finitely many, or has more than 4,096.
    """
    count = _count(space, name)
    if count > MOST_ACTIONS:
        raise CanonicaError(
            f"{name}: found {count:,} different actions; expected {MOST_ACTIONS:,} at most. "
            "Wrap the environment so that it takes fewer (gymnasium.wrappers.TransformAction)."
        )
    return count


def _count(space: gymnasium.Space, name: str) -> int:
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete):
        return math.prod(int(n) for n in space.nvec.ravel())
    if isinstance(space, spaces.MultiBinary):
        return 2 ** math.prod(space.shape)
    if isinstance(space, spaces.Tuple | spaces.Dict):
        return math.prod(_count(part, name) for part in _parts(space))
    raise CanonicaError(
        f"{name}: found {space}; expected Discrete, MultiDiscrete, MultiBinary, or a Tuple or Dict "
        "of these. Wrap the environment so that it takes one of so many actions "
        "(gymnasium.wrappers.TransformAction)."
    )


def action_of(space: gymnasium.Space, number: int) -> Any:
    """Return the action of that number, from 0 on, the last part of a space counted first."""
    if isinstance(space, spaces.Discrete):
        return int(space.start) + number
    if isinstance(space, spaces.MultiDiscrete):
        start = np.asarray(getattr(space, "start", 0))
        digits = np.unravel_index(number, space.nvec.ravel())
        return (np.array(digits).reshape(space.shape) + start).astype(space.dtype)
    if isinstance(space, spaces.MultiBinary):
        size = math.prod(space.shape)
        bits = np.unravel_index(number, (2,) * size)
        return np.array(bits, space.dtype).reshape(space.shape)
    parts = _parts(space)
    chosen: list[Any] = []
    for part in reversed(parts):
        number, rest = divmod(number, _count(part, ""))
        chosen.append(action_of(part, rest))
    chosen.reverse()
    if isinstance(space, spaces.Dict):
        return dict(zip(space.spaces, chosen, strict=True))
    return tuple(chosen)


def action_texts(space: gymnasium.Space) -> list[str]:
    """Return all actions in order, as Python writes their numbers."""
    return [_text(action_of(space, number)) for number in range(action_count(space))]


def _text(action: Any) -> str:
    if isinstance(action, dict):
        return "{" + ", ".join(f"{key!r}: {_text(one)}" for key, one in action.items()) + "}"
    if isinstance(action, tuple):
        return "(" + ", ".join(map(_text, action)) + ")"
    return repr(np.asarray(action).tolist())


def _parts(space: Any) -> list[gymnasium.Space]:
    return list(space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces)
