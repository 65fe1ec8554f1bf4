"""Blocks of networks on all cores of a machine."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import jax
import jax.numpy as jnp
from jax.core import Tracer

from canonica._cores import cores
from canonica.simulate._encoder_scan import Encoded, Networks, Plan, encoded


def encoded_in_parallel(networks: Networks, plan: Plan) -> Encoded:
    """Return what `encoded` does, each core of a CPU having its share of the blocks.

    A compiled scan keeps to one core. On other devices, inside `jax.jit`, and with a single block
    there is nothing to share out.
    """
    count = len(networks.counts)
    blocks = -(-count // plan.block)
    workers = min(cores(), blocks)
    traced = any(isinstance(part, Tracer) for part in jax.tree.leaves(networks))
    if workers == 1 or traced or jax.default_backend() != "cpu":
        return encoded(networks, plan)
    share = -(-blocks // workers) * plan.block
    # All shares are of one size, to be compiled once: the last one reaches back for that.
    starts = [min(start, max(0, count - share)) for start in range(0, count, share)]
    double = jax.config.read("jax_enable_x64")  # a setting of each thread

    def own(start: int) -> Networks:
        part = jax.tree.map(lambda part: part[start : start + share], networks)
        return part._replace(stimuli=networks.stimuli) if len(networks.stimuli) == 1 else part

    compiled = encoded.lower(own(0), plan).compile()  # once, before they all ask for it

    def of_share(start: int) -> Encoded:
        with jax.enable_x64(double):
            return jax.block_until_ready(compiled(own(start)))

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(of_share, starts))
    new = [0, *(before + share - start for before, start in pairwise(starts))]
    return jax.tree.map(
        lambda *parts: jnp.concatenate(
            [part[first:] for part, first in zip(parts, new, strict=True)]
        ),
        *found,
    )
