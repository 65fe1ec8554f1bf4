"""All that a planning agent has learned, as a value that can be kept."""

from dataclasses import dataclass

import gymnasium
import numpy as np
from jaxtyping import Float, Int

from canonica._errors import CanonicaError, how_many
from canonica.agents.planning._followed import Consequences, Followed
from canonica.agents.planning._memories import MEMORIES
from canonica.agents.planning._rewards import Rewards


@dataclass(frozen=True)
class MemoryCounts:
    """What was counted by one memory.

    Attributes
    ----------
    keys : (state, part)
        Observation of each state, and what is remembered beside it, by number.
    less : (state,)
        The state of the memory that remembers less.
    outcomes : Consequences
        What followed.
    new, chances, differed, compared : float
        What `novelty` and `surprise` are made of.
    worth : (state,)
        By the last plan.
    """

    keys: Int[np.ndarray, "state part"]
    less: Int[np.ndarray, " state"]
    outcomes: Consequences
    new: float
    chances: float
    differed: float
    compared: float
    worth: Float[np.ndarray, " state"]

    @classmethod
    def of(cls, followed: Followed, worth: Float[np.ndarray, " state"]) -> "MemoryCounts":
        """Return what was counted."""
        keys = np.array(list(followed.states), int)
        return cls(
            keys if len(keys) else keys.reshape(0, 1),  # of an agent that has met nothing
            np.array(followed.less, int),
            followed.outcomes,
            followed.new,
            followed.chances,
            followed.differed,
            followed.compared,
            worth,
        )

    def into(self, followed: Followed) -> None:
        """Give all of it to counts that are empty."""
        followed.restore(self.keys.tolist(), self.less.tolist(), self.outcomes)
        followed.new, followed.chances = self.new, self.chances
        followed.differed, followed.compared = self.differed, self.compared


@dataclass(frozen=True)
class Knowledge:
    """What an agent has learned of a world, to go on with: `agent_for(world, knowledge=...)`.

    Attributes
    ----------
    observation_space, action_space : str
        Of the world.
    discount : float
        Of what comes a step later.
    seed : int
        Of what is drawn.
    steps, episodes, begun : int
        Steps and episodes that came to their end; episodes that began.
    rewards : Rewards
        What was met of them.
    evidence, reward_evidence : list of float
        For each memory, in nats: of whole outcomes, and of rewards alone.
    memory : int
        What is remembered.
    symbols : list of str
        Observations, in the order in which they were met.
    actions : list of str
        What can be done, in order.
    counts : list of MemoryCounts
        By each memory.
    """

    observation_space: str
    action_space: str
    discount: float
    seed: int
    steps: int
    episodes: int
    begun: int
    rewards: Rewards
    evidence: list[float]
    reward_evidence: list[float]
    memory: int
    symbols: list[str]
    actions: list[str]
    counts: list[MemoryCounts]

    def __post_init__(self) -> None:
        each = (self.counts, self.evidence, self.reward_evidence)
        if any(len(one) != len(MEMORIES) for one in each):
            raise CanonicaError(
                f"counts: found those of {how_many(len(self.counts), 'memory', 'memories')}; "
                f"expected {len(MEMORIES)}. Another version of canonica saved it: learn anew."
            )

    def check_spaces(self, observations: gymnasium.Space, actions: gymnasium.Space) -> None:
        """Raise unless a world has the spaces of the one that this was learned in."""
        for name, mine, given in (
            ("observation_space", self.observation_space, str(observations)),
            ("action_space", self.action_space, str(actions)),
        ):
            if mine != given:
                raise CanonicaError(
                    f"knowledge: found that of a world whose {name} is {mine}; expected {given}. "
                    "Learn this world anew."
                )


PARTS = (MemoryCounts, Consequences, Rewards)
