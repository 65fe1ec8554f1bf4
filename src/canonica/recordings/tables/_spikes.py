"""Spikes and stimuli in a table each, CSV or Parquet.

The table of spikes has a row for every spike: its time in seconds, and its channel. The table of
stimuli has a row for every trial: onset, session, one column per input or one of vectors, and
sources where they are known. Of `culture_spikes.csv`, the stimuli are in `culture_stimuli.csv`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError, listed
from canonica._files import shown
from canonica.data._spike_trains import OutOfOrderError, SpikeTrains, counted_recording
from canonica.recordings._columns import Ragged, columns_of
from canonica.recordings._largest import check_size
from canonica.recordings._reading import Reading
from canonica.recordings.isolation._file_progress import tell_progress
from canonica.recordings.spikes._file_trains import file_attributes, file_trains
from canonica.recordings.spikes._grouped_spikes import grouped_by_channel
from canonica.recordings.stimuli._stimulation import Stimulation, stimulation
from canonica.recordings.tables._spike_pieces import SpikePieces
from canonica.recordings.tables._table_file import (
    SUFFIXES,
    TableFile,
    column_names,
    table_file,
)

TIME = (
    "time",
    "times",
    "time_s",
    "spike_time",
    "spike_times",
    "spike_time_s",
    "timestamp",
    "timestamps",
    "t",
)
ELECTRODE = (
    "channel",
    "channels",
    "electrode",
    "electrodes",
    "channel_id",
    "electrode_id",
    "channel_number",
    "electrode_number",
    "ch",
)
UNIT = ("unit", "units", "unit_id", "cluster", "cluster_id", "neuron")
SPIKES, STIMULI = "spikes", "stimuli"
GUESS = Reading()
LARGE = 1 << 25  # bytes of a file that is read in pieces


def recognises(path: Path) -> bool:
    """Return whether this is a table of spikes, or the table of stimuli that goes with one."""
    return _has_spikes(path) or is_partner(path) or _is_called_so(path)


def is_partner(path: Path) -> bool:
    """Return whether this is the table of stimuli beside a table of spikes, read with that."""
    return spikes_beside(path) is not None


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield the recording of a table of spikes and its table of stimuli.

    Raises
    ------
    RecordingError
        If one of the two tables is missing or cannot be used.
    """
    found = _SpikeTable.of(path, reading)
    recording = _counted_in_pieces(found, path, reading)
    if recording is None:
        tell_progress("all spikes at once", 0, 1)
        trains = _trains(found, path, reading)
        check_size(len(trains.onsets), len(trains), shown(path))
        recording = trains.recording(window=reading.window)
    yield recording


def read_trains(path: Path, reading: Reading) -> SpikeTrains:
    """Return the spike trains of a table of spikes, with the stimuli of the table beside it.

    Raises
    ------
    RecordingError
        If one of the two tables is missing or cannot be used.
    """
    return _trains(_SpikeTable.of(path, reading), path, reading)


def _trains(found: "_SpikeTable", path: Path, reading: Reading) -> SpikeTrains:
    values = found.table.values([found.time, found.channel], [found.channel])
    labels, index = values.labels(found.channel)
    spikes = grouped_by_channel(
        values.numbers(found.time, "spike times"), labels, None, shown(path), index=index
    )
    return file_trains(path, spikes, found.trials, reading, **found.told)


@dataclass(frozen=True, eq=False)
class _SpikeTable:
    """A table of spikes, unread, and the stimuli that go with it.

    Parameters
    ----------
    table : TableFile
    time, channel : str
        Its columns.
    trials : Stimulation
    told : dict
        What a recording should keep of where it is from, as `file_attributes` takes it.
    """

    table: TableFile
    time: str
    channel: str
    trials: Stimulation
    told: dict[str, Any]

    @classmethod
    def of(cls, path: Path, reading: Reading) -> "_SpikeTable":
        """Return the table in a file."""
        if not _has_spikes(path):
            _refuse_partner(path)
        table = table_file(path)
        time, channel = _spike_columns(table.names, reading, shown(path))
        partner = _partner(path, reading)
        trials = stimuli_of_table(partner, reading)
        told = (
            f"spike times from {time}, electrodes from {channel}; of "
            f"{shown(Path(partner.name))}, {trials.description}"
        )
        kept = {"told": told, "name": _name(path), "stimulus_file": partner}
        return cls(table, time, channel, trials, kept)


def _counted_in_pieces(found: _SpikeTable, path: Path, reading: Reading) -> xr.Dataset | None:
    """Return the recording of a large table, no more than some of whose rows are held at a time.

    None where it has to be read at once: if it is small, of a format that cannot be read in pieces,
    its spikes are not in order from piece to piece, or something is wrong with it, which is then
    told of the whole.
    """
    if found.table.read_pieces is None or path.stat().st_size < LARGE:
        return None
    pieces = SpikePieces(found.table, found.time, found.channel)
    try:
        names = pieces.channels()
    except RecordingError:
        return None
    check_size(len(found.trials.onsets), len(names), shown(path))
    try:
        return counted_recording(
            pieces.trains(),
            len(names),
            onsets=found.trials.onsets,
            stimuli=found.trials.stimuli,
            sources=found.trials.sources,
            session=found.trials.session,
            electrodes=names,
            window=reading.window,
            in_parts=True,
            **file_attributes(path, reading, **found.told),
        )
    except (OutOfOrderError, RecordingError):
        return None


