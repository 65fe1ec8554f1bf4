"""Columns of a table: which of them is what, and the 0/1 matrix that they make."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from canonica._errors import RecordingError, how_many, listed
from canonica.recordings._reading import Coding, Reading

# What each role is called where people name it themselves; in numbered columns, the stem.
WORDS = {
    "onset": (
        *("onset", "onset_time", "stimulus_onset", "start_time", "time", "start"),
        *("timestamp", "timestamps", "stimulation_time", "stimulation_times"),
        *("stimulus_time", "stimulus_times", "stim_time", "stim_times"),
    ),
    "session": ("session", "session_number", "session_id", "session_index", "block"),
    "sources": (
        "sources",
        "source",
        "hidden_sources",
        "hidden_source",
        "hidden_state",
        "state",
        "s",
    ),
    "stimuli": (
        "stimuli",
        "stimulus",
        "inputs",
        "input",
        "stim",
        "stimulated_electrodes",
        "stimulated_electrode",
        "stimulation_electrodes",
        "stimulation_electrode",
        "stim_electrodes",
        "stim_electrode",
        "stimulus_vector",
        "stimulation",
        "observations",
        "observation",
        "pattern",
        "o",
    ),
    "responses": (
        "responses",
        "response",
        "electrodes",
        "electrode",
        "channels",
        "channel",
        "units",
        "unit",
        "ch",
        "r",
    ),
}


# How strong a stimulus was: no input of its own, but what makes one stimulus differ from another.
AMPLITUDE = re.compile(
    r"(stim(ulus|ulation)?[ _.-]?)?(amplitudes?|amp|currents?|voltages?|intensity|contrast|charge)"
    r"([ _.(\[-].*)?"
)

SEVERAL_BITS = 100  # three digits of 0 and 1 and more are hardly the number of an electrode
MOST = 2.0**53  # from where on not every whole number is one of floating point
MANY = 1000  # different values that are looked at


@dataclass(frozen=True)
class Columns:
    """Which columns of a table have which role; none where there is none."""

    onset: str | None
    session: str | None
    sources: tuple[str, ...]
    stimuli: tuple[str, ...]
    responses: tuple[str, ...]
    amplitudes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Ragged:
    """A column of vectors of any lengths, one after the other.

    Parameters
    ----------
    values : (value,)
        All of them.
    bounds : (trial + 1,)
        Where each trial's values begin, and where the last one's end.
    """

    values: np.ndarray
    bounds: np.ndarray


class BinaryMatrix(NamedTuple):
    """The matrix that some columns make.

    Attributes
    ----------
    values : (trial, input or source)
        0/1, if all is well with them.
    listed : tuple of str
        Where the columns listed what was on: the number of each input in them, in order.
    """

    values: np.ndarray
    listed: tuple[str, ...] = ()


def columns_of(names: Iterable[str], reading: Reading, source: str) -> Columns:
    """Return what the columns of these names are: as the user says, or else by their names.

    Raises
    ------
    RecordingError
        If a column that the user names is not there.
    """
    names = [str(name) for name in names]

    def one(role: str, named: str | None) -> str | None:
        found = _named(names, (named,), role, source) if named else _guessed(names, role)
        return found[0] if len(found) == 1 else None

    def several(role: str, named: Sequence[str]) -> tuple[str, ...]:
        return _named(names, named, role, source) if named else _guessed(names, role)

    stimuli, sources = several("stimuli", reading.stimuli), several("sources", reading.sources)
    return Columns(
        onset=one("onset", reading.onset),
        session=one("session", reading.session),
        sources=sources,
        stimuli=stimuli,
        responses=_guessed(names, "responses"),
        amplitudes=tuple(
            name
            for name in names
            if AMPLITUDE.fullmatch(name.strip().lower()) and name not in {*stimuli, *sources}
        ),
    )


def described(columns: Columns) -> str:
    """Return in words what was taken for what, for the user to see."""
    parts = []
    for role in ("onset", "session", "stimuli", "sources"):
        names = getattr(columns, role)
        if names:
            names = (names,) if isinstance(names, str) else names
            shown = names[0] if len(names) == 1 else f"{names[0]} ... {names[-1]} ({len(names)})"
            parts.append(f"{role} from {shown}")
    return ", ".join(parts)


def _named(
    names: Sequence[str], wanted: Sequence[str | None], role: str, source: str
) -> tuple[str, ...]:
    found: list[str] = []
    for pattern in wanted:
        matching = [name for name in names if fnmatchcase(name, str(pattern))]
        if not matching:
            raise RecordingError(
                source,
                str(pattern),
                found=f"no such column among {listed(names)}",
                expected=f"a column with the {role}",
                advice="Check its name, or leave it out to have it guessed.",
            )
        found += sorted(matching, key=natural_order)
    return tuple(dict.fromkeys(found))


def _guessed(names: Sequence[str], role: str) -> tuple[str, ...]:
    """Return the column that has one of the role's words as its name, or those numbered by it."""
    for word in WORDS[role]:
        exact = [name for name in names if name.strip().lower() == word]
        if len(exact) == 1:
            return tuple(exact)
        numbered = [
            name
            for name in names
            if re.fullmatch(rf"{word}([ _.-]?\d+|[ _.-][a-z])", name.strip().lower())
        ]
        if numbered:
            return tuple(sorted(numbered, key=natural_order))
    return ()


