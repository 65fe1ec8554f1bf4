"""One default agent for any world of symbols."""

from typing import Any, overload

import gymnasium

from canonica._arguments import checked_arguments
from canonica.agents.planning._knowledge import Knowledge
from canonica.agents.planning._planning_agent import PlanningAgent
from canonica.agents.planning._vector_agent import VectorPlanningAgent

WITHOUT_LIMIT = 100  # steps ahead, where an episode may last for ever
NEAREST, FURTHEST = 10, 1000


@overload
def agent_for(
    environment: gymnasium.Env, *, seed: int = ..., knowledge: Knowledge | None = ...
) -> PlanningAgent: ...
@overload
def agent_for(
    environment: gymnasium.vector.VectorEnv, *, seed: int = ..., knowledge: Knowledge | None = ...
) -> VectorPlanningAgent: ...
@checked_arguments
def agent_for(
    environment: gymnasium.Env | gymnasium.vector.VectorEnv,
    *,
    seed: int = 0,
    knowledge: Knowledge | None = None,
) -> PlanningAgent | VectorPlanningAgent:
    """Return the default agent for a Gymnasium environment; nothing is set by hand for any world.

    Observations are symbols, of Discrete, MultiDiscrete or MultiBinary spaces, boxes of whole
    numbers, and Tuple and Dict spaces of these; actions are all values of such a space, up to
    4,096. What is seen has a unit when it is first met; what is worth remembering is chosen by
    evidence. It looks ahead as many steps as an episode may have (`max_episode_steps` of the
    environment's specification, 10 at least and 1,000 at most), or 100 where that is not said.
    Of several environments at once, all copies share what they learn.

    Parameters
    ----------
    environment : gymnasium.Env or gymnasium.vector.VectorEnv
        Spaces and time limit are looked at, nothing else.
    seed : int
        Decides what is drawn.
    knowledge : Knowledge, optional
        What an agent learned before (`PlanningAgent.knowledge`, or a file by `canonica.load`).

    Returns
    -------
    PlanningAgent or VectorPlanningAgent
        Knowing nothing, or what is given.

    Raises
    ------
    CanonicaError
        If a space is of other values, or `knowledge` of other spaces.

    References
    ----------
    [CP25]; section 6 of the theory.

    Examples
    --------
    >>> import gymnasium
    >>> from canonica.agents import play
    >>> lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
    >>> agent = agent_for(lake)
    >>> found = play(agent, lake, episodes=100)
    >>> float(found.reward[-50:].median())  # now and then it tries something new
    1.0
    """
    several = isinstance(environment, gymnasium.vector.VectorEnv)
    observations: Any = environment.observation_space
    actions: Any = environment.action_space
    if several:
        observations = environment.single_observation_space
        actions = environment.single_action_space
    limit = None if environment.spec is None else environment.spec.max_episode_steps
    ahead = min(max(limit or WITHOUT_LIMIT, NEAREST), FURTHEST)
    agent = PlanningAgent(
        observations, actions, discount=1 - 1 / ahead, seed=seed, knowledge=knowledge
    )
    return VectorPlanningAgent(agent, environment) if several else agent
