"""Episodes of any agent in any Gymnasium environment, one after another."""

from collections.abc import Callable

import gymnasium
import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._provenance import versions
from canonica.agents.experiments.gymnasium._episode import Acts, Episode, episode


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
        played.append(episode(agent, environment, _episode_seed(seed, number), max_steps))
        if progress is not None:
            progress(len(played), episodes)
    name = environment.spec.id if environment.spec is not None else type(environment).__name__
    return xr.Dataset(
        {
            "reward": ("episode", [one.reward for one in played], {"long_name": "sum of rewards"}),
            "steps": ("episode", [one.steps for one in played], {"units": "1"}),
            "terminated": (
                "episode",
                [one.terminated for one in played],
                {"long_name": "ended by the environment"},
            ),
        },
        {"episode": np.arange(first, first + episodes)},
        {"environment": name, "seed": seed, "max_steps": max_steps, **versions()},
    )


def _episode_seed(seed: int, number: int) -> int:
    """Return the seed by which an environment is reset for an episode of that number."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
