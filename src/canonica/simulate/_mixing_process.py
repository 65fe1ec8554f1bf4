"""Sources, and the stimuli that are mixed from them."""

import numpy as np
from jaxtyping import Float


def mixing_process(
    generator: np.random.Generator,
    *,
    trials: int,
    sources: int = 2,
    inputs: int = 32,
    mixing: float = 0.75,
) -> tuple[Float[np.ndarray, "trial source"], Float[np.ndarray, "trial input"]]:
    """Return independent binary sources and the stimuli that inputs copy from them.

    The inputs divide into one block per source, as evenly as they can. At every trial an input
    copies the source of its block with probability `mixing`, and else one of the others.

    Parameters
    ----------
    generator : numpy.random.Generator
        The source of randomness.
    trials, sources, inputs : int
        Sizes, each at least 1; as many inputs as sources at least.
    mixing : float
        1 for no mixing; 1 / sources cannot be separated.

    Returns
    -------
    sources : (trial, source)
    stimuli : (trial, input)
        0/1 both.

    References
    ----------
    [PC15]; [NC23] Methods.

    Examples
    --------
    >>> sources, stimuli = mixing_process(np.random.default_rng(0), trials=4, inputs=6, mixing=1.0)
    >>> bool((stimuli[:, :3] == sources[:, :1]).all())  # unmixed: the first block is source 1
    True
    """
    hidden = generator.integers(0, 2, (trials, sources))
    own = np.arange(inputs) * sources // inputs
    other = (own + generator.integers(1, max(sources, 2), (trials, inputs))) % sources
    copied = np.where(generator.random((trials, inputs)) < mixing, own, other)
    stimuli = np.take_along_axis(hidden, copied, axis=1)
    return hidden.astype(np.float64), stimuli.astype(np.float64)


def likelihood_mapping(
    sources: int, inputs: int, mixing: float
) -> Float[np.ndarray, "2 input source"]:
    """Return the probability of each input given each value of each source, index = value.

    ``1/2 + p/2`` for source 1 and ``1/2 - p/2`` for source 0, p being how often the input copies
    that source.
    """
    own = np.arange(inputs) * sources // inputs
    share = (1 - mixing) / (sources - 1) if sources > 1 else 0.0  # of each other source, if any
    own_share = 1 - share * (sources - 1)
    copies = np.where(own[:, None] == np.arange(sources), own_share, share)
    return np.stack([(1 - copies) / 2, (1 + copies) / 2])