def natural_order(name: str) -> tuple[Any, ...]:
    """Return a key that sorts numbers in names as numbers."""
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)
    )


def binary_matrix(
    columns: Sequence[np.ndarray | Ragged], role: str, coding: Coding, source: str
) -> BinaryMatrix:
    """Return the 0/1 matrix (trial, input or source) that some columns make.

    Parameters
    ----------
    columns : sequence of (trial,), (trial, input) or Ragged
        One number per trial and column; or one column of vectors, which hold 0 and 1 for every
        input, or list the inputs that are on; or texts of numbers, such as ``"3 17"``.
    role : str
        `stimuli` or `sources`.
    coding : "guess", "vector" or "electrodes"
        What vectors are. To guess: vectors of one length that hold nothing but 0 and 1 are what
        they seem, others list inputs.
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If the columns hold no such thing.
    """
    if len(columns) > 1:
        return BinaryMatrix(np.column_stack([_numbers(column, role, source) for column in columns]))
    (column,) = columns
    if isinstance(column, np.ndarray) and column.dtype.kind in "OUST":
        column = _parsed(column, role, coding, source)
    if isinstance(column, np.ndarray) and column.ndim > 1:
        lists = coding == "electrodes" or (coding == "guess" and _holds_lists(column))
        if not lists or column.ndim > 2:  # noqa: PLR2004
            return BinaryMatrix(column)
        bounds = np.arange(len(column) + 1) * column.shape[1]
        column = Ragged(column.ravel(), bounds)
    if isinstance(column, np.ndarray):
        column = _numbers(column, role, source)
        if coding == "vector" or (coding == "guess" and np.isin(column, (0, 1)).all()):
            return BinaryMatrix(column[:, None])
        if coding == "guess":
            _refuse_codes(column, role, source)
        column = Ragged(column, np.arange(len(column) + 1))
    lengths = np.diff(column.bounds)
    binary = coding != "electrodes" and bool(np.isin(column.values, (0, 1)).all())
    if coding == "vector" or (binary and lengths.size and lengths.max() > 1):
        return BinaryMatrix(_square(column, lengths, role, source))
    return _indicator(column, lengths, role, source)


def _holds_lists(rows: np.ndarray) -> bool:
    """Return whether rows are lists of inputs: whole numbers, none twice, not only 0 and 1."""
    if rows.dtype.kind not in "uif" or not rows.size or not np.isfinite(rows).all():
        return False
    whole = (rows >= 0).all() and (rows % 1 == 0).all() and rows.max() > 1
    return bool(whole and (np.diff(np.sort(rows, axis=1), axis=1) > 0).all())


def _refuse_codes(column: np.ndarray, role: str, source: str) -> None:
    """Refuse whole vectors that were written as one number each, such as 1101."""
    finite = column[np.isfinite(column)] if column.dtype.kind == "f" else column
    if not finite.size:
        return
    largest = finite.max()
    like_bits = all(set(f"{value:g}") <= {"0", "1"} for value in np.unique(finite)[:MANY])
    if largest > 1 and (role == "sources" or (like_bits and largest >= SEVERAL_BITS)):
        raise RecordingError(
            source,
            role,
            found=f"codes in one column, such as {largest:.15g}",
            expected=f"0 and 1 for each of the {role}",
            advice="Write a column for each, or texts of 0 and 1 parted by spaces"
            + (
                "."
                if role == "sources"
                else "; or say --coding electrodes if these are numbers of electrodes."
            ),
        )


def _numbers(column: np.ndarray | Ragged, role: str, source: str) -> np.ndarray:
    if isinstance(column, Ragged) or column.ndim != 1 or column.dtype.kind not in "buif":
        kind = "vectors" if isinstance(column, Ragged) or column.ndim > 1 else str(column.dtype)
        raise RecordingError(
            source,
            role,
            found=f"a column of {kind} among several",
            expected="one column of vectors, or one column of 0 and 1 for each",
            advice="Name the columns that are meant.",
        )
    return column.astype(np.float64)


