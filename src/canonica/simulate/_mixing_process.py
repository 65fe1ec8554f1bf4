"""Sources, and the stimuli that are mixed from them."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Shaped

from canonica._arguments import checked_arguments
from canonica._checks import (
    check_memory,
    checked_array,
    checked_number,
    checked_probability,
    checked_size,
    described,
    refusal,
)
from canonica._errors import CanonicaError

AT_A_TIME = 20  # networks whose stimuli are drawn together: bounds memory, however many they are


class Mixture(NamedTuple):
    """Hidden sources and the stimuli mixed from them, 0/1 both.

    Attributes
    ----------
    sources : (trial, source)
    stimuli : (trial, input)
    """

    sources: Shaped[Array, "trial source"]
    stimuli: Shaped[Array, "trial input"]


@checked_arguments
def mixing_process(
    key: Array,
    *,
    trials: int,
    repeats: int = 1,
    sources: int = 2,
    inputs: int = 32,
    mixing: float | Float[Array | np.ndarray, "input source"] = 0.75,
    correlation: float = 0.0,
    switching: float = 0.5,
    dtype: np.dtype | type | None = None,
) -> Mixture:
    """Return binary sources and the stimuli that inputs copy from them.

    Parameters
    ----------
    key : jax.random.key
        Decides everything random; `jax.vmap` over keys gives many at once.
    trials : int
        Different trials.
    repeats : int
        How often these trials come, one pass after the other: in the published experiment the
        same 256 in each of 100 sessions. For fresh sessions draw all their trials.
    sources, inputs : int
        Sizes.
    mixing : float or (input, source)
        How often an input copies which source. One number p is the published scheme: inputs divide
        into one block per source, as evenly as they can, and copy the source of their block with
        probability p, else one of the others. 1 is no mixing; 1 / sources cannot be separated.
    correlation : float
        Of any two sources, from 0 to 1.
    switching : float
        Probability that a source changes from one trial to the next, from 0 to 1/2, the default:
        every trial is drawn afresh. Below that, all sources are held for a while together.
    dtype
        Of what is returned; by default JAX's floating type. `jax.numpy.int8` saves memory.

    Returns
    -------
    Mixture
        `sources` (trial, source) and `stimuli` (trial, input).

    Raises
    ------
    CanonicaError
        If a size or probability is out of its range.

    References
    ----------
    [PC15]; [NC23] Methods.

    Examples
    --------
    >>> key = jax.random.key(0)
    >>> sources, stimuli = mixing_process(key, trials=4, inputs=6, mixing=1.0)
    >>> bool((stimuli[:, :3] == sources[:, :1]).all())  # unmixed: the first block is source 1
    True
    """
    check_key(key)
    sizes = {"trials": trials, "repeats": repeats, "sources": sources, "inputs": inputs}
    for name, size in sizes.items():
        checked_size(name, size)
    check_memory({"stimuli": trials * repeats * inputs})
    check_range("correlation", correlation, 0.0, 1.0)
    check_range("switching", switching, 0.0, 0.5)
    scheme = np.ndim(mixing) == 0
    matrix = mixing_matrix(sources, inputs, mixing) if scheme else mixing  # type: ignore[arg-type]
    mixture = _mixture(
        key,
        jnp.asarray(_checked_matrix(matrix, sources, inputs)),
        jnp.asarray(correlation),
        jnp.asarray(switching),
        trials=trials,
        repeats=repeats,
    )
    dtype = jnp.zeros(()).dtype if dtype is None else dtype
    return Mixture(*(part.astype(dtype) for part in mixture))


@partial(jax.jit, static_argnames=("trials", "repeats"))
def _mixture(
    key: Array, matrix: Array, correlation: Array, switching: Array, *, trials: int, repeats: int
) -> tuple[Array, Array]:
    inputs, sources = matrix.shape
    own, common, join, redraw, copy = jax.random.split(key, 5)
    drawn = jax.random.bernoulli(own, 0.5, (trials, sources))
    together = jax.random.bernoulli(common, 0.5, (trials, 1))
    # Two sources that each follow a common one with probability q have the correlation q ** 2.
    follows = jax.random.uniform(join, (trials, sources)) < jnp.sqrt(correlation)
    drawn = jnp.where(follows, together, drawn)
    # A new draw leaves half of the sources as they were.
    renewed = jax.random.uniform(redraw, (trials,)) < 2 * switching
    latest = jax.lax.cummax(jnp.where(renewed, jnp.arange(trials), 0))
    hidden = drawn[latest]

    chance = jax.random.uniform(copy, (trials, inputs, 1), matrix.dtype)
    copied = (chance >= jnp.cumsum(matrix, axis=1)[None, :, :-1]).sum(axis=2)
    stimuli = jnp.take_along_axis(hidden, copied, axis=1)
    return jnp.tile(hidden, (repeats, 1)), jnp.tile(stimuli, (repeats, 1))


@checked_arguments
def mixing_matrix(sources: int, inputs: int, mixing: float) -> Float[np.ndarray, "input source"]:
    """Return how often each input copies each source in the published scheme.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> mixing_matrix(2, 4, 0.75).tolist()
    [[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]]
    """
    mixing = checked_probability("mixing", mixing)
    own = own_source(sources, inputs)
    if sources == 1:
        return np.ones((inputs, 1))
    share = (1 - mixing) / (sources - 1)
    return np.where(own[:, None] == np.arange(sources), mixing, share)


def own_source(sources: int, inputs: int) -> Int[np.ndarray, " input"]:
    """Return the source of the block that each input belongs to."""
    checked_size("sources", sources)
    if checked_size("inputs", inputs) < sources:
        raise CanonicaError(
            f"sources, inputs: found {sources} and {inputs}; expected at least one source, and an "
            "input for each."
        )
    return np.arange(inputs) * sources // inputs


@checked_arguments
def likelihood_mapping(
    matrix: Float[Array | np.ndarray, "input source"],
) -> Float[Array | np.ndarray, "2 input source"]:
    """Return the probability of each input given each value of each source, index = value.

    ``1/2 + p/2`` for source 1 and ``1/2 - p/2`` for source 0, p being how often the input copies
    that source; for sources that do not depend on each other.

    Parameters
    ----------
    matrix : (input, source)
        As `mixing_matrix` gives it.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    copied = checked_array("matrix", matrix, dims=["input", "source"], lowest=0, highest=1)
    return np.stack([(1 - copied) / 2, (1 + copied) / 2])


