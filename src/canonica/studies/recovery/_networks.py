"""What the networks that were drawn do: stimuli, beliefs, and the strengths they end with."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Int8

from canonica._float64 import in_float64
from canonica.model import GenerativeModel, SynapticSums
from canonica.reverse_engineering.published_protocol._observed import AnyArray
from canonica.simulate import encode, initial_counts, mixing_matrix, mixing_process
from canonica.studies.recovery._prior import DrawnNetworks


class Sizes(NamedTuple):
    sessions: int
    trials_per_session: int
    inputs: int
    sources: int


class SimulatedNetworks(NamedTuple):
    """What the networks of a chunk of draws did, and what they then believed."""

    sources: Int8[AnyArray, "draw trial source"]
    stimuli: Int8[AnyArray, "draw trial input"]
    posterior: Float[AnyArray, "draw trial source"]
    strength: Float[AnyArray, "draw 2 source input"]
    initial: SynapticSums


def simulated_networks(
    chunk: Int[np.ndarray, " draw"], *, seed: int, drawn: DrawnNetworks, sizes: Sizes
) -> SimulatedNetworks:
    """Return the simulated activity of networks, and of the numbers that they have."""
    return _encoded(
        seed,
        chunk,
        np.stack([mixing_matrix(sizes.sources, sizes.inputs, p) for p in drawn.mixing]),
        drawn.state_prior,
        drawn.prior_strength,
        drawn.lean,
        sizes=sizes,
    )


@in_float64
def _encoded(  # noqa: PLR0917  (arrays, in the order of the computation)
    seed: int,
    numbers: Int[np.ndarray, " draw"],
    matrices: Float[np.ndarray, "draw input source"],
    state_prior: Float[np.ndarray, "draw source"],
    prior_strength: Float[np.ndarray, " draw"],
    lean: Float[np.ndarray, " draw"],
    *,
    sizes: Sizes,
) -> SimulatedNetworks:
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), numbers)
    counts = [
        initial_counts(
            key,
            sources=sizes.sources,
            inputs=sizes.inputs,
            lean=float(excess),
            amplitude=(float(strength), float(strength)),
        )
        for key, excess, strength in zip(keys, lean, prior_strength, strict=True)
    ]
    return _encoded_together(keys, jnp.stack(counts), jnp.asarray(state_prior), matrices, sizes)


@partial(jax.jit, static_argnames="sizes")
def _encoded_together(
    keys: Array,
    counts: Float[Array, "draw 2 2 input source"],
    state_prior: Float[Array, "draw source"],
    matrices: Float[Array, "draw input source"],
    sizes: Sizes,
) -> SimulatedNetworks:
    def world(key: Array, matrix: Array) -> tuple[Array, Array]:
        return mixing_process(
            key,
            trials=sizes.sessions * sizes.trials_per_session,
            sources=sizes.sources,
            inputs=sizes.inputs,
            mixing=matrix,
            dtype=jnp.int8,
        )

    sources, stimuli = jax.vmap(world)(keys, matrices)
    encoding = encode(
        jax.vmap(GenerativeModel)(counts, jnp.stack([1 - state_prior, state_prior], axis=1)),
        stimuli,
        learn="session",
        trials_per_session=sizes.trials_per_session,
        keep="weights",
    )
    assert encoding.weight is not None  # noqa: S101  (asked for)
    strength = jax.nn.sigmoid(encoding.weight[:, -1])
    initial = SynapticSums(counts[:, 1].swapaxes(2, 3), counts.sum(axis=1).swapaxes(2, 3))
    return SimulatedNetworks(sources, stimuli, encoding.posterior, strength, initial)
