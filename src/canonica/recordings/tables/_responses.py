"""Tables of ready responses, CSV or Parquet: a row per trial, a column per electrode.

Beside them, a column per input or one of vectors; and, where known, the session, the sources, the
onset and the number of each trial. Those written here read again as the same recording: all of it
from Parquet; from CSV, its values, but no condition and no other attributes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError, how_many, listed
from canonica._files import complete_file, shown
from canonica.data._recording import recording
from canonica.data._recording_checks import ROLES
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._columns import Columns, Ragged, columns_of, described
from canonica.recordings._reading import Reading
from canonica.recordings.isolation._file_progress import sha256_of
from canonica.recordings.stimuli._sessions import session_numbers
from canonica.recordings.stimuli._stimulation import (
    binary_columns,
    check_amplitudes,
    check_clock,
    inputs_of_trials,
    onset_times,
    said_of_inputs,
)
from canonica.recordings.stimuli._trial_rows import TrialRows
from canonica.recordings.tables._table_file import SUFFIXES, column_names, table_file
from canonica.recordings.tables._table_values import TableValues

NOTE = "canonica"  # of a Parquet file: what a recording has beside its values
TRIAL = ("trial", "trial_number", "trial_index", "trial_id")
OF_THE_FILE = ("input_file", "input_sha256", "origin", "reading")  # said anew at each reading
GUESS = Reading()


def recognises(path: Path) -> bool:
    """Return whether this is a table: one by its name, or by the columns it has."""
    names = column_names(path)
    if names is None:
        return False
    columns = columns_of(names, GUESS, shown(path))
    return (
        path.suffix.lower() in SUFFIXES or not names or bool(columns.responses and columns.stimuli)
    )


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield the recording in a table of responses.

    Raises
    ------
    RecordingError
        If the table cannot be used.
    """
    source = shown(path)
    table = table_file(path)
    layout = _layout(table.names, reading, source)
    if len(layout.columns.stimuli) == 1:
        table.check_numbers(layout.columns.stimuli[0], "stimuli")
    values = table.values(layout.names, [layout.columns.session])
    note = _note(table.notes, source)
    found, rows = _recording(values, layout, reading, in_order=bool(note))
    trial = None if layout.trial is None else rows.first_of(values.numbers(layout.trial))
    try:
        found = _restored(found, note, trial, reading)
    except RecordingError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _no_note(source) from error
    yield found.assign_attrs(input_file=source, input_sha256=sha256_of(path))


def write(path: Path, content: SpikeTrains | xr.Dataset, metadata: Mapping[str, str]) -> None:
    """Write a recording as a table, whole or not at all.

    Parameters
    ----------
    path : path
        ``.parquet``, or else it is CSV.
    content : xarray.Dataset or SpikeTrains
        A recording; of spike trains, the responses. What is true of a simulated culture
        (`true_...`) has no place in a table and is left out.
    metadata : mapping
        Kept with a Parquet file as it is.

    Raises
    ------
    CanonicaError
        If an attribute or a coordinate cannot be kept.
    """
    import pyarrow as pa  # noqa: PLC0415

    found = content.recording() if isinstance(content, SpikeTrains) else content
    table = pa.table(_columns(found))
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415

        note = json.dumps(_kept(found, path) | {"metadata": dict(metadata)})
        table = table.replace_schema_metadata({NOTE: note})
        with complete_file(path) as partial:
            pq.write_table(table, partial, compression="zstd", write_page_checksum=True)
    else:
        import pyarrow.csv as pc  # noqa: PLC0415

        with complete_file(path) as partial:
            pc.write_csv(table, partial)


@dataclass(frozen=True)
class _Layout:
    """Which columns of a table of responses are what."""

    columns: Columns
    electrodes: tuple[str, ...]
    trial: str | None

    @property
    def names(self) -> list[str]:
        """Names of all columns that have to be read."""
        known = [name for name in (self.columns.onset, self.columns.session, self.trial) if name]
        columns = self.columns
        return [
            *known,
            *columns.stimuli,
            *columns.sources,
            *columns.amplitudes,
            *self.electrodes,
        ]


def _layout(names: Sequence[str], reading: Reading, source: str) -> _Layout:
    """Return what the columns are, having looked whether there is all that is needed."""
    columns = columns_of(names, reading, source)
    taken = {*columns.stimuli, *columns.sources}
    electrodes = tuple(name for name in columns.responses if name not in taken)
    for role, there, option in (
        ("responses", electrodes, ""),
        ("stimuli", columns.stimuli, ", or name them: --stimuli COLUMNS"),
    ):
        if not there:
            raise RecordingError(
                source,
                role,
                found=f"columns {listed(names)}",
                expected="a column per electrode (electrode_1, ...) and per input (input_1, ...); "
                "or, in a table of spikes, time and channel",
                advice=f"Rename the columns{option}.",
            )
    trial = next((name for name in names if name.strip().lower() in TRIAL), None)
    return _Layout(columns, electrodes, trial)


