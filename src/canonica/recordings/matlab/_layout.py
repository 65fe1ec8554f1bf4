"""The published layout of MATLAB files [NC23], whatever version of MATLAB wrote them.

A variable ``data_<condition>`` holds a cell array, one cell per culture; each cell is a struct
with the matrices `s` (trial, source), `o` (trial, input) and `r` (trial, electrode).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._errors import RecordingError, listed
from canonica._files import shown
from canonica.data._recording import recording
from canonica.recordings._reading import Reading
from canonica.recordings.isolation._file_progress import sha256_of
from canonica.recordings.stimuli._sessions import session_numbers

PREFIX = "data_"
FIELDS = {"r": "responses", "o": "stimuli", "s": "sources"}
LAYOUT = "a variable data_<condition>: a cell array of structs with fields s, o and r"
READING = "responses from r, stimuli from o, sources from s"

Fields = Mapping[str, Any]  # arrays by their names; none of what is no struct
Cell = Callable[[], Fields]  # reads one culture


def cultures(
    path: Path, conditions: Mapping[str, Sequence[Cell]], reading: Reading
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield each culture of a file, read when it is asked for, or the reason why it is none.

    Parameters
    ----------
    path : path
        The file.
    conditions : mapping of str to sequence of function
        The cells of each variable.
    reading : Reading
        What the user said.
    """
    digest, stem = sha256_of(path), shown(Path(path.stem))
    total = sum(len(cells) for cells in conditions.values())
    number = 0
    for variable, cells in conditions.items():
        for index, cell in enumerate(cells, 1):
            number += 1
            try:
                yield _culture(cell, f"{shown(path)}:{variable}{{{index}}}", reading).assign_attrs(
                    name=stem if total == 1 else f"{stem}-{number:0{len(str(total))}d}",
                    condition=reading.condition or variable.removeprefix(PREFIX),
                    input_file=shown(path),
                    input_sha256=digest,
                )
            except RecordingError as error:
                yield error


def no_cultures(path: Path, variables: Sequence[str]) -> RecordingError:
    """Return the error for a file without cultures."""
    return RecordingError(
        shown(path),
        None,
        found=f"variables: {listed(sorted(variables))}",
        expected=LAYOUT,
        advice="Save the cultures in this layout, or check that this is the right file.",
    )


def damaged(path: Path, error: Exception) -> RecordingError:
    """Return the error for a file of which something cannot be read."""
    if isinstance(error, MemoryError):
        return RecordingError(
            shown(path),
            None,
            found="a MATLAB file that asks for more memory than there is",
            expected="recordings that fit",
            advice="It is damaged, or holds too many cultures: split it.",
        )
    text = " ".join(str(error).split())[:300]
    return RecordingError(
        shown(path),
        None,
        found=f"a MATLAB file that is cut short or damaged ({type(error).__name__}: {text})",
        expected="a complete file",
        advice="Copy or download it again, and compare its size with the original's.",
    )


def _culture(cell: Cell, origin: str, reading: Reading) -> xr.Dataset:
    fields = cell()
    missing = sorted(FIELDS.keys() - fields.keys())
    if missing:
        raise RecordingError(
            origin,
            None,
            found=f"fields {listed(sorted(fields))}" if fields else "no struct",
            expected="a struct with fields s, o and r",
            advice=f"Missing here: {listed(missing)}. Save them under these names.",
        )
    found = recording(
        **{role: fields[field] for field, role in FIELDS.items()}, session=1, origin=origin
    )
    del found.attrs["trials_per_session"]  # for want of better, before the trials were counted
    numbers, how = session_numbers(reading, found.sizes["trial"], source=origin)
    found.attrs["reading"] = f"{READING}; {how}"
    return found.assign_coords(session=("trial", numbers))
