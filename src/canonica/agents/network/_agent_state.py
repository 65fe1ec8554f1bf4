"""The state of an agent: counts, activities, and what it has not learned from yet."""

from typing import NamedTuple

from jaxtyping import Array, Float, Int

from canonica.agents.network._accumulated import Accumulated
from canonica.agents.network._counts import Counts
from canonica.agents.network._response_law import ResponseLaw
from canonica.agents.network._rollout import Rollout
from canonica.agents.network._tally import Tally


class AgentState(NamedTuple):
    """What an agent has learned, believes and intends: all of it that changes.

    Attributes
    ----------
    counts : Counts
        What it has learned.
    law : ResponseLaw
        What it acts by: made from the counts at the start of a trial, or after each learning.
    belief : (state,)
        Posterior expectation of each hidden state, after the last observation.
    policy, made : ()
        The policy under way, and how many of its moves have been made; 0 to draw anew.
    rollout : Rollout
        What happened since the last learning.
    accumulated : Accumulated
        What it will learn of observations and transitions when next the law is made.
    tally : Tally
        Of the trial: steps, free energy, decisions.
    """

    counts: Counts
    law: ResponseLaw
    belief: Float[Array, " state"]
    policy: Int[Array, ""]
    made: Int[Array, ""]
    rollout: Rollout
    accumulated: Accumulated
    tally: Tally
