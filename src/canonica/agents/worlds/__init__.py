"""Worlds for agents: two functions on JAX arrays each; they know no agent."""
