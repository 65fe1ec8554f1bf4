"""Electrodes that express what a network believes, each in its own way."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from canonica.simulate._mixing_process import own_source

# Chosen so that responses resemble those of recorded cultures: docs/culture.md shows them together.
GAIN_SPIKES = 10.0  # of the best electrode's full response, in a culture like most
GAIN_SKEW = 1.7  # 1 makes all gains up to it as likely, more makes small ones likelier
GAIN_OF_CULTURE = 0.4  # standard deviation of its logarithm from culture to culture
BASELINE, BASELINE_SPREAD = 0.3, 1.0  # median of spontaneous spikes per second; of its logarithm
MIXED = (0.5, 0.8)  # beta distribution of how far electrodes follow all sources alike
UNSELECTIVE = 0.75  # of which, from which on they prefer none
MIXED_AT_BEST = 0.3  # of the best electrodes of each source
REACH = 0.3  # the higher, the more inputs an electrode has near
EXCITABILITY, EXCITABILITY_SPREAD = 1.0, 0.8  # median and spread of its logarithm
DRIFT_SPREAD = 0.6  # of the logarithm of how fast gains wander
ARTEFACT_SPIKES = 3.0  # at most, if all inputs are on


class Electrodes(NamedTuple):
    """The source, gain and background activity of every electrode.

    Attributes
    ----------
    source : (electrode,)
        The source that it prefers, from 1; 0 for none.
    gain : (electrode,)
        Spikes of a full response.
    baseline : (electrode,)
        Spontaneous spikes per second.
    artefact : (electrode,)
        Spikes that are not any, if all inputs are on.
    preference : (electrode, source)
        How far it follows the belief in each source; they add up to 1.
    field : (electrode, input)
        How far each input drives it directly; they add up to 1.
    excitability : (electrode,)
        How soon inputs that are on saturate it.
    drift : (session, electrode)
        What its gain is multiplied by.
    """

    source: Int[np.ndarray, " electrode"]
    gain: Float[np.ndarray, " electrode"]
    baseline: Float[np.ndarray, " electrode"]
    artefact: Float[np.ndarray, " electrode"]
    preference: Float[np.ndarray, "electrode source"]
    field: Float[np.ndarray, "electrode input"]
    excitability: Float[np.ndarray, " electrode"]
    drift: Float[np.ndarray, "session electrode"]


def drawn_electrodes(
    generator: np.random.Generator,
    *,
    electrodes: int,
    sources: int,
    inputs: int,
    sessions: int,
    drift: float,
    dead: int,
) -> Electrodes:
    """Return electrodes drawn at random, some of each kind for every source."""
    own = np.arange(electrodes) % sources
    place = _places(generator, own)
    culture = _lognormal(generator, 1.0, GAIN_OF_CULTURE, 1)
    gain = culture * GAIN_SPIKES * place**GAIN_SKEW
    # Every source keeps its two best electrodes, however few there are.
    best = place > 1 - 2 * sources / electrodes
    mixed = np.where(best, MIXED_AT_BEST, 1.0) * generator.beta(*MIXED, electrodes)
    baseline = _lognormal(generator, BASELINE, BASELINE_SPREAD, electrodes)
    artefact = ARTEFACT_SPIKES * generator.random(electrodes)
    alive = np.ones(electrodes)
    alive[generator.permutation(electrodes)[:dead]] = 0.0
    is_own = own[:, None] == np.arange(sources)
    return Electrodes(
        source=np.where((mixed < UNSELECTIVE) & (alive > 0), own + 1, 0),
        gain=alive * gain,
        baseline=alive * baseline,
        artefact=alive * artefact,
        preference=_shared(is_own, mixed),
        field=_fields(generator, own, mixed, inputs),
        excitability=_lognormal(generator, EXCITABILITY, EXCITABILITY_SPREAD, electrodes),
        drift=_drifting(generator, drift, sessions, electrodes),
    )


def direct_drive(
    electrodes: Electrodes, stimuli: Float[np.ndarray, "trial input"], state_prior: float
) -> Float[np.ndarray, "trial electrode"]:
    """Return how far the inputs near each electrode drive it by themselves; 1 is a full response.

    A few inputs that are on saturate it, the sooner the more excitable the culture is.
    """
    near = stimuli @ electrodes.field.T
    drug = np.sqrt(state_prior / (1 - state_prior))
    full = -np.expm1(-electrodes.excitability)
    return -np.expm1(-drug * electrodes.excitability * near) / full


def _places(
    generator: np.random.Generator, own: Int[np.ndarray, " electrode"]
) -> Float[np.ndarray, " electrode"]:
    """Return the place of each electrode among those of its source, from 0 to 1, evenly spread."""
    shuffled = np.lexsort((generator.random(len(own)), own))
    sizes = np.bincount(own)
    rank = np.empty(len(own))
    rank[shuffled] = np.arange(len(own)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return (rank + generator.random(len(own))) / sizes[own]


def _shared(is_own: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    """Return shares: what is mixed divided evenly among all, the rest to the own one."""
    everyone = np.full(is_own.shape, 1 / is_own.shape[1])
    return (1 - mixed[:, None]) * is_own + mixed[:, None] * everyone


def _fields(
    generator: np.random.Generator, own: np.ndarray, mixed: np.ndarray, inputs: int
) -> Float[np.ndarray, "electrode input"]:
    """Return how far each input drives each electrode: few do, and of mixed ones any may."""
    block = own_source(int(own.max()) + 1, inputs)
    near = generator.gamma(REACH / np.bincount(block)[block], size=(len(own), inputs)) + 1e-12
    from_own, from_all = (
        part / part.sum(axis=1, keepdims=True) for part in (near * (own[:, None] == block), near)
    )
    return (1 - mixed[:, None]) * from_own + mixed[:, None] * from_all


def _drifting(
    generator: np.random.Generator, drift: float, sessions: int, electrodes: int
) -> Float[np.ndarray, "session electrode"]:
    """Return gains that wander, by about `drift` from the first session to the last."""
    steps = generator.standard_normal((sessions, electrodes)) / np.sqrt(max(sessions - 1, 1))
    steps[0] = 0.0
    return np.exp(_lognormal(generator, drift, DRIFT_SPREAD, electrodes) * np.cumsum(steps, axis=0))


def _lognormal(
    generator: np.random.Generator, median: float, spread: float, size: int
) -> np.ndarray:
    return median * np.exp(spread * generator.standard_normal(size))
