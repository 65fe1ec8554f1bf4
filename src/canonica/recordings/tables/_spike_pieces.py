"""The spikes of a large table, some of its rows at a time."""

from collections.abc import Iterator

import numpy as np

from canonica.recordings.spikes._grouped_spikes import (
    MOST_CHANNELS,
    channel_numbers,
    checked_times,
)
from canonica.recordings.tables._names import numbers_or_names
from canonica.recordings.tables._table_file import TableFile
from canonica.recordings.tables._table_values import TableValues


class SpikePieces:
    """Spikes in a table, of which no more is held than one of its pieces.

    Parameters
    ----------
    table : TableFile
    time, channel : str
        Its columns.
    """

    def __init__(self, table: TableFile, time: str, channel: str) -> None:
        self._table, self._time, self._channel = table, time, channel
        self._known = np.zeros(0)  # numbers or texts in the column, each once, sorted
        self._place = np.zeros(0, np.uint16)  # of each of them among the channels

    def channels(self) -> tuple[str, ...]:
        """Return what all channels are called, in their order, having gone through the column.

        Raises
        ------
        RecordingError
            If a row has none, or something else.
        """
        known = None
        for piece in self._table.pieces([self._channel], "channels of spikes"):
            found, _ = self._labels(piece)
            known = found if known is None else np.union1d(known, found)
        self._known = np.zeros(0) if known is None else known
        labels, source = self._known, str(self._table.path)
        if labels.dtype == object:
            labels, missing = numbers_or_names(labels)
            labels = np.where(missing, "", labels) if missing.any() else labels
        self._place, names = channel_numbers(labels, source)
        return names

    def trains(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the place of a channel, and times of some of its spikes; again for every piece.

        Raises
        ------
        RecordingError
            If a time is no time.
        """
        for piece in self._table.pieces([self._time, self._channel], "spikes"):
            times = checked_times(piece.numbers(self._time, "spike times"), piece.source)
            found, index = self._labels(piece)
            codes = self._place[np.searchsorted(self._known, found)][index]
            order = np.argsort(codes, kind="stable")  # by radix, as there are 16 bits
            times, ends = times[order], np.cumsum(np.bincount(codes))
            for channel in np.flatnonzero(np.diff(ends, prepend=0)):
                yield int(channel), times[ends[channel - 1] if channel else 0 : ends[channel]]

    def _labels(self, piece: TableValues) -> tuple[np.ndarray, np.ndarray]:
        """Return what is in the column of channels, each once and sorted, and where it is."""
        texts, index = piece.texts(self._channel)
        if texts is None or index is None:
            return _unique(piece.numbers(self._channel))
        found, place = np.unique(texts, return_inverse=True)
        occurring, where = np.unique(place[index], return_inverse=True)
        return found[occurring], where


def _unique(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each number once, in order, and where it is; of channels' numbers without sorting."""
    few = numbers.dtype.kind in "ui" and numbers.size and numbers.min() >= 0
    if not few or numbers.max() >= MOST_CHANNELS:
        return np.unique(numbers, return_inverse=True)
    occurs = np.bincount(numbers) > 0
    place = (np.cumsum(occurs) - 1).astype(np.uint16)
    return np.flatnonzero(occurs), place[numbers]
