"""An agent for the switching bandit."""

from canonica._checks import checked_kind
from canonica.agents.designs._memory import TRACE, Memory
from canonica.agents.designs._sensing_agent import sensing_agent
from canonica.agents.network._agent import Agent
from canonica.agents.network.modulations._step import StepModulation
from canonica.agents.worlds._switching_bandit import SwitchingBandit

BANDIT_PULLS, BANDIT_COUNT = 100, 200.0


def bandit_agent(
    world: SwitchingBandit, max_steps: int = BANDIT_PULLS, memory: Memory | None = TRACE
) -> Agent:
    """Return an agent that learns to follow the better arm of a switching bandit.

    It sees its last pull and what that gave, and has a fading trace of earlier ones (`TRACE`).
    Every pull is modulated by its own risk, at the end of the trial. It is not told that arms
    swap, how often, with which probabilities they reward, or what to do after which result.
    Without memory the best it can learn is to stay after reward, and to shift otherwise.

    Parameters
    ----------
    world : SwitchingBandit
        Whose observations it has.
    max_steps : int
        Pulls of a trial, all of them one rollout: give the same to `trial`.
    memory : Memory, optional
        None for an agent that knows its last pull only.

    Raises
    ------
    CanonicaError
        If it is no bandit, or `max_steps` no number of pulls.

    Examples
    --------
    >>> agent = bandit_agent(SwitchingBandit())
    >>> agent.model.likelihood_counts.shape  # 4 observations; 4 states that see, 4 that remember
    (2, 2, 4, 8)
    """
    checked_kind("world", world, SwitchingBandit, "a SwitchingBandit")
    return sensing_agent(
        world.observations,
        world.moves,
        modulation=StepModulation(),
        chunk=max_steps,
        memory=memory,
        policy_count=BANDIT_COUNT,
    )
