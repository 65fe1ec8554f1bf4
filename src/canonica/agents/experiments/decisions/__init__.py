"""Decisions that were observed, and the decision prior that they tell of."""
