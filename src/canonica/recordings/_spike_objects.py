"""Spike trains as other software holds them in memory: SpikeInterface, Neo, quantities.

None of these is imported: whoever has an object of theirs has imported it already.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from canonica._errors import CanonicaError, RecordingError, listed

Trains = dict[str, Any] | list[Any]


def trains_of(spikes: Any, segment_index: int | None, source: str) -> Trains | None:
    """Return the spike trains in an object of SpikeInterface or Neo; none if it is neither.

    Parameters
    ----------
    spikes : object
        A `BaseSorting`; or a `Block`, `Segment`, `SpikeTrain`, or several spike trains.
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
    if _comes_from(spikes, "spikeinterface"):
        return _of_sorting(spikes, segment_index, source)
    if _comes_from(spikes, "neo"):
        return _of_neo(spikes, segment_index, source)
    if isinstance(spikes, Sequence) and len(spikes) and _comes_from(spikes[0], "neo"):
        return _of_trains(list(spikes), source)
    return None


def seconds(values: Any, source: str, variable: str) -> Any:
    """Return values with a unit (of quantities, and so of Neo) in seconds, others as they are.

    Raises
    ------
    RecordingError
        If their unit is none of time.
    """
    values = getattr(values, "times", values) if _comes_from(values, "neo") else values
    if not _comes_from(values, "quantities"):
        return values
    try:
        return np.asarray(values.rescale("s").magnitude)
    except ValueError as error:
        raise RecordingError(
            source,
            variable,
            found=f"values in {getattr(values, 'dimensionality', 'an unknown unit')}",
            expected="times",
            advice="Give them in a unit of time.",
        ) from error


def _comes_from(value: Any, package: str) -> bool:
    return any(kind.__module__.split(".")[0] == package for kind in type(value).__mro__)


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


def _of_trains(trains: list[Any], source: str) -> Trains:
    others = [train for train in trains if not _is_a(train, "SpikeTrain")]
    if others:
        raise _no_trains(others[0], "nothing but spike trains of Neo", source)
    times = [seconds(train, source, "spike times") for train in trains]
    names = [str(train.name) for train in trains if train.name]
    if len(set(names)) == len(trains):
        return dict(zip(names, times, strict=True))
    return times


def _segment(segments: int, chosen: int | None, source: str) -> int:
    if chosen is None and segments == 1:
        return 0
    if chosen is not None and 0 <= chosen < segments:
        return chosen
    raise RecordingError(
        source,
        "segment",
        found=f"{segments} segments" if chosen is None else f"{chosen} of {segments} segments",
        expected="one segment",
        advice=f"Choose one by segment_index: {listed(range(segments))}. Each has a clock of its "
        "own.",
    )


def _no_trains(value: Any, expected: str, source: str) -> CanonicaError:
    return RecordingError(
        source,
        "spike times",
        found=f"an object of type {type(value).__module__}.{type(value).__qualname__}",
        expected=expected,
        advice="Give this, or the times of the spikes with the channel of each.",
    )
