"""The table of stimuli: onset, vector, sources and session of every trial."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from canonica._errors import RecordingError, how_many, listed
from canonica.recordings._columns import (
    BinaryMatrix,
    Columns,
    Ragged,
    binary_matrix,
    columns_of,
    described,
)
from canonica.recordings._reading import Reading
from canonica.recordings.stimuli._sessions import session_numbers
from canonica.recordings.stimuli._trial_rows import TrialRows

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
    rows : TrialRows
        Which rows of the table make each trial.
    description : str
        Which columns were taken for what.
    inputs : tuple of str
        What the inputs are called where they were listed; none where they are only numbered.
    """

    onsets: np.ndarray
    stimuli: np.ndarray
    sources: np.ndarray | None
    session: np.ndarray
    rows: TrialRows
    description: str
    inputs: tuple[str, ...] = ()


def stimulation(
    names: Iterable[str], column: Callable[[str], Column], reading: Reading, source: str
) -> Stimulation:
    """Return when each stimulus began and which inputs were on, from the columns of a table.

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
    if found.session:
        check_clock(onsets, column(found.session), str(found.onset), source)
    rows = TrialRows.of_onsets(onsets)
    inputs = inputs_of_trials(stimuli, rows, reading, source)
    check_amplitudes(found, column, rows, source)
    sessions = None
    if found.session:
        sessions = one_for_each_row(column(found.session), rows, found.session, source)
    numbers, how = session_numbers(
        reading, len(rows.first), column=sessions, onsets=rows.first_of(onsets), source=source
    )
    return Stimulation(
        onsets=rows.first_of(onsets),
        stimuli=inputs,
        sources=None if sources is None else rows.one_of_each(sources.values, "sources", source),
        session=numbers,
        rows=rows,
        description=f"{described(found)}{said_of_inputs(stimuli)}; {how}{rows.description}",
        inputs=stimuli.listed,
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
            found=f"a column of {how_many(len(values), 'value')}, {kind}{shown}",
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
            found=f"{onsets[trial]:g} in trial {trial + 1} "
            f"({how_many(np.count_nonzero(bad), 'such value')})",
            expected="onsets in seconds from the start of the recording, 0 or later",
            advice="Leave out stimuli without a time, and count time from the recording's start.",
        )
    return onsets


def inputs_of_trials(
    stimuli: BinaryMatrix, rows: TrialRows, reading: Reading, source: str
) -> np.ndarray:
    """Return which inputs are on in every trial: (trial, input).

    Raises
    ------
    RecordingError
        If they are codes, or if it cannot be told what rows that share an onset mean.
    """
    if reading.coding == "guess":
        if rows.shared and stimuli.values.shape[1] == 1 and not stimuli.listed:
            _refuse_ambiguous(stimuli.values, rows, source)
        if not rows.shared:
            _refuse_words(stimuli, source)
    return rows.any_of_each(stimuli.values)


def _refuse_ambiguous(values: np.ndarray, rows: TrialRows, source: str) -> None:
    """Refuse a column of 0 and 1 that differs in rows of one onset: 0 may be an electrode."""
    try:
        rows.one_of_each(values, "stimuli", source)
    except RecordingError as error:
        raise RecordingError(
            source,
            "stimuli",
            found="0 and 1 in one column, in rows that share an onset",
            expected="to be told whether these are the numbers of two electrodes",
            advice="If so: --coding electrodes (coding='electrodes'); if 0 and 1 mean off and on, "
            "--coding vector.",
        ) from error


def _refuse_words(stimuli: BinaryMatrix, source: str) -> None:
    """Refuse one number in every trial, 0 among them: so are words of event codes."""
    alone = bool(stimuli.listed) and (stimuli.values.sum(axis=1) == 1).all()
    if not alone or stimuli.listed[0] != "0":
        return
    raise RecordingError(
        source,
        "stimuli",
        found=f"one number in every trial, {listed(stimuli.listed)}, 0 among them",
        expected="the inputs that are on, or 0 and 1 for each",
        advice="If they are codes, such as words of event codes whose bits are inputs, write a "
        "column of 0 and 1 for each input; if they are numbers of electrodes, say so: "
        "--coding electrodes (coding='electrodes').",
    )


def check_amplitudes(
    found: Columns, column: Callable[[str], Column], rows: TrialRows, source: str
) -> None:
    """Refuse rows that share an onset, but not how strong the stimulus was.

    Raises
    ------
    RecordingError
        If there are such rows.
    """
    for name in found.amplitudes if rows.shared else ():
        values = column(name)
        if isinstance(values, np.ndarray):
            rows.one_of_each(values, name, source)


def check_clock(onsets: np.ndarray, session: Column, name: str, source: str) -> None:
    """Refuse onsets of a clock that starts again in every session: it does not order them.

    Parameters
    ----------
    onsets, session : (row,)
        As the table has them.
    name, source : str
        The column of onsets and the table, for messages.

    Raises
    ------
    RecordingError
        If onsets fall where sessions begin, and nowhere else, so that sessions would be mixed.
    """
    if isinstance(session, Ragged) or session.ndim != 1:
        return
    falls = np.flatnonzero(onsets[1:] < onsets[:-1]) + 1
    begins = np.flatnonzero(session[1:] != session[:-1]) + 1
    in_order = session[np.argsort(onsets, kind="stable")]
    mixed = np.count_nonzero(in_order[1:] != in_order[:-1]) > len(begins)
    if not (len(falls) and mixed and np.isin(falls, begins).all()):
        return
    row = int(falls[0])
    raise RecordingError(
        source,
        name,
        found=f"onsets that fall at trial {row + 1}, from {onsets[row - 1]:g} to {onsets[row]:g} "
        f"s, where session {session[row]} begins: the clock starts again in each session",
        expected="one clock for the whole recording, of stimuli and spikes",
        advice="Count time from the start of the recording: add to each session's times when it "
        "began.",
    )


def one_for_each_row(column: Column, rows: TrialRows, name: str, source: str) -> np.ndarray:
    """Return for every trial the one value that a column has for it.

    Raises
    ------
    RecordingError
        If the column holds vectors, or rows that share an onset disagree.
    """
    if isinstance(column, Ragged) or column.ndim != 1:
        raise RecordingError(
            source,
            name,
            found="a column of vectors",
            expected="one number or name for every trial",
            advice="Name the column that is meant.",
        )
    return rows.one_of_each(column, name, source)


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
