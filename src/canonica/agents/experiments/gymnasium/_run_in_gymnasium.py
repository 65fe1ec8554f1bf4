"""Episodes of an agent in a Gymnasium environment, one after another."""

import gymnasium
import numpy as np
import xarray as xr

from canonica._checks import checked_seed, checked_size
from canonica._provenance import versions
from canonica.agents.experiments.gymnasium._episode import Episode, episode
from canonica.agents.experiments.gymnasium._gymnasium_agent import GymnasiumAgent
from canonica.agents.experiments.gymnasium._risk_of_reward import Risk, risk_of_reward
from canonica.agents.network._agent import Agent
from canonica.agents.network._agent_state import AgentState


def run_in_gymnasium(
    agent: Agent,
    environment: gymnasium.Env,
    *,
    episodes: int = 100,
    seed: int = 0,
    risk: Risk = risk_of_reward,
    state: AgentState | None = None,
) -> tuple[xr.Dataset, AgentState]:
    """Return how an agent learns in a Gymnasium environment, and what it has become.

    Parameters
    ----------
    agent : Agent
        Who acts.
    environment : gymnasium.Env
        Of MultiBinary or Discrete observations, and Discrete actions.
    episodes : int
        How many.
    seed : int
        Decides everything random, in the environment too.
    risk : function of (float, bool), optional
        From reward and termination to risk; `risk_of_reward` by default.
    state : AgentState, optional
        What the agent learned before.

    Returns
    -------
    xarray.Dataset, AgentState
        (episode,): `reward`, its sum; `steps`; `risk`, its mean; `terminated`, by the environment,
        not by a time limit. The state is of NumPy arrays, floating numbers in float64, as all is
        computed here whatever JAX is set to.

    Raises
    ------
    CanonicaError
        If the spaces do not fit the agent, or `episodes` is below 1.

    Examples
    --------
    >>> import gymnasium
    >>> from canonica.agents import SwitchingBandit, bandit_agent
    >>> environment = gymnasium.make("canonica/SwitchingBandit-v0")
    >>> agent = bandit_agent(SwitchingBandit())
    >>> found, state = run_in_gymnasium(agent, environment, episodes=2)
    >>> found["steps"].values.tolist()
    [100, 100]
    """
    episodes, seed = checked_size("episodes", episodes), checked_seed(seed)
    player = GymnasiumAgent(agent, environment, risk=risk, seed=seed, state=state)
    # The first reset alone is given the seed: later episodes go on from there.
    seeds = [seed] + [None] * (episodes - 1)
    played = [episode(player, environment, each) for each in seeds]
    name = environment.spec.id if environment.spec is not None else type(environment).__name__
    found = xr.Dataset(
        {
            "reward": ("episode", [one.reward for one in played], {"long_name": "sum of rewards"}),
            "steps": ("episode", [one.steps for one in played], {"units": "1"}),
            "risk": (
                "episode",
                [_mean_risk(one, risk) for one in played],
                {"units": "1", "long_name": "mean risk"},
            ),
            "terminated": (
                "episode",
                [one.terminated for one in played],
                {"long_name": "ended by the environment"},
            ),
        },
        {"episode": np.arange(1, episodes + 1)},
        {"environment": name, "seed": seed, **versions()},
    )
    return found, player.state


def _mean_risk(one: Episode, risk: Risk) -> float:
    last = one.steps - 1
    each = [risk(reward, one.terminated and t == last) for t, reward in enumerate(one.rewards)]
    return float(np.mean(each))
