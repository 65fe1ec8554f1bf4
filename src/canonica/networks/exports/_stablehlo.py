"""StableHLO: a step as the portable instructions that compilers of JAX, IREE and others take."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax

from canonica.networks.exports._exported_agent import ExportedAgent

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
FILE = "step.stablehlo"


def write_stablehlo(agent: ExportedAgent, folder: Path) -> list[str]:
    """Write the step as `jax.export` serialises it, for every platform; return its file."""
    shapes = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in agent.arguments.values()]
    with _without_places():
        found = jax.export.export(jax.jit(agent.step), platforms=PLATFORMS)(*shapes)
    (folder / FILE).write_bytes(found.serialize())
    return [FILE]


@contextmanager
def _without_places() -> Iterator[None]:
    """Have JAX leave out where code lies: on whose disk, the file need not tell."""
    name = "jax_traceback_in_locations_limit"
    before = getattr(jax.config, name)
    jax.config.update(name, 0)
    try:
        yield
    finally:
        jax.config.update(name, before)
