"""The commands: arguments, what is printed, exit codes."""

from canonica.cli import (  # each registers its commands
    _analyze,
    _convert,
    _culture_phenotype,
    _demo,
    _export,
    _fetch,
    _forecast,
    _lesion,
    _maze,
    _phenotype,
    _play,
    _report,
    _simulate,
    _simulate_culture,
    _study,
    _validate,
)
from canonica.cli._app import app, main, program

__all__ = ["app", "main", "program"]

del (
    _analyze,
    _convert,
    _culture_phenotype,
    _demo,
    _export,
    _fetch,
    _forecast,
    _lesion,
    _maze,
    _phenotype,
    _play,
    _report,
    _simulate,
    _simulate_culture,
    _study,
    _validate,
)