def _recording(
    values: TableValues, layout: _Layout, reading: Reading, *, in_order: bool
) -> tuple[xr.Dataset, TrialRows]:
    """Return what the values make, and which rows make each trial."""
    source, columns = values.source, layout.columns
    responses = _responses(values, layout.electrodes)
    stimuli = binary_columns(columns.stimuli, values.column, "stimuli", reading, source)
    sources = onsets = session = None
    if columns.sources:
        sources = binary_columns(columns.sources, values.column, "sources", reading, source)
    if columns.onset:
        onsets = onset_times(values.column(columns.onset), columns.onset, source)
    if columns.session:
        session = values.each_label(columns.session)
    rows, sorting = TrialRows.each(np.arange(len(responses))), ""
    if not in_order:
        rows, sorting = _rows(values, onsets, session, layout.trial)
    inputs = inputs_of_trials(stimuli, rows, reading, source)
    check_amplitudes(columns, values.column, rows, source)
    onsets = None if onsets is None else rows.first_of(onsets)
    numbers, how = session_numbers(
        reading,
        len(rows.first),
        column=None if session is None else rows.one_of_each(session, "session", source),
        onsets=onsets,
        source=source,
    )
    found = recording(
        rows.one_of_each(responses, "responses", source),
        inputs,
        None if sources is None else rows.one_of_each(sources.values, "sources", source),
        session=numbers,
        name=shown(Path(Path(source).stem)),
        condition=reading.condition or "unknown",
        origin=source,
        reading=f"responses from {_spanned(layout.electrodes)}, {described(columns)}"
        f"{said_of_inputs(stimuli)}; "
        f"{how}{sorting}",
    )
    if onsets is not None:
        found = found.assign_coords(onset=("trial", onsets, {"units": "s"}))
    if not _are_numbered(layout.electrodes):
        names = np.array(layout.electrodes, str)
        found = found.assign_coords(electrode_name=("electrode", names))
    return found, rows


def _are_numbered(names: Sequence[str]) -> bool:
    """Return whether the numbers in these names are just 1, 2, 3 and so on."""
    numbers = [re.sub(r"\D+", "", name) for name in names]
    return len(names) == 1 or numbers == [str(number) for number in range(1, len(names) + 1)]


def _spanned(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} ... {names[-1]} ({len(names)})"


def _responses(values: TableValues, electrodes: tuple[str, ...]) -> np.ndarray:
    """Return the responses: of one column each, or of vectors in one."""
    if len(electrodes) == 1:
        column = values.column(electrodes[0])
        if isinstance(column, Ragged):
            lengths = np.diff(column.bounds)
            width = int(lengths[0]) if len(lengths) else 0
            if (lengths != width).any():
                row = int(np.argmax(lengths != width))
                raise RecordingError(
                    values.source,
                    "responses",
                    found=f"vectors of {width} and, in trial {row + 1}, "
                    f"{how_many(lengths[row], 'value')}",
                    expected="a value of every electrode in every trial",
                    advice="Export again.",
                )
            return column.values.reshape(len(lengths), width)
    return np.column_stack([values.numbers(name, "responses") for name in electrodes])


def _rows(
    values: TableValues, onsets: np.ndarray | None, session: np.ndarray | None, trial: str | None
) -> tuple[TrialRows, str]:
    """Return the rows of each trial, and in words what was done to them."""
    if onsets is not None:
        if session is not None:
            check_clock(onsets, session, "onset", values.source)
        rows = TrialRows.of_onsets(onsets)
        return rows, rows.description
    if trial is None:
        return TrialRows.each(np.arange(values.table.num_rows)), ""
    order = _order_of_trials(values.numbers(trial), session, values.source)
    sorting = "" if (np.diff(order) > 0).all() else "; trials sorted by number"
    return TrialRows.each(order), sorting


def _order_of_trials(trial: np.ndarray, session: np.ndarray | None, source: str) -> np.ndarray:
    """Return the order of numbered trials, whether or not each session begins with 1 again."""
    blocks = np.zeros(len(trial))
    if session is not None and len(np.unique(trial)) < len(trial):
        _, first, block = np.unique(session, return_index=True, return_inverse=True)
        blocks = session if session.dtype.kind in "uif" else first[block]  # names as they come
    order = np.lexsort((trial, blocks))
    same = (np.diff(trial[order]) == 0) & (np.diff(blocks[order]) == 0)
    if same.any():
        raise RecordingError(
            source,
            "trial",
            found=f"trial {trial[order][:-1][same][0]} more than once",
            expected="a number of its own for each trial, or for each of a session",
            advice="Check whether a table was appended to itself, or leave the column out.",
        )
    return order