def _square(column: Ragged, lengths: np.ndarray, role: str, source: str) -> np.ndarray:
    width = int(lengths[0]) if len(lengths) else 0
    if (lengths != width).any():
        other = int(np.flatnonzero(lengths != width)[0])
        raise RecordingError(
            source,
            role,
            found=f"vectors of {width} and, in trial {other + 1}, "
            f"{how_many(lengths[other], 'value')}",
            expected="a value of every input in every trial",
            advice="Export again; or, if they list the inputs that are on, say so with "
            "coding='electrodes' (--coding electrodes).",
        )
    return column.values.reshape(len(lengths), width)


def _indicator(column: Ragged, lengths: np.ndarray, role: str, source: str) -> BinaryMatrix:
    """Return which of all the listed inputs are on in each trial."""
    if column.values.dtype.kind == "f" and not np.isfinite(column.values).all():
        trial = int(np.repeat(np.arange(len(lengths)), lengths)[~np.isfinite(column.values)][0])
        raise RecordingError(
            source,
            role,
            found=f"a value that is no number in trial {trial + 1}",
            expected="0 and 1, or the numbers of the inputs that are on",
            advice="Leave out trials whose stimulus is not known.",
        )
    _refuse_amounts(column, lengths, role, source)
    inputs, index = np.unique(column.values, return_inverse=True)
    matrix = np.zeros((len(lengths), len(inputs)))
    matrix[np.repeat(np.arange(len(lengths)), lengths), index] = 1
    return BinaryMatrix(matrix, tuple(f"{number:g}" for number in inputs))


def _refuse_amounts(column: Ragged, lengths: np.ndarray, role: str, source: str) -> None:
    """Refuse what numbers no electrode: amplitudes, contrasts, codes of no stimulus."""
    bad = (column.values < 0) | (column.values % 1 != 0) | (column.values >= MOST)
    if not bad.any():
        return
    place = int(np.argmax(bad))
    trial = int(np.repeat(np.arange(len(lengths)), lengths)[place])
    raise RecordingError(
        source,
        role,
        found=f"{column.values[place]:g} in trial {trial + 1} ({np.count_nonzero(bad)} such)",
        expected="whole numbers from 0 on, of the inputs that are on; or 0 and 1 for each",
        advice="Amplitudes and contrasts are no inputs: write a column of 0 and 1 for each input, "
        "and leave out trials without a stimulus, which some mark by -1.",
    )


def _parsed(column: np.ndarray, role: str, coding: Coding, source: str) -> Ragged:
    """Return vectors from texts of numbers, or from arrays held one by one."""
    if coding != "electrodes" and _are_bits(column):
        bits = np.array([list(cell.strip()) for cell in column.tolist()], np.float64)
        return Ragged(bits.ravel(), np.arange(len(bits) + 1) * bits.shape[1])
    vectors = []
    for trial, cell in enumerate(column):
        try:
            words = _words(cell) if isinstance(cell, str) else cell
            vector = np.atleast_1d(np.asarray(words, np.float64))
        except (TypeError, ValueError) as error:
            raise RecordingError(
                source,
                role,
                found=f"{str(cell)[:40]!r} in trial {trial + 1}",
                expected="0 and 1"
                + (", or the numbers of the inputs that are on" if role == "stimuli" else ""),
                advice=_advice_on_text(cell),
            ) from error
        vectors.append(vector.ravel())
    bounds = np.cumsum([0, *map(len, vectors)])
    return Ragged(np.concatenate(vectors) if vectors else np.zeros(0), bounds)


def _words(cell: str) -> list[str]:
    """Return the numbers in a text; a name such as 1E1, which is 10 to Python, is none."""
    words = re.findall(r"[^\s,;\[\]()]+", cell)
    names = [word for word in words if re.fullmatch(r"\d+e\d+", word, re.IGNORECASE)]
    if names:
        raise ValueError(names[0])
    return words


def _advice_on_text(cell: Any) -> str:
    if isinstance(cell, str) and re.fullmatch(r"\s*0?x[0-9a-f]+\s*", cell, re.IGNORECASE):
        return "Words of event codes have inputs for bits: write a column of 0 and 1 for each."
    return "Code stimuli and sources by numbers, parted by spaces."


def _are_bits(column: np.ndarray) -> bool:
    """Return whether all values are texts of 0 and 1 such as "0110", of one length."""
    cells = column.tolist()
    if not cells or not all(isinstance(cell, str) for cell in cells):
        return False
    lengths = {len(cell.strip()) for cell in cells}
    return len(lengths) == 1 and all(re.fullmatch("[01]{2,}", cell.strip()) for cell in cells)
