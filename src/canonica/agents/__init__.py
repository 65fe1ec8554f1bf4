"""Networks that act: the two-layer canonical network as an agent, and worlds for it."""

from canonica.agents._agent import Agent, Decision
from canonica.agents._agent_state import AgentState
from canonica.agents._bootstrap import bootstrap_interval
from canonica.agents._decision_log import decision_log, observed_decisions
from canonica.agents._environment import Environment, Outcome
from canonica.agents._learning_summary import learning_summary, published_comparison
from canonica.agents._maze import Maze, maze_walls, shortest_path
from canonica.agents._maze_agent import agent_with_prior, identity_counts, maze_agent
from canonica.agents._maze_experiment import maze_experiment, recorded_trials
from canonica.agents._modulation import (
    MeanModulation,
    Modulation,
    ProgressModulation,
    StepModulation,
)
from canonica.agents._policies import first_move_prior, sequences
from canonica.agents._scene import scene
from canonica.agents._transplant import (
    estimated_priors,
    transplant,
    transplant_study,
    transplant_summary,
)
from canonica.agents._trial import Record, Trial, trial

__all__ = [
    "Agent",
    "AgentState",
    "Decision",
    "Environment",
    "Maze",
    "MeanModulation",
    "Modulation",
    "Outcome",
    "ProgressModulation",
    "Record",
    "StepModulation",
    "Trial",
    "agent_with_prior",
    "bootstrap_interval",
    "decision_log",
    "estimated_priors",
    "first_move_prior",
    "identity_counts",
    "learning_summary",
    "maze_agent",
    "maze_experiment",
    "maze_walls",
    "observed_decisions",
    "published_comparison",
    "recorded_trials",
    "scene",
    "sequences",
    "shortest_path",
    "transplant",
    "transplant_study",
    "transplant_summary",
    "trial",
]
