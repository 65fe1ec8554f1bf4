"""Conditions compared: from a table of recordings to the comparison."""
