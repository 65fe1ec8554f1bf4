"""Events of a recording system as stimuli: which inputs were on, and when.

Either one channel of events says by its labels what was on, or each channel of events is an input.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from glob import escape

import numpy as np

from canonica._errors import RecordingError, listed
from canonica.recordings._columns import columns_of, natural_order
from canonica.recordings._reading import Reading
from canonica.recordings.stimuli._stimulation import MANY_INPUTS, Stimulation, stimulation
from canonica.recordings.vendors._contents import Events

TIMES = "times of events"
NUMBERS = re.compile(r"\s*\d+([\s,;]+\d+)*\s*")


def stimuli_of_events(events: Sequence[Events], reading: Reading, source: str) -> Stimulation:
    """Return the stimuli that some channels of events tell of.

    Parameters
    ----------
    events : sequence of Events
        All channels.
    reading : Reading
        What the user said: `table` or `stimuli` name the channels that are meant.
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If it cannot be told which channels are meant, or what their labels mean.
    """
    chosen = _chosen(events, reading, source)
    times = np.concatenate([one.times for one in chosen])
    labels = sorted({label for one in chosen for label in one.labels}, key=natural_order)
    if len(chosen) == 1 and len(labels) > 1:
        name, said = f"labels of {chosen[0].name}", np.array(chosen[0].labels, object)
    elif len(chosen) > 1 and len(labels) > 1:
        raise _ambiguous(chosen, labels, source)
    else:
        names = [one.name for one in chosen]
        name = f"channels of events {listed(names)}"
        said = np.repeat(np.array(names, object), [len(one.times) for one in chosen])
    return _of_column(times, said, name, reading, source)


def _of_column(
    times: np.ndarray, said: np.ndarray, name: str, reading: Reading, source: str
) -> Stimulation:
    """Return the stimuli that a text for each event tells of."""
    told = replace(reading, onset=escape(TIMES), stimuli=(escape(name),))
    if all(NUMBERS.fullmatch(text) for text in said):
        columns = {TIMES: times, name: said}
        return stimulation(columns, columns.__getitem__, told, source)
    inputs = sorted(set(said.tolist()), key=natural_order)
    place = {text: number for number, text in enumerate(inputs)}
    matrix = np.zeros((len(said), len(inputs)))
    matrix[np.arange(len(said)), [place[text] for text in said]] = 1
    columns = {TIMES: times, name: matrix}
    found = stimulation(columns, columns.__getitem__, replace(told, coding="vector"), source)
    called = f"; inputs 1 to {len(inputs)} are {listed(inputs, MANY_INPUTS)}"
    return replace(found, inputs=tuple(inputs), description=found.description + called)


def _chosen(events: Sequence[Events], reading: Reading, source: str) -> list[Events]:
    """Return the channels that tell of stimuli."""
    if reading.onset is not None:
        raise RecordingError(
            source,
            "onset",
            found="events, which have times of their own",
            expected="no column of onsets to be named",
            advice="Leave --onset out; name the channels of events: --stimuli NAME.",
        )
    names = [one.name for one in events]
    if reading.table is not None:
        meant = [name for name in names if name == reading.table]
    else:
        meant = list(columns_of(names, reading, source).stimuli) or (
            names if len(names) == 1 else []
        )
    if meant:
        return [one for name in meant for one in events if one.name == name]
    raise RecordingError(
        source,
        "stimuli",
        found=f"events {listed(names)}" if names else "no events",
        expected="events that tell of the stimuli",
        advice="Say which channels of events are meant: --stimuli NAME (stimuli=...), * for any "
        "letters; or give a table of stimuli: --stimulus-file PATH.",
    )


def _ambiguous(chosen: Sequence[Events], labels: Sequence[str], source: str) -> RecordingError:
    return RecordingError(
        source,
        "stimuli",
        found=f"channels of events {listed(one.name for one in chosen)} with labels "
        f"{listed(labels)}",
        expected="one channel whose labels are the inputs, or channels without labels, each of "
        "which is an input",
        advice="Name the one that is meant: --table NAME (table=...).",
    )
