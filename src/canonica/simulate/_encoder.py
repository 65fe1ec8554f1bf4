"""The simulated encoder of [NC23]: a network that learns to separate sources as it listens."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from canonica._float64 import in_float64
from canonica.model import Beliefs, GenerativeModel

BIAS = 0.01  # of the initial expectations towards the own source
AMPLITUDES = (200.0, 400.0)  # of the initial counts, drawn uniformly per synapse


def initial_counts(
    generator: np.random.Generator, *, sources: int, inputs: int
) -> Float[np.ndarray, "2 2 input source"]:
    """Return the counts of an encoder that barely knows which inputs belong together.

    Expectations of an input are 1/2 plus or minus twice the bias for the source of its block, once
    the bias for the others; each synapse has an amplitude of its own.
    """
    own = np.arange(inputs) * sources // inputs
    bias = BIAS * np.where(own[:, None] == np.arange(sources), 2, 1)
    on = np.stack([0.5 - bias, 0.5 + bias])
    amplitude = generator.uniform(*AMPLITUDES, (inputs, sources))
    return np.stack([1 - on, on]) * amplitude


@in_float64
def encode(
    counts: Float[np.ndarray, "2 2 input source"],
    state_prior: Float[np.ndarray, "2 source"],
    stimuli: Float[np.ndarray, "trial input"],
) -> Float[np.ndarray, "trial source"]:
    """Return the posterior at every trial of an encoder that learns from each."""
    belief = _encode(*(jnp.asarray(values) for values in (counts, state_prior, stimuli)))
    return np.asarray(belief)


@jax.jit
def _encode(counts: Array, state_prior: Array, stimuli: Array) -> Array:
    def step(model: GenerativeModel, stimulus: Array) -> tuple[GenerativeModel, Array]:
        belief = model.state_posterior(stimulus)
        return model.update(stimulus[None], Beliefs(belief[None])), belief

    return jax.lax.scan(step, GenerativeModel(counts, state_prior), stimuli)[1]
