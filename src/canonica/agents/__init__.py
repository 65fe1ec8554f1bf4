"""Networks that act: the two-layer canonical network as an agent, and worlds for it."""

from canonica._statistics import bootstrap_interval
from canonica.agents.designs._efficient_agent import FollowingModulation, efficient_agent
from canonica.agents.designs._maze_agent import agent_with_prior, identity_counts, maze_agent
from canonica.agents.designs._world_agents import (
    LATCH,
    TRACE,
    Memory,
    bandit_agent,
    sensing_agent,
    t_maze_agent,
)
from canonica.agents.experiments._decision_log import decision_log, observed_decisions
from canonica.agents.experiments._gymnasium_agent import (
    GymnasiumAgent,
    binary_observations,
    risk_of_reward,
    run_in_gymnasium,
)
from canonica.agents.experiments._learning_curves import learning_curves
from canonica.agents.experiments._learning_summary import learning_summary, published_comparison
from canonica.agents.experiments._maze_experiment import maze_experiment, recorded_trials
from canonica.agents.experiments._scene import scene
from canonica.agents.experiments._transplant import (
    estimated_priors,
    transplant,
    transplant_study,
    transplant_summary,
)
from canonica.agents.experiments._trial import Record, Trial, trial
from canonica.agents.network._agent import Agent, Decision
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._modulation import (
    MeanModulation,
    Modulation,
    ProgressModulation,
    StepModulation,
)
from canonica.agents.network._outcome_modulation import OutcomeModulation
from canonica.agents.network._policies import first_move_prior, sequences
from canonica.agents.worlds._environment import Environment, Outcome
from canonica.agents.worlds._gymnasium_worlds import GymnasiumWorld
from canonica.agents.worlds._maze import Maze, maze_walls, shortest_path
from canonica.agents.worlds._switching_bandit import BanditState, SwitchingBandit
from canonica.agents.worlds._t_maze import TMaze, TMazeState
from canonica.agents.worlds._world_pictures import picture

__all__ = [
    "LATCH",
    "TRACE",
    "Agent",
    "AgentState",
    "BanditState",
    "Decision",
    "Environment",
    "FollowingModulation",
    "GymnasiumAgent",
    "GymnasiumWorld",
    "Maze",
    "MeanModulation",
    "Memory",
    "Modulation",
    "Outcome",
    "OutcomeModulation",
    "ProgressModulation",
    "Record",
    "StepModulation",
    "SwitchingBandit",
    "TMaze",
    "TMazeState",
    "Trial",
    "agent_with_prior",
    "bandit_agent",
    "binary_observations",
    "bootstrap_interval",
    "decision_log",
    "efficient_agent",
    "estimated_priors",
    "first_move_prior",
    "identity_counts",
    "learning_curves",
    "learning_summary",
    "maze_agent",
    "maze_experiment",
    "maze_walls",
    "observed_decisions",
    "picture",
    "published_comparison",
    "recorded_trials",
    "risk_of_reward",
    "run_in_gymnasium",
    "scene",
    "sensing_agent",
    "sequences",
    "shortest_path",
    "t_maze_agent",
    "transplant",
    "transplant_study",
    "transplant_summary",
    "trial",
]
