"""What an encoder believes before it has seen anything."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_array, checked_number, checked_probability
from canonica._errors import CanonicaError
from canonica.model import GenerativeModel
from canonica.simulate._mixing_process import check_key, own_source


@checked_arguments
def initial_counts(
    key: Array,
    *,
    sources: int = 2,
    inputs: int = 32,
    lean: float = 0.01,
    amplitude: tuple[float, float] = (200.0, 400.0),
) -> Float[Array, "2 2 input source"]:
    """Return the counts that [NC23]'s encoder starts from: almost symmetric, and stiff.

    Expectations of an input are 1/2 plus or minus twice the lean for the source of its block, once
    the lean for the others; each synapse has an amplitude of its own, shared by its four counts.

    Parameters
    ----------
    key : jax.random.key
        Decides the amplitudes.
    sources, inputs : int
        Sizes.
    lean : float
        How far expectations lean towards the own source, below 1/4.
    amplitude : (float, float)
        Limits of the amplitudes, which are uniform in between: the prior strength.

    Returns
    -------
    (2, 2, input, source)
        Counts of a likelihood mapping.

    Raises
    ------
    CanonicaError
        If a size, the lean or an amplitude is out of its range.

    Examples
    --------
    >>> counts = initial_counts(jax.random.key(0), inputs=6)
    >>> expected = counts[1] / counts.sum(axis=0)
    >>> [round(float(expected[1, i, 0]), 2) for i in (0, 5)]
    [0.52, 0.51]
    """
    check_key(key)
    if not isinstance(lean, Tracer) and not 0 <= checked_number("lean", lean) < 0.25:  # noqa: PLR2004
        raise CanonicaError(f"lean: found {lean}; expected 0 or more, below 1/4.")
    check_amplitude(amplitude)
    own = own_source(sources, inputs)[:, None] == jnp.arange(sources)[None, :]
    excess = lean * jnp.where(own, 2.0, 1.0)
    on = jnp.stack([0.5 - excess, 0.5 + excess])
    amplitudes = jax.random.uniform(
        key, (inputs, sources), minval=amplitude[0], maxval=amplitude[1]
    )
    return jnp.stack([1 - on, on]) * amplitudes[None, None]


def check_amplitude(amplitude: Any) -> None:
    """Raise CanonicaError unless these, where they are known, are limits of amplitudes."""
    known = not any(isinstance(end, Tracer) for end in jax.tree.leaves(amplitude))
    if not known:
        return
    ends = checked_array("amplitude", amplitude, dims=["end"], lowest=1e-6, highest=1e15)
    if len(ends) != 2 or ends[0] > ends[1]:  # noqa: PLR2004
        raise CanonicaError(f"amplitude: found {amplitude}; expected two numbers, the lower first.")


@checked_arguments
def initial_model(
    key: Array,
    *,
    state_prior: float = 0.5,
    sources: int = 2,
    inputs: int = 32,
    lean: float = 0.01,
    amplitude: tuple[float, float] = (200.0, 400.0),
) -> GenerativeModel:
    """Return an encoder that has seen nothing yet: `initial_counts` and a state prior.

    Parameters
    ----------
    key : jax.random.key
        Decides the amplitudes; `jax.vmap` over keys gives a batch of models.
    state_prior : float
        D[1]: 0.2, 0.5 and 0.8 model lowered, normal and raised excitability [NC23].
    sources, inputs, lean, amplitude
        As in `initial_counts`.

    Raises
    ------
    CanonicaError
        As `initial_counts` does, and if the state prior is no probability inside (0, 1).

    Examples
    --------
    >>> keys = jax.random.split(jax.random.key(0), 10)
    >>> jax.vmap(initial_model)(keys).likelihood_counts.shape
    (10, 2, 2, 32, 2)
    """
    if not isinstance(state_prior, Tracer):
        checked_probability("state_prior", state_prior, certain=False)
    counts = initial_counts(key, sources=sources, inputs=inputs, lean=lean, amplitude=amplitude)
    prior = jnp.asarray([1 - state_prior, state_prior], counts.dtype)
    return GenerativeModel(counts, jnp.repeat(prior[:, None], sources, axis=1))
