"""Joint states of all sources, and the means of responses under each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int, Num

from canonica.data._row_numbers import row_numbers
from canonica.reverse_engineering._sessions import Sessions


@dataclass(frozen=True, eq=False)
class SourceStates:
    """The joint states of the sources that occur in a recording.

    Parameters
    ----------
    index : (trial,)
        Which of `patterns` each trial shows.
    patterns : (state, source)
        The states that occur, 0/1.
    """

    index: Int[np.ndarray, " trial"]
    patterns: Int[np.ndarray, "state source"]

    @classmethod
    def of(cls, sources: Num[np.ndarray, "trial source"]) -> "SourceStates":
        """Return the states of `sources` (0/1), from all on to all off."""
        codes = row_numbers(sources)
        first = np.empty(codes.max() + 1, np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        return cls(index=codes, patterns=sources[first].astype(np.int64))

    @cached_property
    def labels(self) -> list[str]:
        """Each state as a string of 0 and 1, source 1 first."""
        return ["".join(map(str, pattern)) for pattern in self.patterns]

    def number(self, pattern: np.ndarray) -> int | None:
        """Return which state `pattern` is, None if it does not occur."""
        found = np.flatnonzero((self.patterns == pattern).all(axis=1))
        return int(found[0]) if len(found) else None

    def session_sums(
        self, values: Float[np.ndarray, "trial column"], sessions: Sessions
    ) -> tuple[Float[np.ndarray, "session state column"], Int[np.ndarray, "session state"]]:
        """Return the sum of each column over each state's trials in each session, and their number.

        One pass over `values`, as a product with the states' indicators.
        """
        indicator = sessions.fold_rows(self.index == np.arange(len(self.patterns))[:, None])
        return indicator.astype(values.dtype) @ sessions.fold(values), indicator.sum(axis=2)

    def session_means(
        self, values: Float[np.ndarray, "trial column"], sessions: Sessions
    ) -> Float[np.ndarray, "session state column"]:
        """Return the mean of each column over the trials of each state in each session.

        NaN where a state does not occur in a session.
        """
        return means(*self.session_sums(values, sessions))


def means(
    sums: Float[np.ndarray, "session state column"], counts: Int[np.ndarray, "session state"]
) -> Float[np.ndarray, "session state column"]:
    """Return sums over counts, NaN where there is nothing to count."""
    occurs = counts[..., None] > 0
    return np.divide(sums, counts[..., None], out=np.full_like(sums, np.nan), where=occurs)
