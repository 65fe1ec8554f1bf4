"""Spike times of one electrode, given how many spikes are to fall where.

Times are whole samples of an amplifier, so that counts and intervals are exact.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

SAMPLES_PER_SECOND = 20_000
# Several neurons are heard on one electrode; what is detected of them together is 0.75 ms apart
# at least, which leaves room for the 25 spikes in 20 ms that recordings of cultures reach.
REFRACTORY = 15


class Span(NamedTuple):
    """A part of the time after a stimulus, and how spikes are spread over it.

    Attributes
    ----------
    start, stop : int
        The first and the last sample after the onset in which a spike may come.
    skew : float
        1 spreads spikes evenly; the higher, the earlier they come.
    """

    start: int
    stop: int
    skew: float

    @property
    def capacity(self) -> int:
        """The most spikes that the span has room for."""
        return 1 + (self.stop - self.start) // REFRACTORY


# Each ends so long before the next begins that no two spikes are ever too close.
ARTEFACT = Span(10, 100, 2.0)  # 0.5 to 5 ms: the stimulus itself
RESPONSE = Span(201, 600 - REFRACTORY, 1.5)  # 10 to 30 ms
LATE = Span(601, 2000 - REFRACTORY, 2.0)  # 30 to 100 ms


def drawn_counts(
    generator: np.random.Generator, expected: np.ndarray, span: Span
) -> Int[np.ndarray, " trial"]:
    """Return numbers of spikes with these expectations, as regular as they can be.

    Spikes of a burst follow each other almost regularly: the number varies by less than one but
    for what varies the expectation.
    """
    counts = np.floor(expected + generator.random(len(expected))).astype(np.int64)
    return np.minimum(counts, span.capacity)


def evoked_spikes(
    generator: np.random.Generator,
    onsets: Int[np.ndarray, " trial"],
    counts: np.ndarray,
    span: Span,
) -> Int[np.ndarray, " spike"]:
    """Return the samples of so many spikes within a span after each onset, in order.

    Parameters
    ----------
    onsets : (trial,)
        Samples of the stimuli, rising by more than the span.
    counts : (trial,)
        Spikes after each, at most the capacity of the span.
    """
    trial = np.repeat(np.arange(len(counts)), counts)
    rank = np.arange(len(trial)) - (np.cumsum(counts) - counts)[trial]
    free = span.stop - span.start - REFRACTORY * (counts - 1)
    early = _ordered_uniforms(generator, counts) ** span.skew
    within = np.floor(early * (free[trial] + 1)).astype(np.int64)
    return onsets[trial] + span.start + REFRACTORY * rank + within


def _ordered_uniforms(generator: np.random.Generator, counts: np.ndarray) -> np.ndarray:
    """Return for each trial so many uniform numbers in [0, 1), in order, one trial after another.

    Sums of exponential intervals, over the sum of all of a trial's: nothing needs sorting.
    """
    last = np.cumsum(counts + 1) - 1  # of the intervals of each trial
    passed = np.cumsum(generator.standard_exponential(last[-1] + 1))
    begin = np.append(0.0, passed[last[:-1]])
    own = np.ones(len(passed), bool)
    own[last] = False
    uniforms = (passed[own] - np.repeat(begin, counts)) / np.repeat(passed[last] - begin, counts)
    return np.minimum(uniforms, np.nextafter(1.0, 0.0))


def spontaneous_spikes(
    generator: np.random.Generator, rate: float, onsets: Int[np.ndarray, " trial"], stop: int
) -> Int[np.ndarray, " spike"]:
    """Return samples of spontaneous spikes up to `stop`, but for those close after a stimulus.

    What is fired there is part of what `evoked_spikes` places.

    Parameters
    ----------
    rate : float
        Spikes per second.
    """
    if rate <= 0:
        return np.zeros(0, np.int64)
    interval = SAMPLES_PER_SECOND / rate
    number = stop / interval
    enough = int(number + 6 * np.sqrt(number)) + 10
    pauses = generator.standard_exponential(enough) * max(interval - REFRACTORY, 0.0)
    times = np.cumsum(REFRACTORY + pauses.astype(np.int64))
    times = times[times < stop]
    following = np.searchsorted(onsets, times)
    before, after = np.append(-np.inf, onsets)[following], np.append(onsets, np.inf)[following]
    return times[(times >= before + LATE.stop + REFRACTORY) & (times <= after - REFRACTORY)]
