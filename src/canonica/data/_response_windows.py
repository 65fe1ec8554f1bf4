"""Responses: spikes counted in a window after each stimulus."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from canonica._errors import CanonicaError

WIDTHS = (0.0005, 10.0)  # seconds: a window of other width was meant in another unit
EVOKED = (0.010, 0.030)  # seconds after the onset of a stimulus [PC15]
MOST_CELLS = 2**20  # windows so uneven that they would need more of them are searched instead
SAFETY = 1.001  # cells are so much shorter than they must be, for rounding
CLOSEST = 1e-9  # seconds: no clock of a recorder tells times apart that are closer than this ...
ROUNDING = 8  # ... or than so many steps of the last binary digit, which arithmetic may take


@dataclass(frozen=True, eq=False)
class ResponseWindows:
    """The windows after stimuli in which spikes count as their response.

    A window begins with its start and ends before its stop: [onset + start, onset + stop). Times
    of a sample clock are seldom whole in binary digits: 1.1 + 0.03 is less than 1.13. So a time
    that is no further from a limit than rounding takes it (`rounding`) is at this limit; on any
    grid of samples, counts are those of whole samples.

    Parameters
    ----------
    onsets : (trial,)
        Times of the stimuli in seconds, finite and never falling.
    start, stop : float
        Limits of the windows in seconds after the onset.

    Raises
    ------
    CanonicaError
        If the window is empty or not finite.
    """

    onsets: Float[np.ndarray, " trial"]
    start: float = EVOKED[0]
    stop: float = EVOKED[1]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.stop) and self.start < self.stop):
            raise CanonicaError(
                f"window: found {self.start} to {self.stop} seconds after a stimulus; expected two "
                "finite numbers, the lower first."
            )

    @cached_property
    def overlaps(self) -> int:
        """Number of windows that begin before the one before them has ended."""
        return int(np.count_nonzero(self._starts[1:] < self._stops[:-1] - self.rounding))

    def counts(self, times: Float[np.ndarray, " spike"]) -> Int[np.ndarray, " trial"]:
        """Return how many of these spikes, given in rising order, fall into each window."""
        if self.overlaps:  # one spike may be part of several responses
            return np.searchsorted(times, self._stops) - np.searchsorted(times, self._starts)
        return np.bincount(self._trials(times), minlength=len(self.onsets))

    def count_into(
        self, responses: Float[np.ndarray, " trial"], times: Float[np.ndarray, " spike"]
    ) -> None:
        """Add to `responses` how many of these spikes, in rising order, fall into each window.

        Unlike `counts`, this touches nothing but the trials that have spikes.
        """
        if self.overlaps:
            responses += self.counts(times)
        else:
            np.add.at(responses, self._trials(times), 1.0)  # an integer would be far slower

    def _trials(self, times: np.ndarray) -> Int[np.ndarray, " evoked"]:
        """Return the trial of every spike that is in a window."""
        if self._cells is not None:
            return self._cells.trials(times)
        begun = np.searchsorted(self._starts, times, side="right")
        trials = begun[begun > 0] - 1
        return trials[times[begun > 0] < self._stops[trials]]

    @cached_property
    def rounding(self) -> float:
        """How far from a limit, in seconds, a time may lie and still be at it."""
        latest = np.abs(self.onsets).max(initial=0.0) + max(abs(self.start), abs(self.stop))
        return max(CLOSEST, ROUNDING * float(np.spacing(latest)))

    @cached_property
    def _starts(self) -> Float[np.ndarray, " trial"]:
        return self.onsets + (self.start - self.rounding)

    @cached_property
    def _stops(self) -> Float[np.ndarray, " trial"]:
        return self.onsets + (self.stop - self.rounding)

    @cached_property
    def _cells(self) -> "_Cells | None":
        return _Cells.between(self._starts, self._stops)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Equal cells of time, none of which more than one window reaches into.

    Finding the cell of a spike takes a multiplication, where searching takes a dozen comparisons.

    Parameters
    ----------
    first : float
        Where the first cell begins, in seconds.
    per_second : float
        How many there are in a second.
    starts, stops : (cell,)
        Limits of the window that reaches into each cell; where none does, no time is within.
    trial : (cell,)
        The trial of that window.
    """

    first: float
    per_second: float
    starts: Float[np.ndarray, " cell"]
    stops: Float[np.ndarray, " cell"]
    trial: Int[np.ndarray, " cell"]

    @classmethod
    def between(cls, starts: np.ndarray, stops: np.ndarray) -> "_Cells | None":
        """Return the cells for these windows, or none where they would be too many."""
        if not starts.size:
            return None
        first, length = starts[0], stops[-1] - starts[0]
        gap = (starts[1:] - stops[:-1]).min(initial=length)
        if not gap > 0 or not SAFETY * length / gap < MOST_CELLS:
            return None
        per_second = SAFETY / gap
        begins, ends = (_cell(edges, first, per_second) for edges in (starts, stops))
        reached = ends - begins + 1
        trial = np.repeat(np.arange(len(starts)), reached)
        cell = np.arange(len(trial)) - np.repeat(np.cumsum(reached) - reached - begins, reached)
        if (cell[1:] == cell[:-1]).any():
            return None  # a gap so short, so late, that rounding closes it
        limits = np.full((2, ends[-1] + 1), [[np.inf], [-np.inf]])
        limits[:, cell] = starts[trial], stops[trial]
        trial_of = np.zeros(limits.shape[1], np.intp)
        trial_of[cell] = trial
        return cls(float(first), float(per_second), limits[0], limits[1], trial_of)

    def trials(self, times: np.ndarray) -> Int[np.ndarray, " evoked"]:
        """Return the trial of each of these times, in rising order, that is in a window."""
        begin, end = np.searchsorted(times, (self.first, self.stops[-1]))
        times = times[begin:end]
        cell = _cell(times, self.first, self.per_second)
        evoked = times >= self.starts.take(cell, mode="clip")  # not outside: "clip" is fastest
        evoked &= times < self.stops.take(cell, mode="clip")
        return self.trial[cell[evoked.nonzero()]]


def _cell(times: np.ndarray, first: float, per_second: float) -> Int[np.ndarray, " time"]:
    """Return the cell of each time. A later time is never in an earlier cell, rounded or not."""
    return ((times - first) * per_second).astype(np.int32)


def check_window(start: float, stop: float) -> None:
    """Refuse a window of spikes that must be in another unit, or that is none.

    Raises
    ------
    CanonicaError
        If its limits are not finite, in the wrong order, too close or too far apart.
    """
    if not (
        math.isfinite(start) and math.isfinite(stop) and WIDTHS[0] <= stop - start <= WIDTHS[1]
    ):
        raise CanonicaError(
            f"window: found {1000 * start:g} to {1000 * stop:g} ms after a stimulus; expected two "
            f"finite numbers, the lower first, {1000 * WIDTHS[0]:g} ms to {WIDTHS[1]:g} s apart. "
            "In Python they are seconds, on the command line milliseconds."
        )
