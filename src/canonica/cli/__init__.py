"""The command line."""

from canonica.cli import _analyze, _demo  # each registers its command
from canonica.cli._app import app, main

__all__ = ["app", "main"]

del _analyze, _demo
