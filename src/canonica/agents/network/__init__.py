"""The two-layer canonical network that acts and learns; it knows no world."""

from canonica.agents.network._agent import Agent, Decision
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._policies import first_move_prior, sequences
from canonica.agents.network.modulations import (
    FollowingModulation,
    MeanModulation,
    Modulation,
    NoModulation,
    OutcomeModulation,
    ProgressModulation,
    StepModulation,
)

__all__ = [
    "Agent",
    "AgentState",
    "Decision",
    "FollowingModulation",
    "MeanModulation",
    "Modulation",
    "NoModulation",
    "OutcomeModulation",
    "ProgressModulation",
    "StepModulation",
    "first_move_prior",
    "sequences",
]
