"""Spike trains with the stimuli they followed: what a recording is counted from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._errors import RecordingError
from canonica.data._recording import counted
from canonica.data._response_windows import EVOKED, ResponseWindows, check_window
from canonica.data._time_resolution import onset_resolution, spike_resolution

SHUFFLED = "unsorted_spikes"  # attributes of a recording: what was amiss with its spike times
DOUBLED = "duplicate_spikes"
OVERLAPPING = "overlapping_windows"
COARSE = "time_resolution"  # seconds, where they are too many for the window ...
COARSE_TIMES = "coarse_times"  # ... and of which times, and why
COARSEST = 0.1  # of a window's width: what times must be known to
LATEST = 64  # spikes of each train that are kept to look at
THOUSAND = (500.0, 2000.0)  # ratios of the last times that tell of milliseconds
MARGIN = 1.0  # seconds after the last stimulus in which its response may come
ARGUMENTS = {  # names that no attribute of spike trains may have: they are passed on as arguments
    *("trains", "size", "onsets", "stimuli", "sources", "session", "electrodes", "window", "truth"),
    *("responses", "self", "in_parts"),
}


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """The spikes of every electrode, one after the other, and the stimuli they followed.

    Parameters
    ----------
    times : (spike,)
        Seconds; electrode by electrode, rising within each.
    bounds : (electrode + 1,)
        Where each electrode's spikes begin, and where the last one's end.
    onsets : (trial,)
        Onset of each stimulus in seconds, never falling.
    stimuli : (trial, input)
        0/1.
    sources : (trial, source) or None
        0/1, where known.
    session : (trial,)
        Number of each trial's session, never falling.
    electrodes : tuple of str
        What the electrodes are called, each once; "1", "2" ... by default.
    attrs : mapping
        `name`, `condition`, `origin`, and whatever else should stay with it.
    truth : xarray.Dataset or None
        Of a simulated culture: what is true of it.
    """

    times: Float[np.ndarray, " spike"]
    bounds: Int[np.ndarray, " electrode_bound"]
    onsets: Float[np.ndarray, " trial"]
    stimuli: np.ndarray
    sources: np.ndarray | None
    session: np.ndarray
    electrodes: tuple[str, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    truth: xr.Dataset | None = None

    def __iter__(self) -> Iterator[Float[np.ndarray, " spike"]]:
        """Give the spike times of one electrode after the other."""
        for begin, end in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            yield self.times[begin:end]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def recording(self, *, window: tuple[float, float] = EVOKED) -> xr.Dataset:
        """Return the recording: spikes of each electrode in a window after each stimulus.

        Parameters
        ----------
        window : (float, float)
            Its limits, in seconds after the onset.
        """
        return counted_recording(
            enumerate(self),
            len(self),
            onsets=self.onsets,
            stimuli=self.stimuli,
            sources=self.sources,
            session=self.session,
            electrodes=self.electrodes,
            window=window,
            truth=self.truth,
            **self.attrs,
        )


def counted_recording(
    trains: Iterable[tuple[int, Any]],
    size: int,
    *,
    onsets: np.ndarray,
    stimuli: np.ndarray,
    sources: np.ndarray | None,
    session: np.ndarray,
    electrodes: tuple[str, ...] = (),
    window: tuple[float, float] = EVOKED,
    truth: xr.Dataset | None = None,
    in_parts: bool = False,
    origin: str = "memory",
    **attrs: Any,
) -> xr.Dataset:
    """Return a recording counted from spike trains, which are asked for one by one.

    Parameters
    ----------
    trains : iterable of (electrode, (spike,))
        Number of an electrode, from 0, with spike times in seconds; in any order, which costs a
        sorting. An electrode may come several times, as when it has several units.
    size : int
        How many electrodes there are.
    onsets, stimuli, sources, session, electrodes, window, truth
        As in `SpikeTrains`.
    in_parts : bool
        Whether a train that comes again goes on where it was: then no part may begin before the one
        before has ended.

    Returns
    -------
    xarray.Dataset
        With coordinate `onset` on trial, `electrode_name` on electrode, and, as attributes, the
        window and what was amiss with the spike times: `unsorted_spikes`, `duplicate_spikes`,
        `overlapping_windows`; and `time_resolution` with `coarse_times`, where times are too
        coarse for the window.

    Raises
    ------
    RecordingError
        If a spike time is not finite, if no spike lies among the stimuli, or for what
        `canonica.recordings.recording` raises it.
    OutOfOrderError
        If a part of a train begins before the one before has ended.
    """
    check_window(*window)
    windows = ResponseWindows(onsets, *window)
    responses = np.zeros((size, len(onsets))).T  # electrode by electrode, as they are counted
    seen = _Seen(in_parts, shuffled=attrs.pop(SHUFFLED, 0))  # of trains that were sorted before
    for number, train in trains:
        times = np.asarray(train, np.float64)
        if len(times):
            label = electrodes[number] if electrodes else str(number + 1)
            windows.count_into(responses[:, number], seen.in_order(times, origin, label, number))
    seen.check_among(onsets, origin)
    found = counted(
        responses,
        stimuli,
        sources,
        session=session,
        origin=origin,
        **attrs,
        response_start=window[0],
        response_stop=window[1],
    )
    found.attrs.update(seen.attributes, **{OVERLAPPING: windows.overlaps})
    found.attrs.update(_coarseness(seen, onsets, COARSEST * (window[1] - window[0])))
    found = found.assign_coords(onset=("trial", onsets, {"units": "s"}))
    if electrodes:
        found = found.assign_coords(electrode_name=("electrode", np.asarray(electrodes, str)))
    return found if truth is None else found.merge(truth, combine_attrs="override")


def _coarseness(seen: "_Seen", onsets: np.ndarray, allowed: float) -> dict[str, Any]:
    """Return, as attributes, how finely times are known, if that is not finely enough."""
    known = {
        "spike times": spike_resolution(np.concatenate([np.zeros(0), *seen.last_of_each])),
        "onsets": onset_resolution(onsets),
    }
    coarse = {what: one for what, one in known.items() if one and one.seconds > allowed}
    if not coarse:
        return {}
    what, worst = max(coarse.items(), key=lambda one: one[1].seconds)
    return {COARSE: worst.seconds, COARSE_TIMES: f"{what}, {worst.cause}"}


class OutOfOrderError(Exception):
    """A part of a spike train begins before the one before has ended."""


@dataclass
class _Seen:
    """What the spike trains that have gone by were like."""

    in_parts: bool = False
    spikes: int = 0
    shuffled: int = 0
    doubled: int = 0
    first: float = np.inf
    last: float = -np.inf
    latest: list[np.ndarray] = field(default_factory=list)
    ends: dict[int, np.ndarray] = field(default_factory=dict)  # of each train that comes in parts

    @property
    def attributes(self) -> dict[str, int | float]:
        """Attributes in which a recording keeps the number and the times of its spikes."""
        kept: dict[str, int | float] = {"spikes": self.spikes}
        if self.spikes:
            kept |= {"first_spike": self.first, "last_spike": self.last}
        return kept | {SHUFFLED: self.shuffled, DOUBLED: self.doubled}

    @property
    def last_of_each(self) -> list[np.ndarray]:
        """The last spikes of each train."""
        return [*self.latest, *(self.ends[number] for number in sorted(self.ends))]

    def in_order(self, times: np.ndarray, origin: str, electrode: str, number: int) -> np.ndarray:
        """Return the times in rising order, having looked at them."""
        steps = np.diff(times)
        if not np.isfinite(steps.sum() + times[0]):
            _refuse_times(times, origin, electrode)
        if steps.size and steps.min() < 0:
            self.shuffled += int(np.count_nonzero(steps < 0))
            times = np.sort(times)
            steps = np.diff(times)
        self.doubled += int(np.count_nonzero(steps == 0))
        self.spikes += len(times)
        self.first = min(self.first, float(times[0]))
        self.last = max(self.last, float(times[-1]))
        if self.in_parts:
            self._goes_on(times, number)
        else:
            self.latest.append(times[-LATEST:].copy())
        return times

    def _goes_on(self, times: np.ndarray, number: int) -> None:
        """Look at the border between a part of a train and the one before."""
        before = self.ends.get(number, times[:0])
        if before.size:
            if times[0] < before[-1]:
                raise OutOfOrderError
            self.doubled += int(times[0] == before[-1])
        self.ends[number] = np.concatenate([before, times[-LATEST:]])[-LATEST:]

    def check_among(self, onsets: np.ndarray, origin: str) -> None:
        """Refuse spikes that lie before or after all stimuli, or seem to be in milliseconds."""
        meet = self.first <= onsets[-1] + MARGIN and self.last >= onsets[0]
        ends = sorted((self.last, float(onsets[-1])))
        thousandfold = THOUSAND[0] * ends[0] < ends[1] < THOUSAND[1] * ends[0]
        if not self.spikes or (meet and not thousandfold):
            return
        raise RecordingError(
            origin,
            "spike times",
            found=(
                f"spikes from {self.first:g} to {self.last:g} s, stimuli from {onsets[0]:g} to "
                f"{onsets[-1]:g} s"
            ),
            expected="spikes and stimuli at the same time",
            advice="Give both in seconds, on one clock: one may be in milliseconds or samples.",
        )


def _refuse_times(times: np.ndarray, origin: str, electrode: str) -> None:
    bad = ~np.isfinite(times)
    if not bad.any():
        return
    spike = int(np.flatnonzero(bad)[0])
    raise RecordingError(
        origin,
        "spike times",
        found=f"{times[spike]} as spike {spike + 1} of electrode {electrode} ({bad.sum()} such)",
        expected="finite times in seconds",
        advice="Leave out spikes without a time.",
    )
