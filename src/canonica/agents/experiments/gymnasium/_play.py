"""Episodes of any agent in any Gymnasium environment, one after another."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import gymnasium
import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._provenance import versions


@runtime_checkable
class Acts(Protocol):
    """Who begins an episode, acts on observations, and receives rewards."""

    def begin(self) -> None:
        """Start an episode."""
        ...

    def act(self, observation: Any) -> Any:
        """Return the action that answers an observation."""
        ...

    def receive(self, reward: float, terminated: bool, truncated: bool) -> None:
        """Take note of what became of the last action."""
        ...


class Episode(NamedTuple):
    """What an episode came to.

    Attributes
    ----------
    reward, steps : float, int
        Sum of rewards, and steps.
    terminated : bool
        Whether the environment ended it, not a time limit.
    """

    reward: float
    steps: int
    terminated: bool


@checked_arguments
def play(
    agent: Acts,
    environment: gymnasium.Env,
    *,
    episodes: int = 100,
    seed: int = 0,
    first: int = 1,
    max_steps: int = 10_000,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Return how an agent does in a Gymnasium environment, episode by episode.

    Every episode is reset with a seed of its own, so that a run that was cut goes on as it would
    have: give the next as `first`.

    Parameters
    ----------
    agent : object
        With `begin`, `act` and `receive`: of `agent_for`, a `GymnasiumAgent`, or your own.
    environment : gymnasium.Env
        A single one.
    episodes : int
        How many.
    seed : int
        Decides what the environment draws.
    first : int
        Number of the first episode.
    max_steps : int
        After which an episode is cut, where no time limit does.
    progress : callable, optional
        Called with the number of episodes that are done, and of all.

    Returns
    -------
    xarray.Dataset
        (episode,): `reward`, its sum; `steps`; `terminated`, by the environment.

    Raises
    ------
    CanonicaError
        If a number is out of range, or the agent does not fit the environment.

    Examples
    --------
    >>> import gymnasium
    >>> from canonica.agents import agent_for
    >>> cliff = gymnasium.make("CliffWalking-v1", max_episode_steps=500)
    >>> found = play(agent_for(cliff), cliff, episodes=50)
    >>> found.reward.values[-1].item()  # the shortest way
    -13.0
    """
    episodes, seed = checked_size("episodes", episodes), checked_seed(seed)
    first, max_steps = checked_size("first", first), checked_size("max_steps", max_steps)
    played: list[Episode] = []
    for number in range(first, first + episodes):
        played.append(_episode(agent, environment, _episode_seed(seed, number), max_steps))
        if progress is not None:
            progress(len(played), episodes)
    reward, steps, terminated = (np.array(part) for part in zip(*played, strict=True))
    name = environment.spec.id if environment.spec is not None else type(environment).__name__
    return xr.Dataset(
        {
            "reward": ("episode", reward.astype(float), {"long_name": "sum of rewards"}),
            "steps": ("episode", steps, {"units": "1"}),
            "terminated": ("episode", terminated, {"long_name": "ended by the environment"}),
        },
        {"episode": np.arange(first, first + episodes)},
        {"environment": name, "seed": seed, "max_steps": max_steps, **versions()},
    )


def _episode_seed(seed: int, number: int) -> int:
    """Return the seed by which an environment is reset for an episode of that number."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _episode(agent: Acts, environment: gymnasium.Env, seed: int, max_steps: int) -> Episode:
    observation, _ = environment.reset(seed=seed)
    agent.begin()
    total, terminated, truncated = 0.0, False, False
    steps = 0
    while not (terminated or truncated):
        action = agent.act(observation)
        observation, reward, terminated, truncated, _ = environment.step(action)
        steps += 1
        truncated = bool(truncated) or steps >= max_steps
        agent.receive(float(reward), bool(terminated), truncated)
        total += float(reward)
    return Episode(total, steps, bool(terminated))
