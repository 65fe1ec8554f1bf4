"""The command line."""

from canonica.cli import _analyze, _demo, _simulate  # each registers its commands
from canonica.cli._app import app, main

__all__ = ["app", "main"]

del _analyze, _demo, _simulate
