"""Where the stimuli of an NWB file are: in trials, in another table, or in a series of times."""

import re
from dataclasses import dataclass, replace
from typing import Any

from canonica._errors import RecordingError, listed
from canonica.recordings._columns import columns_of
from canonica.recordings._reading import Reading
from canonica.recordings.nwb._columns import objects_of, type_of

EVENTS = "EventsTable"  # a table of NWB with a timestamp instead of start and stop
INTERVALS = ("TimeIntervals", EVENTS)  # types that are made for stimuli
OTHERS = ("DynamicTable",)  # types that can hold them, too
SERIES = ("TimeSeries", "AnnotationSeries")
OF_STIMULI = re.compile(r"stim", re.IGNORECASE)
TIMES, VALUES = "timestamps", "data"


@dataclass(frozen=True, eq=False)
class StimulusSeries:
    """A series of stimuli as if it were a table, with a column of times and one of values.

    Parameters
    ----------
    name : str
        Of the series.
    columns : dict
        Its times and values, as columns of pynwb's tables are: each with `data`.
    id : range
        Numbers of its rows.
    """

    name: str
    columns: dict[str, Any]
    id: range

    neurodata_type = "TimeSeries"
    colnames = (TIMES, VALUES)

    def __getitem__(self, column: str) -> Any:
        """Return the times or the values of the series, as a column."""
        return self.columns[column]


@dataclass(frozen=True, eq=False)
class _StimulusColumn:
    data: Any


def stimulus_table(nwbfile: Any, reading: Reading, source: str) -> tuple[Any, Reading]:
    """Return the table with the stimuli, and how to read it.

    It is the one that is asked for; or the trials, or the only other table of intervals or events
    with stimuli; or the only table of another type with onsets and stimuli; or the only series
    called after stimuli.

    Parameters
    ----------
    nwbfile : pynwb.NWBFile
    reading : Reading
        What the user said.
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If there is none, or several.
    """
    table = _chosen(nwbfile, reading, source)
    if type_of(table) == EVENTS and reading.onset is None:
        reading = replace(reading, onset="timestamp")
    if isinstance(table, StimulusSeries):
        onset, stimuli = reading.onset or TIMES, reading.stimuli or (VALUES,)
        reading = replace(reading, onset=onset, stimuli=stimuli)
    return table, reading


def _chosen(nwbfile: Any, reading: Reading, source: str) -> Any:
    intervals, others = (
        sorted(objects_of(nwbfile, *types), key=lambda table: table.name)
        for types in (INTERVALS, OTHERS)
    )
    series = _series(nwbfile)
    tables = [*intervals, *others, *series]
    names = [one.name for one in tables]
    if reading.table is not None:
        wanted = [one for one in tables if one.name == reading.table]
        if len(wanted) == 1:
            return wanted[0]
        raise RecordingError(
            source,
            None,
            found=f"{len(wanted) or 'no'} tables {reading.table}, among {listed(names)}",
            expected="one table of stimuli of this name",
            advice="Check its name: --table NAME.",
        )
    candidates = (
        [one for one in intervals if _has_stimuli(one, reading, source)]
        or [one for one in others if _has_onsets_and_stimuli(one, reading, source)]
        or series
        or [one for one in intervals if one.name == "trials"]
    )
    trials = [one for one in candidates if one.name == "trials"]
    if len(candidates) == 1 or len(trials) == 1:
        return (trials or candidates)[0]
    if candidates:
        raise RecordingError(
            source,
            None,
            found=f"several tables with stimuli: {listed(one.name for one in candidates)}",
            expected="one",
            advice="Name it: --table NAME.",
        )
    raise RecordingError(
        source,
        None,
        found=f"no trials; other tables: {listed(names)}",
        expected="a table of stimuli: start_time, and a column or columns with the stimuli",
        advice="Write the stimuli as trials; or name table and columns: --table, --stimuli.",
    )


def _has_stimuli(table: Any, reading: Reading, source: str) -> bool:
    try:
        return bool(columns_of(table.colnames, reading, source).stimuli)
    except RecordingError:  # a column that the user names is not in this one
        return False


def _has_onsets_and_stimuli(table: Any, reading: Reading, source: str) -> bool:
    if not _has_stimuli(table, reading, source):
        return False
    return columns_of(table.colnames, reading, source).onset is not None


def _series(nwbfile: Any) -> list[StimulusSeries]:
    """Return the series with times of their own that are called after stimuli."""
    found = []
    for one in objects_of(nwbfile, *SERIES):
        times, values = one.timestamps, one.data
        if OF_STIMULI.search(one.name) and times is not None and len(times) == len(values):
            columns = {TIMES: _StimulusColumn(times), VALUES: _StimulusColumn(values)}
            found.append(StimulusSeries(one.name, columns, range(len(times))))
    return found