def _is_called_so(path: Path) -> bool:
    """Return whether a table is called spikes and has one called stimuli beside it."""
    if not column_names(path):
        return False
    return any(sibling.is_file() for sibling in _siblings(path, SPIKES, STIMULI))


def _has_spikes(path: Path) -> bool:
    names = column_names(path) or ()
    return (
        bool(_named(names, TIME) and _named(names, (*ELECTRODE, *UNIT)))
        and not columns_of(names, GUESS, shown(path)).stimuli
    )


def _named(names: Sequence[str], words: Sequence[str]) -> str | None:
    """Return the one column whose name comes first among these words."""
    for word in words:
        found = [name for name in names if name.strip().lower().replace(" ", "_") == word]
        if len(found) == 1:
            return found[0]
    return None


def _spike_columns(names: Sequence[str], reading: Reading, source: str) -> tuple[str, str]:
    words = (*ELECTRODE, *UNIT) if reading.by == "electrode" else (*UNIT, *ELECTRODE)
    time, channel = _named(names, TIME), _named(names, words)
    if time is None or channel is None:
        raise RecordingError(
            source,
            None,
            found=f"columns {listed(names)}",
            expected="the time of every spike in one called time, its channel in one called "
            "channel, electrode or unit",
            advice="Rename the columns.",
        )
    return time, channel


def stimuli_of_table(path: Path, reading: Reading) -> Stimulation:
    """Return the stimuli in a table of them.

    Raises
    ------
    RecordingError
        If there is no such file, or it cannot be used.
    """
    source = shown(path)
    if not path.is_file():
        raise RecordingError(
            source,
            None,
            found="no such file",
            expected="the table of stimuli",
            advice="Check its path.",
        )
    table = table_file(path)
    columns = columns_of(table.names, reading, source)
    known = [name for name in (columns.onset, columns.session) if name]
    if len(columns.stimuli) == 1:
        table.check_numbers(columns.stimuli[0], "stimuli")
    wanted = [*known, *columns.stimuli, *columns.sources, *columns.amplitudes]
    values = table.values(wanted, [columns.session])

    def column(name: str) -> np.ndarray | Ragged:
        return values.each_label(name) if name == columns.session else values.column(name)

    return stimulation(table.names, column, reading, source)


def _partner(path: Path, reading: Reading) -> Path:
    """Return the file that holds the stimuli which go with a file of spikes."""
    if reading.stimulus_file is not None:
        return reading.stimulus_file
    candidates = _siblings(path, SPIKES, STIMULI)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    tried = f"none of {listed(shown(Path(file.name)) for file in candidates)} beside it"
    raise RecordingError(
        shown(path),
        "stimuli",
        found=f"spikes, but {tried}" if candidates else "spikes, but no word of their stimuli",
        expected="the table of stimuli: in culture_stimuli.csv for culture_spikes.csv",
        advice="Name it so, or say where it is: --stimulus-file PATH (stimulus_file=...).",
    )


@checked_arguments
def spikes_beside(path: Path) -> Path | None:
    """Return the table of spikes that this table of stimuli goes with, if there is one.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    try:
        for candidate in _siblings(path, STIMULI, SPIKES):
            if candidate.is_file() and _has_spikes(candidate) and not _has_spikes(path):
                return candidate
    except OSError:  # nobody may look: then nobody will read it either
        pass
    return None


def _siblings(path: Path, word: str, other: str) -> list[Path]:
    """Return the names that a file has with one word in place of the other, as it is written."""
    places = list(re.finditer(word, path.stem, re.IGNORECASE))
    if not places:
        return []
    begin, end = places[-1].span()
    written = path.stem[begin:end]
    if written[0].isupper():
        other = other.upper() if written.isupper() else other.capitalize()
    stem = path.stem[:begin] + other + path.stem[end:]
    suffixes = dict.fromkeys([path.suffix, *SUFFIXES, ".txt"])
    return [path.with_name(stem + suffix) for suffix in suffixes]


def _refuse_partner(path: Path) -> None:
    spikes = spikes_beside(path)
    if spikes is not None:
        raise RecordingError(
            shown(path),
            None,
            found=f"the stimuli that go with {shown(Path(spikes.name))}",
            expected="the spikes",
            advice=f"Give {shown(spikes)}: its stimuli are read with it.",
        )


def _name(path: Path) -> str:
    """Return what the culture is called: its file, less the word that this is of spikes."""
    name = re.sub(r"^spikes[ _.-]+|[ _.-]+spikes$", "", path.stem, flags=re.IGNORECASE)
    return shown(Path(name or path.stem))
