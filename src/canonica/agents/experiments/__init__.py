"""Agents in worlds: trials, experiments of many of them, and what their decisions tell."""
