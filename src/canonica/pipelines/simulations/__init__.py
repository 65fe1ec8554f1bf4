"""Simulated data sets and experiments, run and written."""
