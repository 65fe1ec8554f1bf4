"""Agents in worlds: trials, experiments of many of them, and what their decisions tell."""

from canonica.agents.designs._named_agents import AgentName
from canonica.agents.experiments._learning_curves import learning_curves
from canonica.agents.experiments._record import Record
from canonica.agents.experiments._scene import scene
from canonica.agents.experiments._trial import Trial, trial
from canonica.agents.experiments.decisions._decision_log import decision_log
from canonica.agents.experiments.decisions._estimated_prior import By, estimated_priors
from canonica.agents.experiments.decisions._observed_decisions import observed_decisions
from canonica.agents.experiments.gymnasium._binary_observations import binary_observations
from canonica.agents.experiments.gymnasium._episode import Acts
from canonica.agents.experiments.gymnasium._gymnasium_agent import GymnasiumAgent
from canonica.agents.experiments.gymnasium._play import play
from canonica.agents.experiments.gymnasium._risk_of_reward import risk_of_reward
from canonica.agents.experiments.gymnasium._rivals import QLearningAgent, RandomAgent
from canonica.agents.experiments.gymnasium._run_in_gymnasium import run_in_gymnasium
from canonica.agents.experiments.maze._experiment_store import ExperimentStore, is_store
from canonica.agents.experiments.maze._learning_summary import (
    STATISTICS,
    learning_summary,
    legible_block,
)
from canonica.agents.experiments.maze._maze_experiment import maze_experiment, trials_done
from canonica.agents.experiments.maze._published_outcomes import published_comparison
from canonica.agents.experiments.maze._recorded_trials import recorded_trials
from canonica.agents.experiments.transplant._transplant import transplant
from canonica.agents.experiments.transplant._transplant_study import PRIORS_RIGHT, transplant_study
from canonica.agents.experiments.transplant._transplant_summary import transplant_summary

__all__ = [
    "PRIORS_RIGHT",
    "STATISTICS",
    "Acts",
    "AgentName",
    "By",
    "ExperimentStore",
    "GymnasiumAgent",
    "QLearningAgent",
    "RandomAgent",
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
    "play",
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
