"""Agents in worlds: trials, experiments of many of them, and what their decisions tell."""

from canonica.agents.experiments._decision_log import decision_log, observed_decisions
from canonica.agents.experiments._experiment_store import ExperimentStore, is_store
from canonica.agents.experiments._gymnasium_agent import (
    GymnasiumAgent,
    binary_observations,
    risk_of_reward,
    run_in_gymnasium,
)
from canonica.agents.experiments._learning_curves import learning_curves
from canonica.agents.experiments._learning_summary import (
    STATISTICS,
    learning_summary,
    legible_block,
    published_comparison,
)
from canonica.agents.experiments._maze_experiment import (
    maze_experiment,
    recorded_trials,
    trials_done,
)
from canonica.agents.experiments._scene import scene
from canonica.agents.experiments._transplant import (
    PRIORS_RIGHT,
    estimated_priors,
    transplant,
    transplant_study,
    transplant_summary,
)
from canonica.agents.experiments._trial import Record, Trial, trial

__all__ = [
    "PRIORS_RIGHT",
    "STATISTICS",
    "ExperimentStore",
    "GymnasiumAgent",
    "Record",
    "Trial",
    "binary_observations",
    "decision_log",
    "estimated_priors",
    "is_store",
    "learning_curves",
    "learning_summary",
    "legible_block",
    "maze_experiment",
    "observed_decisions",
    "published_comparison",
    "recorded_trials",
    "risk_of_reward",
    "run_in_gymnasium",
    "scene",
    "transplant",
    "transplant_study",
    "transplant_summary",
    "trial",
    "trials_done",
]
