"""Recovery: networks drawn from a prior, simulated, reverse-engineered, and both sides compared."""

from canonica.studies.recovery._recovery import recovery
from canonica.studies.recovery._summary import recovery_summary

__all__ = ["recovery", "recovery_summary"]
