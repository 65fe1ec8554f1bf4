"""Spike trains as other software holds them in memory: SpikeInterface, Neo, pynapple.

None of these is imported: whoever has an object of theirs has imported it already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from canonica._checks import checked_size
from canonica._errors import CanonicaError, RecordingError, how_many, listed
from canonica.recordings.spikes._time_values import comes_from, seconds

TIMES = "spike times"
Trains = dict[str, Any] | list[Any]


def trains_of(spikes: Any, segment_index: int | None, source: str) -> Trains | None:
    """Return the spike trains in an object of SpikeInterface, Neo or pynapple; else none.

    Parameters
    ----------
    spikes : object
        A `BaseSorting`; a `Block`, `Segment`, `SpikeTrain`, or several spike trains; or a
        `TsGroup` or a `Ts`.
    segment_index : int, optional
        Which segment, from 0, where there are several.
    source : str
        What to call it in messages.

    Returns
    -------
    dict or list of (spike,)
        Times in seconds of each unit or train, by name where each has its own.

    Raises
    ------
    RecordingError
        If there are several segments and none is chosen, or the object holds no spike trains.
    """
    if comes_from(spikes, "spikeinterface"):
        return _of_sorting(spikes, segment_index, source)
    if comes_from(spikes, "neo"):
        return _of_neo(spikes, segment_index, source)
    if comes_from(spikes, "pynapple"):
        return _of_pynapple(spikes, source)
    if isinstance(spikes, Sequence) and len(spikes) and comes_from(spikes[0], "neo"):
        return _of_trains(list(spikes), source)
    return None


def _is_a(value: Any, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(value).__mro__)


def _of_sorting(sorting: Any, segment_index: int | None, source: str) -> Trains:
    if not _is_a(sorting, "BaseSorting"):
        raise _no_trains(sorting, "a sorting (BaseSorting) of SpikeInterface", source)
    segment = _segment(sorting.get_num_segments(), segment_index, source)
    return {
        str(unit): sorting.get_unit_spike_train(
            unit_id=unit, segment_index=segment, return_times=True
        )
        for unit in sorting.get_unit_ids()
    }


def _of_neo(spikes: Any, segment_index: int | None, source: str) -> Trains:
    if _is_a(spikes, "Block"):
        segments = spikes.segments
        return _of_trains(
            list(segments[_segment(len(segments), segment_index, source)].spiketrains), source
        )
    if _is_a(spikes, "SpikeTrain"):
        return _of_trains([spikes], source)
    if _is_a(spikes, "Segment"):
        return _of_trains(list(spikes.spiketrains), source)
    if _is_a(spikes, "SpikeTrainList"):
        return _of_trains(list(spikes), source)
    raise _no_trains(spikes, "a Block, a Segment or spike trains of Neo", source)


def _of_pynapple(spikes: Any, source: str) -> Trains:
    """Return the times of each member of a group, or of one train."""
    if isinstance(spikes, Mapping):
        return {str(name): seconds(spikes[name], source, TIMES) for name in spikes}
    if _is_a(spikes, "Ts"):
        return [seconds(spikes, source, TIMES)]
    raise _no_trains(spikes, "a TsGroup or a Ts of pynapple, or a list of Ts or Tsd", source)


def _of_trains(trains: list[Any], source: str) -> Trains:
    others = [train for train in trains if not _is_a(train, "SpikeTrain")]
    if others:
        raise _no_trains(others[0], "nothing but spike trains of Neo", source)
    times = [seconds(train, source, TIMES) for train in trains]
    names = [str(train.name) for train in trains if train.name]
    if len(set(names)) == len(trains):
        return dict(zip(names, times, strict=True))
    return times


def _segment(segments: int, chosen: int | None, source: str) -> int:
    if chosen is None and segments == 1:
        return 0
    if chosen is not None and checked_size("segment_index", chosen, least=0) < segments:
        return chosen
    raise RecordingError(
        source,
        "segment",
        found=how_many(segments, "segment")
        if chosen is None
        else f"{chosen} of {how_many(segments, 'segment')}",
        expected="one segment",
        advice=f"Choose one by segment_index: {listed(range(segments))}. Each has a clock of its "
        "own.",
    )


def _no_trains(value: Any, expected: str, source: str) -> CanonicaError:
    return RecordingError(
        source,
        TIMES,
        found=f"an object of type {type(value).__module__}.{type(value).__qualname__}",
        expected=expected,
        advice="Give this, or the times of the spikes with the channel of each.",
    )
