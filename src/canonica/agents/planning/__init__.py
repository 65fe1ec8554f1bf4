"""Agents that learn a world of symbols, and plan in it."""

from canonica.agents.planning._agent_for import agent_for
from canonica.agents.planning._knowledge import Knowledge
from canonica.agents.planning._planning_agent import PlanningAgent
from canonica.agents.planning._vector_agent import VectorPlanningAgent

__all__ = ["Knowledge", "PlanningAgent", "VectorPlanningAgent", "agent_for"]