def _columns(found: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the columns of a recording's table."""
    columns = {"trial": found["trial"].to_numpy(), "session": found["session"].to_numpy()}
    if "onset" in found.coords:
        columns["onset"] = found["onset"].to_numpy()
    for role, (_, dim) in ROLES.items():
        if role in found:
            numbers = _own_numbers(found[dim].to_numpy())
            matrix = found[role].transpose("trial", dim).to_numpy()
            for number, values in zip(numbers, matrix.T, strict=True):
                columns[f"{dim}_{number}"] = _smallest(values)
    return columns


def _own_numbers(numbers: np.ndarray) -> Sequence[int]:
    """Return the numbers of electrodes, or, where they say nothing of the order, 1, 2, ..."""
    if numbers.dtype.kind in "ui" and (np.diff(numbers) > 0).all() and numbers[0] >= 0:
        return numbers.tolist()
    return range(1, len(numbers) + 1)


def _smallest(values: np.ndarray) -> np.ndarray:
    """Return whole numbers as the smallest integers that hold them."""
    if values.min() >= 0 and values.max() < 2.0**53 and (values % 1 == 0).all():
        return values.astype(np.min_scalar_type(int(values.max())))
    return values


def _kept(found: xr.Dataset, path: Path) -> dict[str, Any]:
    """Return what a recording has beside the values in its table."""
    columns = ("session", "onset", "trial")  # their values are in the table
    variables = [role for role in ROLES if role in found]
    coordinates = [
        str(name)
        for name, values in found.coords.items()
        if set(values.dims) <= {dim for role in variables for dim in ROLES[role]}
    ]
    kept = {
        "attributes": {
            name: value for name, value in found.attrs.items() if name not in OF_THE_FILE
        },
        "origin": str(found.attrs.get("origin", "unknown")),
        "variables": {name: found[name].attrs for name in variables},
        "coordinates": {
            name: {
                "dims": found[name].dims,
                "attributes": found[name].attrs,
                "type": found[name].dtype.str,
            }
            | ({} if name in columns else {"values": found[name].to_numpy()})
            for name in coordinates
        },
    }
    try:
        return json.loads(json.dumps(kept, default=_plain))
    except (TypeError, ValueError) as error:
        raise CanonicaError(
            f"{shown(path)}: found an attribute or a coordinate that no table can keep ({error}); "
            "expected numbers and texts. Leave it out."
        ) from error


def _plain(value: Any) -> Any:
    """Return an array or a number of NumPy's as Python's own."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "buifUO":
        return value.tolist()
    raise TypeError(f"{type(value).__name__}: {str(value)[:40]!r}")


def _note(notes: Mapping[str, str], source: str) -> Mapping[str, Any]:
    """Return what is kept of a recording beside its values; nothing in tables of others."""
    try:
        note = json.loads(notes.get(NOTE, "{}"))
        parts = [note.get(key, {}) for key in ("attributes", "variables", "coordinates")]
        sound = all(isinstance(part, dict) for part in parts) and all(
            isinstance(each, dict) for part in parts[1:] for each in part.values()
        )
    except (ValueError, AttributeError, RecursionError):
        sound, note = False, {}
    if not sound:
        raise _no_note(source)
    return note


def _no_note(source: str) -> RecordingError:
    return RecordingError(
        source,
        None,
        found=f"metadata '{NOTE}' that cannot be understood",
        expected="what canonica writes there",
        advice="The file is damaged, or not of canonica: write it again.",
    )


def _restored(
    found: xr.Dataset, note: Mapping[str, Any], trial: np.ndarray | None, reading: Reading
) -> xr.Dataset:
    """Return the recording with what is kept beside its values, as far as it still fits."""
    attributes = {
        name: value for name, value in note.get("attributes", {}).items() if name not in OF_THE_FILE
    }
    attributes |= {key: str(attributes[key]) for key in ("name", "condition") if key in attributes}
    if reading.condition is not None:
        attributes.pop("condition", None)
    if (reading.trials_per_session, reading.session_gap, reading.session) != (None, None, None):
        attributes.pop("trials_per_session", None)
    found = found.assign_attrs(attributes)
    coordinates = {
        name: (kept["dims"], values, kept["attributes"])
        for name, kept in note.get("coordinates", {}).items()
        if (values := _coordinate(found, name, kept, trial)) is not None
    }
    found = found.assign_coords(coordinates)
    for name, attrs in note.get("variables", {}).items():
        if name in ROLES and name in found:
            found[name].attrs = dict(attrs)
    return found


def _coordinate(
    found: xr.Dataset, name: str, kept: Mapping[str, Any], trial: np.ndarray | None
) -> np.ndarray | None:
    """Return the values of a coordinate; none if they do not fit what is in the table."""
    if "values" in kept:
        values = np.array(kept["values"])
    elif name in found.coords and name != "trial":
        values = found[name].to_numpy()
    else:
        values = trial
    shape = tuple(found.sizes.get(dim) for dim in kept["dims"])
    if values is None or values.shape != shape or values.dtype.kind not in "buifU":
        return None
    return values if values.dtype.kind == "U" else values.astype(np.dtype(kept["type"]))
