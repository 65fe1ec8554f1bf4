"""Agents taken along: exported, run in their own runtime, compared with what they were."""