def check_range(name: str, value: Any, lowest: float, highest: float) -> None:
    """Raise CanonicaError unless `value`, where it is known, is a number in its range."""
    if not isinstance(value, Tracer):
        checked_number(name, value, lowest=lowest, highest=highest)


def check_key(key: Any) -> None:
    """Raise CanonicaError unless `key` is one key of JAX's, of the new kind or the old."""
    typed = isinstance(key, Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    shape = () if typed else (2,) if getattr(key, "dtype", None) == np.uint32 else None
    if shape is None or key.shape != shape:
        raise refusal("key", described(key), "one key", "Make it by jax.random.key, from a seed.")


def _checked_matrix(
    given: Any, sources: int, inputs: int
) -> Float[Array | np.ndarray, "input source"]:
    if not isinstance(given, Tracer):
        checked_array("mixing", given, dims=["input", "source"])
    matrix = jnp.asarray(given, float)
    if matrix.shape != (inputs, sources):
        raise CanonicaError(
            f"mixing: found shape {matrix.shape}; expected a number, or {(inputs, sources)}: "
            "how often each input copies each source."
        )
    known = not isinstance(matrix, Tracer)
    if known and not (np.all(matrix >= 0) and np.allclose(matrix.sum(axis=1), 1, atol=1e-5)):
        raise CanonicaError("mixing: expected probabilities, which add up to 1 for every input.")
    return matrix
