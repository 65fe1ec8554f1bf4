"""Forecasting models, a file each."""
