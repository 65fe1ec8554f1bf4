"""Agents in the environments of Gymnasium."""
