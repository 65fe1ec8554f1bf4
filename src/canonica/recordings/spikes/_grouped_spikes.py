"""Spikes put electrode by electrode, whatever order they came in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Integer

from canonica._checks import described
from canonica._errors import RecordingError, how_many, listed
from canonica.data._spike_trains import SHUFFLED
from canonica.recordings._columns import natural_order

MOST_CHANNELS = 2**16  # more than any array has: so many are times taken for channels
CHANNEL = "channels"
TIMES = "spike times"


@dataclass(frozen=True, eq=False)
class GroupedSpikes:
    """The spikes of every electrode, one after the other.

    Parameters
    ----------
    times : (spike,)
        Seconds; electrode by electrode, rising within each.
    bounds : (electrode + 1,)
        Where each electrode's spikes begin, and where the last one's end.
    electrodes : tuple of str
        What they are called; none for 1, 2, ...
    unsorted : int
        How many spikes came before an earlier one of their electrode.
    """

    times: Float[np.ndarray, " spike"]
    bounds: Int[np.ndarray, " electrode_bound"]
    electrodes: tuple[str, ...]
    unsorted: int

    @property
    def attributes(self) -> dict[str, int]:
        """What a recording should keep of the order they came in."""
        return {SHUFFLED: self.unsorted} if self.unsorted else {}


def grouped_by_channel(
    times: Any,
    channels: np.ndarray,
    electrodes: Sequence[Any] | None,
    source: str,
    *,
    index: np.ndarray | None = None,
) -> GroupedSpikes:
    """Return spikes that were given with the channel of each.

    Parameters
    ----------
    times : (spike,)
        Seconds, in any order.
    channels : (spike,) or (channel,)
        Number or name of every spike's channel; or, with `index`, of every channel.
    electrodes : sequence, optional
        All channels there are, in the order wanted; otherwise those that have spikes.
    source : str
        Where they came from, for messages.
    index : (spike,), optional
        Where in `channels` the channel of each spike is, from 0.

    Raises
    ------
    RecordingError
        If a time is no time, or a channel none.
    """
    times = checked_times(times, source)
    _check_lengths(len(times), len(channels if index is None else index), source)
    codes, found = channel_numbers(channels, source)
    if index is not None:
        codes = codes[index]
    if electrodes is None:
        names = found
    else:
        names = _names(electrodes, source)
        codes = _places(found, names, source)[codes]
    if not names:
        raise RecordingError(
            source,
            CHANNEL,
            found="no spikes, and so no channels",
            expected="at least one electrode",
            advice="Check that this is the right table; name silent electrodes (electrodes=...).",
        )
    # Codes of 16 bits are sorted by radix: in time that does not depend on their order.
    order = np.argsort(codes, kind="stable")
    return _in_order(times[order], _bounds(np.bincount(codes, minlength=len(names))), names)


def grouped_trains(
    trains: Iterable[Any] | Mapping[Any, Any], electrodes: Sequence[Any] | None, source: str
) -> GroupedSpikes:
    """Return spikes that were given as one train per electrode, in a mapping by its name.

    Parameters and errors otherwise as in `grouped_by_channel`.
    """
    names: tuple[str, ...] | None = None
    if isinstance(trains, Mapping):
        names, trains = _names(list(trains), source), list(trains.values())
    arrays = [
        checked_times(train, source, electrode=names[number] if names else str(number + 1))
        for number, train in enumerate(trains)
    ]
    if electrodes is not None:
        wanted = _names(electrodes, source)
        if names is not None:
            arrays = _rearranged(arrays, _places(names, wanted, source), len(wanted))
        elif len(arrays) != len(wanted):
            raise RecordingError(
                source,
                "electrodes",
                found=f"{how_many(len(wanted), 'name')} for {how_many(len(arrays), 'spike train')}",
                expected="a name for each",
                advice="Give an empty train for an electrode without spikes.",
            )
        names = wanted
    if not arrays:
        raise RecordingError(
            source,
            TIMES,
            found="no spike trains",
            expected="one for each electrode",
            advice="Give an empty train for an electrode without spikes.",
        )
    bounds = _bounds(np.array([len(train) for train in arrays]))
    return _in_order(np.concatenate(arrays), bounds, names or ())


def checked_times(
    values: Any, source: str, *, electrode: str | None = None
) -> Float[np.ndarray, " spike"]:
    """Return spike times in float64, having looked at each.

    Raises
    ------
    RecordingError
        If they are not a list of numbers, finite and from 0 on.
    """
    of_electrode = "" if electrode is None else f" of electrode {electrode}"
    try:
        times = np.asarray(values)
    except ValueError:
        times = np.asarray(values, dtype=object)
    if times.size == 0 and times.ndim == 1:
        return np.zeros(0)
    if times.ndim != 1 or times.dtype.kind not in "uif":
        raise RecordingError(
            source,
            TIMES,
            found=f"an array of type {times.dtype} and shape {times.shape}{of_electrode}",
            expected="a list of times in seconds",
            advice="Give the times of all spikes with the channel of each, or a list of times per "
            "electrode.",
        )
    times = times.astype(np.float64, copy=False)
    if not (times.min() >= 0 and times.max() < np.inf):  # NaN is neither
        bad = ~((times >= 0) & (times < np.inf))
        spike = int(np.argmax(bad))
        raise RecordingError(
            source,
            TIMES,
            found=f"{times[spike]:g} as spike {spike + 1}{of_electrode} "
            f"({np.count_nonzero(bad)} such)",
            expected="times in seconds, finite and 0 or later",
            advice="Leave out spikes without a time, and count time from the recording's start.",
        )
    return times


def _check_lengths(times: int, channels: int, source: str) -> None:
    if times != channels:
        raise RecordingError(
            source,
            f"{TIMES} / {CHANNEL}",
            found=f"{how_many(times, 'time')} and {how_many(channels, 'channel')}",
            expected="a channel for every spike",
            advice="Find out which of them lost spikes, and export again.",
        )


def channel_numbers(
    channels: np.ndarray, source: str
) -> tuple[Integer[np.ndarray, " spike"], tuple[str, ...]]:
    """Return each channel's place among all that there are, sorted, and what these are called.

    Raises
    ------
    RecordingError
        If one is no channel.
    """
    if channels.size == 0:
        return np.zeros(0, np.uint16), ()
    if channels.ndim == 1 and channels.dtype.kind == "f":
        channels = _whole(channels, source)
    if channels.ndim != 1 or channels.dtype.kind not in "uiOUT":
        raise _no_channels(f"an array of type {channels.dtype} and shape {channels.shape}", source)
    if channels.dtype.kind in "OUT":
        codes, found = _numbered_names(channels, source)
    else:
        codes, found = _numbered_integers(channels, source)
    if len(found) > MOST_CHANNELS:
        raise _no_channels(f"more than {MOST_CHANNELS} different channels", source)
    return codes.astype(np.uint16, copy=False), found


def _whole(channels: np.ndarray, source: str) -> np.ndarray:
    """Return whole numbers, which MATLAB and tables with gaps hold as fractions, as integers."""
    bad = ~((np.abs(channels) < 2.0**53) & (channels == np.floor(channels)))
    if bad.any():
        spike = int(np.argmax(bad))
        raise _no_channels(f"{channels[spike]:g} for spike {spike + 1}", source)
    return channels.astype(np.int64)


def _numbered_integers(channels: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if channels.min() < 0:
        raise RecordingError(
            source,
            CHANNEL,
            found=f"{channels.min()} for spike {int(np.argmin(channels)) + 1}",
            expected="numbers from 0 on",
            advice="Leave out spikes of no channel: -1 often marks noise.",
        )
    if channels.max() >= MOST_CHANNELS:
        found, codes = np.unique(channels, return_inverse=True)
        return codes, tuple(str(number) for number in found[: MOST_CHANNELS + 1])
    channels = channels.astype(np.int64, copy=False)
    present = np.bincount(channels) > 0
    place = (np.cumsum(present) - 1).astype(np.uint16)
    return place[channels], tuple(str(number) for number in np.flatnonzero(present))


def _numbered_names(channels: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    import pandas as pd  # noqa: PLC0415  (finds equal names far faster than sorting them)

    names = channels.astype(object)
    try:
        codes, found = pd.factorize(names, use_na_sentinel=True)
    except TypeError as error:
        raise _no_channels(f"values that are no names ({error})", source) from error
    if len(found) > MOST_CHANNELS:
        raise _no_channels(f"more than {MOST_CHANNELS} different channels", source)
    blank = [number for number, name in enumerate(found) if not str(name).strip()]
    missing = (codes < 0) | np.isin(codes, blank)
    if missing.any():
        raise _no_channels(f"nothing for spike {int(np.argmax(missing)) + 1}", source)
    found = [str(name) for name in found]
    order = sorted(range(len(found)), key=lambda place: natural_order(found[place]))
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found))
    return place[codes], _names([found[number] for number in order], source)


def _no_channels(found: str, source: str) -> RecordingError:
    return RecordingError(
        source,
        CHANNEL,
        found=found,
        expected="the number or the name of every spike's channel",
        advice="Check that times and channels are not exchanged, and leave out spikes of none.",
    )


def _names(names: Sequence[Any], source: str) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise RecordingError(
            source,
            "electrodes",
            found=described(names),
            expected="the names of all electrodes",
            advice="Give them as a list; range(60) for 0 to 59.",
        )
    found = tuple(str(name) for name in names)
    if len(set(found)) < len(found):
        twice = sorted({name for name in found if found.count(name) > 1})
        raise RecordingError(
            source,
            "electrodes",
            found=f"the same name more than once: {listed(twice)}",
            expected="a name of its own for each electrode",
            advice="Name each electrode once.",
        )
    return found


def _places(found: Sequence[str], names: Sequence[str], source: str) -> np.ndarray:
    """Return where each name that was found is among all names."""
    place = {name: number for number, name in enumerate(names)}
    unknown = [name for name in found if name not in place]
    if unknown:
        raise RecordingError(
            source,
            CHANNEL,
            found=f"{listed(unknown)}, which is not among the electrodes {listed(names)}",
            expected="spikes of these electrodes only",
            advice="Name all electrodes that have spikes, or leave their spikes out.",
        )
    return np.array([place[name] for name in found], np.uint16)


def _rearranged(arrays: list[np.ndarray], places: np.ndarray, size: int) -> list[np.ndarray]:
    everywhere = [np.zeros(0)] * size
    for place, array in zip(places, arrays, strict=True):
        everywhere[place] = array
    return everywhere


def _bounds(counts: np.ndarray) -> Int[np.ndarray, " electrode_bound"]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _in_order(times: np.ndarray, bounds: np.ndarray, electrodes: tuple[str, ...]) -> GroupedSpikes:
    """Return the spikes of each electrode sorted, and how many had to be."""
    falling = np.concatenate([[False], times[1:] < times[:-1]])
    falling[bounds[:-1][bounds[:-1] < len(times)]] = False  # a new electrode begins anew
    unsorted = int(np.count_nonzero(falling))
    if unsorted:
        for begin, end in pairwise(bounds):
            if falling[begin:end].any():
                times[begin:end].sort()
    return GroupedSpikes(times, bounds, electrodes, unsorted)
