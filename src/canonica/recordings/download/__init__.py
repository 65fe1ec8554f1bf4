"""Recordings that their authors have made public, fetched."""
