"""What made a result."""

from functools import cache
from importlib.metadata import version

from canonica._version import __version__


@cache
def versions() -> dict[str, str]:
    """Return the versions that made a result."""
    return {"canonica_version": __version__, "jax_version": version("jax")}
