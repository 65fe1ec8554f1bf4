"""Recordings of the CL1 of Cortical Labs."""
