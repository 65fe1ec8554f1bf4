"""Which rows of a table make one trial: those that share an onset.

Stimulators log a row for every electrode that they drive, so that several rows have one onset.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from canonica._errors import RecordingError, how_many


@dataclass(frozen=True, eq=False)
class TrialRows:
    """The rows of a table in the order of their trials.

    Parameters
    ----------
    order : (row,)
        Rows by onset, and as they came where they share one.
    first : (trial,)
        Where in `order` the rows of each trial begin.
    """

    order: Int[np.ndarray, " row"]
    first: Int[np.ndarray, " trial"]

    @classmethod
    def of_onsets(cls, onsets: np.ndarray) -> "TrialRows":
        """Return the rows of a table with these onsets (row,)."""
        order = np.argsort(onsets, kind="stable")
        rising = onsets[order]
        new = np.concatenate([[True], rising[1:] > rising[:-1]])[: len(order)]
        return cls(order, np.flatnonzero(new))

    @classmethod
    def each(cls, order: np.ndarray) -> "TrialRows":
        """Return as many trials as rows, one row each, in the order of `order`."""
        return cls(order, np.arange(len(order)))

    @property
    def shared(self) -> int:
        """Number of trials that have more than one row."""
        return int(np.count_nonzero(self.lengths > 1))

    @property
    def lengths(self) -> Int[np.ndarray, " trial"]:
        """Number of rows of each trial."""
        return np.diff(np.append(self.first, len(self.order)))

    @property
    def description(self) -> str:
        """In words, what was done to the rows; nothing if they are trials as they came."""
        # Rows of one trial may come in any order: only trials are sorted.
        resorted = (np.diff(self.order) < 0).any()
        sorting = "; trials sorted by onset" if resorted else ""
        if not self.shared:
            return sorting
        return (
            f"; {how_many(len(self.order), 'row')} make "
            f"{how_many(len(self.first), 'trial')}: rows of one onset are one "
            f"trial with several inputs on{sorting}"
        )

    def first_of(self, values: np.ndarray) -> np.ndarray:
        """Return for every trial the value of the first of its rows."""
        return values[self.order[self.first]]

    def one_of_each(self, values: np.ndarray, variable: str, source: str) -> np.ndarray:
        """Return for every trial the value, or vector of values, that all of its rows have.

        Parameters
        ----------
        values : (row, ...)
            As the table has them.
        variable, source : str
            What they are and the table, for messages.

        Raises
        ------
        RecordingError
            If rows that share an onset disagree.
        """
        values = values[self.order]
        found = values[self.first]
        if self.shared:
            trial = np.repeat(np.arange(len(self.first)), self.lengths)
            differ = _differ(values, found[trial])
            if differ.any():
                row = int(np.argmax(differ))
                raise self._disagree(values, row, int(self.first[trial[row]]), variable, source)
        return found

    def any_of_each(self, values: np.ndarray) -> np.ndarray:
        """Return for every trial which inputs are on in any of its rows.

        Parameters
        ----------
        values : (row, input)
            0/1. Where there is anything else, they come back row by row, to be refused.
        """
        values = values[self.order]
        if not self.shared or not np.isin(values, (0, 1)).all():
            return values
        return np.maximum.reduceat(values, self.first, axis=0)

    def _disagree(
        self, values: np.ndarray, row: int, first: int, variable: str, source: str
    ) -> RecordingError:
        rows = f"{self.order[first] + 1} and {self.order[row] + 1}"
        shown = f": {_shown(values[first])} and {_shown(values[row])}"
        return RecordingError(
            source,
            variable,
            found=f"rows {rows} of one onset that disagree{shown}",
            expected="rows that share an onset to be one trial, which has one of each",
            advice="Give each stimulus an onset of its own, or leave out what does not count.",
        )


def _differ(values: np.ndarray, others: np.ndarray) -> Bool[np.ndarray, " row"]:
    """Return which rows differ; what is missing in both does not."""
    missing = (values != values) & (others != others)  # noqa: PLR0124  (NaN, of texts too)
    differ = (values != others) & ~missing
    return differ.reshape(len(values), -1).any(axis=1)


def _shown(value: Any) -> str:
    return " ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in np.ravel(value))
