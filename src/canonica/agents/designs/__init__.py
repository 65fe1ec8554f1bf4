"""Agents made for a world: which hidden states, priors and plasticity they come with."""
