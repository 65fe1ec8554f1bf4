"""Versions of canonica and JAX, which results are stamped with."""

from functools import cache
from importlib.metadata import version

from canonica._version import __version__


@cache
def versions() -> dict[str, str]:
    """Return the versions of canonica and JAX, as attributes of a result."""
    return {"canonica_version": __version__, "jax_version": version("jax")}
