"""Episodes of an agent in a Gymnasium environment, one after another."""

import gymnasium
import numpy as np
import xarray as xr

from canonica._checks import checked_seed, checked_size
from canonica._provenance import versions
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
    played = [_episode(player, environment, each) for each in seeds]
    reward, steps, mean_risk, terminated = (np.array(part) for part in zip(*played, strict=True))
    name = environment.spec.id if environment.spec is not None else type(environment).__name__
    found = xr.Dataset(
        {
            "reward": ("episode", reward, {"long_name": "sum of rewards"}),
            "steps": ("episode", steps, {"units": "1"}),
            "risk": ("episode", mean_risk, {"units": "1", "long_name": "mean risk"}),
            "terminated": ("episode", terminated, {"long_name": "ended by the environment"}),
        },
        {"episode": np.arange(1, episodes + 1)},
        {"environment": name, "seed": seed, **versions()},
    )
    return found, player.state


def _episode(
    player: GymnasiumAgent, environment: gymnasium.Env, seed: int | None
) -> tuple[float, int, float, bool]:
    observation, _ = environment.reset(seed=seed)
    player.begin()
    rewards, risks, terminated, truncated = [], [], False, False
    while not (terminated or truncated):
        action = player.act(observation)
        observation, reward, terminated, truncated, _ = environment.step(action)
        player.receive(float(reward), terminated, truncated)
        rewards.append(float(reward))
        risks.append(player.risk(float(reward), terminated))
    return float(np.sum(rewards)), len(rewards), float(np.mean(risks)), bool(terminated)
