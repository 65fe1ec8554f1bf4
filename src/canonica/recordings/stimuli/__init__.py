"""Stimuli: which rows make a trial, which trials a session, and what their sources were."""
