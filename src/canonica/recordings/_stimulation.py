"""The table of stimuli: onset, vector, sources and session of every trial."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from canonica._errors import RecordingError, listed
from canonica.recordings._columns import (
    BinaryMatrix,
    Columns,
    Ragged,
    binary_matrix,
    columns_of,
    described,
)
from canonica.recordings._reading import Reading
from canonica.recordings._sessions import session_numbers

Column = np.ndarray | Ragged
MANY_INPUTS = 64  # of which each is named


@dataclass(frozen=True, eq=False)
class Stimulation:
    """The stimuli of a recording, in the order of their onsets.

    Parameters
    ----------
    onsets : (trial,)
        Seconds.
    stimuli : (trial, input)
        0/1.
    sources : (trial, source) or None
        0/1, where known.
    session : (trial,)
        Number of each trial's session.
    description : str
        Which columns were taken for what.
    """

    onsets: np.ndarray
    stimuli: np.ndarray
    sources: np.ndarray | None
    session: np.ndarray
    description: str


def stimulation(
    names: Iterable[str], column: Callable[[str], Column], reading: Reading, source: str
) -> Stimulation:
    """Return the stimuli in a table.

    Parameters
    ----------
    names : iterable of str
        Its columns.
    column : function of str
        Gives the values of one of them.
    reading : Reading
        What the user said.
    source : str
        The table, for messages.

    Raises
    ------
    RecordingError
        If there is no column of onsets or of stimuli, or what is in them makes no sense.
    """
    names = [str(name) for name in names]
    found = columns_of(names, reading, source)
    _check(found, names, source)
    onsets = onset_times(column(str(found.onset)), str(found.onset), source)
    stimuli = binary_columns(found.stimuli, column, "stimuli", reading, source)
    sources = None
    if found.sources:
        sources = binary_columns(found.sources, column, "sources", reading, source)
    order = np.argsort(onsets, kind="stable")
    sessions = np.asarray(column(found.session))[order] if found.session else None
    numbers, how = session_numbers(
        reading, len(onsets), column=sessions, onsets=onsets[order], source=source
    )
    resorted = "" if (order == np.arange(len(order))).all() else "; trials sorted by onset"
    return Stimulation(
        onsets=onsets[order],
        stimuli=stimuli.values[order],
        sources=None if sources is None else sources.values[order],
        session=numbers,
        description=f"{described(found)}{said_of_inputs(stimuli)}; {how}{resorted}",
    )


def _check(found: Columns, names: list[str], source: str) -> None:
    for role, option in (("onset", "--onset"), ("stimuli", "--stimuli")):
        if not getattr(found, role):
            raise RecordingError(
                source,
                role,
                found=f"columns {listed(names)}",
                expected=f"a column with the {role}",
                advice=f"Name it: {option} COLUMN.",
            )


def onset_times(column: Column, name: str, source: str) -> np.ndarray:
    """Return the onsets in a column, in seconds.

    Raises
    ------
    RecordingError
        If one is no time, or there are none.
    """
    values = column.values if isinstance(column, Ragged) else column
    vectors = isinstance(column, Ragged) or column.ndim > 1
    if vectors or values.dtype.kind not in "uif" or not len(values):
        kind = "vectors" if vectors else "numbers" if values.dtype.kind in "uif" else "texts"
        shown = f", the first {str(values[0])[:20]!r}" if len(values) else ""
        raise RecordingError(
            source,
            name,
            found=f"a column of {len(values)} values, {kind}{shown}",
            expected="the onset of every stimulus in seconds",
            advice="Check that the table has trials, and that their onsets are numbers with "
            "decimal points, not commas.",
        )
    onsets = values.astype(np.float64)
    bad = ~(np.isfinite(onsets) & (onsets >= 0))
    if bad.any():
        trial = int(np.flatnonzero(bad)[0])
        raise RecordingError(
            source,
            name,
            found=f"{onsets[trial]:g} in trial {trial + 1} ({np.count_nonzero(bad)} such values)",
            expected="onsets in seconds from the start of the recording, 0 or later",
            advice="Leave out stimuli without a time, and count time from the recording's start.",
        )
    return onsets


def said_of_inputs(stimuli: BinaryMatrix) -> str:
    """Return in words which inputs were listed, so that each can be told by its number there."""
    if not stimuli.listed:
        return ""
    numbers = listed(stimuli.listed, MANY_INPUTS)
    return f"; inputs 1 to {len(stimuli.listed)} are those listed as {numbers}"


def binary_columns(
    columns: Iterable[str],
    column: Callable[[str], Column],
    role: str,
    reading: Reading,
    source: str,
) -> BinaryMatrix:
    """Return the stimuli or the sources in some columns.

    Raises
    ------
    RecordingError
        If they make no matrix of numbers.
    """
    coding = reading.coding if role == "stimuli" else "guess"
    matrix = binary_matrix([column(name) for name in columns], role, coding, source)
    if matrix.values.dtype.kind not in "buif":
        raise RecordingError(
            source,
            role,
            found=f"values of type {matrix.values.dtype}",
            expected="0 and 1",
            advice="Name the columns that are meant.",
        )
    return matrix
