"""An in-silico culture on an electrode array."""

from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica._recording import recording
from canonica.simulate._encoder import encode
from canonica.simulate._initial_counts import initial_model
from canonica.simulate._mixing_process import mixing_process

SILENT_SHARE = 0.25  # of the electrodes, recording only the odd spike
SILENT_RATE = 0.05  # spikes per trial
BASELINE_SPIKES = (0.5, 2.0)  # of an active electrode, whatever the network believes
GAIN_SPIKES = (2.0, 6.0)  # that full belief in its source adds
FLUCTUATION = 0.2  # of the whole network's excitability from trial to trial, relative


def culture(
    seed: int,
    *,
    sources: int = 2,
    inputs: int = 32,
    electrodes: int = 64,
    sessions: int = 100,
    trials_per_session: int = 256,
    mixing: float = 0.75,
    state_prior: float = 0.5,
    name: str = "simulated",
    condition: str = "simulated",
) -> xr.Dataset:
    """Return the recording of a simulated culture that learns to separate sources.

    A canonical network encodes the stimuli and learns at every trial ([NC23]'s encoder). Each
    active electrode expresses the posterior of one source with its own baseline and gain; all
    fluctuate together from trial to trial, and spikes are Poisson. Every trial has fresh stimuli.

    Parameters
    ----------
    seed : int
        Decides everything random.
    sources, inputs, electrodes, sessions, trials_per_session : int
        Sizes, each at least 1; as many inputs as sources at least, and twice as many electrodes.
    mixing : float
        Probability that an input copies the source of its block.
    state_prior : float
        D[1]: 0.2, 0.5 and 0.8 model lowered, normal and raised excitability.
    name, condition : str
        As the recording is to be called.

    Returns
    -------
    xarray.Dataset
        A recording, as `canonica.read` returns it.

    Raises
    ------
    CanonicaError
        If a size or probability is out of its range.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.

    Examples
    --------
    >>> dict(culture(seed=0, sessions=2, trials_per_session=8).sizes)
    {'trial': 16, 'electrode': 64, 'input': 32, 'source': 2}
    """
    sizes = {
        "sources": sources,
        "inputs": inputs,
        "electrodes": electrodes,
        "sessions": sessions,
        "trials_per_session": trials_per_session,
    }
    _check(sizes, mixing, state_prior)
    hidden, stimuli, belief = _learned(
        seed,
        trials=sessions * trials_per_session,
        sources=sources,
        inputs=inputs,
        mixing=mixing,
        state_prior=state_prior,
    )
    generator = np.random.default_rng(seed)
    return recording(
        _spikes(generator, belief, electrodes),
        stimuli,
        hidden,
        session=trials_per_session,
        name=name,
        condition=condition,
        origin=f"canonica.simulate.culture, seed {seed}",
        simulated_mixing=mixing,
        simulated_state_prior=state_prior,
    )


@in_float64
def _learned(
    seed: int, *, trials: int, sources: int, inputs: int, mixing: float, state_prior: float
) -> tuple[Any, Any, Any]:  # NumPy arrays, by `in_float64`
    """Return sources, stimuli, and what a network that learns makes of them."""
    world, mind = jax.random.split(jax.random.key(seed))
    hidden, stimuli = mixing_process(
        world, trials=trials, sources=sources, inputs=inputs, mixing=mixing
    )
    model = initial_model(mind, state_prior=state_prior, sources=sources, inputs=inputs)
    return hidden, stimuli, encode(model, stimuli).posterior


def _spikes(
    generator: np.random.Generator, belief: Float[np.ndarray, "trial source"], electrodes: int
) -> Int[np.ndarray, "trial electrode"]:
    trials, sources = belief.shape
    source = np.arange(electrodes) % sources
    silent = generator.random(electrodes) < SILENT_SHARE
    silent[: 2 * sources] = False  # every source keeps electrodes, however few there are
    gain = np.where(silent, 0, generator.uniform(*GAIN_SPIKES, electrodes))
    baseline = np.where(silent, SILENT_RATE, generator.uniform(*BASELINE_SPIKES, electrodes))
    excitability = np.exp(FLUCTUATION * generator.standard_normal((trials, 1)))
    return generator.poisson(excitability * (baseline + gain * belief[:, source]))


def _check(sizes: dict[str, int], mixing: float, state_prior: float) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise CanonicaError(f"{name}: found {size}; expected at least 1.")
    if sizes["inputs"] < sizes["sources"] or sizes["electrodes"] < 2 * sizes["sources"]:
        raise CanonicaError(
            f"inputs, electrodes: found {sizes['inputs']} and {sizes['electrodes']}; expected at "
            f"least one input and two electrodes for each of {sizes['sources']} sources."
        )
    if not (0 <= mixing <= 1 and 0 < state_prior < 1):
        raise CanonicaError(
            f"mixing, state_prior: found {mixing} and {state_prior}; expected probabilities, the "
            "prior neither 0 nor 1."
        )
