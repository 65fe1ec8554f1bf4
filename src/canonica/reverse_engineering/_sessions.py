"""Trials, folded into sessions of any lengths."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class Sessions:
    """How a run of trials divides into sessions.

    Folded arrays have the axes (session, slot); sessions shorter than the longest are filled up
    with trials marked as not valid.

    Parameters
    ----------
    numbers : (trial,)
        Session number of every trial, never falling.
    """

    numbers: Int[np.ndarray, " trial"]

    @cached_property
    def labels(self) -> Int[np.ndarray, " session"]:
        """Session number of each session, in order."""
        return self.numbers[self._starts]

    @cached_property
    def lengths(self) -> Int[np.ndarray, " session"]:
        """Number of trials in each session."""
        return np.diff(np.append(self._starts, len(self.numbers)))

    @cached_property
    def _starts(self) -> Int[np.ndarray, " session"]:
        return np.flatnonzero(np.diff(self.numbers, prepend=self.numbers[0] - 1))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sessions, and trials in the longest of them."""
        return len(self.lengths), int(self.lengths.max())

    @cached_property
    def valid(self) -> Bool[np.ndarray, "session slot"]:
        """Whether each slot of each session holds a trial; short sessions leave some empty."""
        return np.arange(self.shape[1]) < self.lengths[:, None]

    def fold(self, values: np.ndarray) -> np.ndarray:
        """Return `values` (trial, ...) as (session, slot, ...), zero in empty slots."""
        if self.valid.all():
            return values.reshape(*self.shape, *values.shape[1:])
        folded = np.zeros((*self.shape, *values.shape[1:]), values.dtype)
        folded[self.valid] = values
        return folded

    def fold_rows(self, values: np.ndarray) -> np.ndarray:
        """Return `values` (row, trial) as (session, row, slot), zero in empty slots."""
        return np.ascontiguousarray(self.fold(values.T).swapaxes(1, 2))

    def unfold_rows(self, values: np.ndarray) -> np.ndarray:
        """Return `values` (session, row, slot) as (row, trial)."""
        return np.ascontiguousarray(self.unfold(values.swapaxes(1, 2)).T)

    def unfold(self, values: np.ndarray) -> np.ndarray:
        """Return `values` (session, slot, ...) as (trial, ...)."""
        if self.valid.all():
            return values.reshape(-1, *values.shape[2:])
        return values[self.valid]

    def means(
        self, values: Float[np.ndarray, "trial column"]
    ) -> Float[np.ndarray, "session column"]:
        """Return the mean of each column in each session."""
        return np.add.reduceat(values, self._starts, axis=0) / self.lengths[:, None]
