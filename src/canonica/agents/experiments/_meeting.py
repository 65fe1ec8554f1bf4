"""Whether an agent fits a world."""

from typing import Any

import numpy as np
from jax.core import Tracer

from canonica._checks import checked_kind, refusal
from canonica._errors import how_many
from canonica.agents.network._agent import Agent
from canonica.agents.worlds._environment import Environment


def check_meeting(agent: Any, environment: Any) -> None:
    """Refuse an agent of other observations or more moves than a world has.

    Raises
    ------
    CanonicaError
        If it is so, or one of them is something else. Inside compiled code the moves of policies
        are not known.
    """
    checked_kind("agent", agent, Agent, "an Agent")
    checked_kind("environment", environment, Environment, "an Environment")
    wanted = agent.model.likelihood_counts.shape[-2]
    if wanted != environment.observations:
        raise refusal("agent", how_many(wanted, "observation"), f"{environment.observations}")
    if not isinstance(agent.policies, Tracer):
        moves = int(np.asarray(agent.policies).max()) + 1  # known, inside compiled code too
        if moves > environment.moves:
            raise refusal(
                "agent", f"policies of {how_many(moves, 'move')}", f"{environment.moves} at most"
            )
