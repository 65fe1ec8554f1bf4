"""Spikes counted in windows after stimuli, against a plain loop."""

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from canonica import CanonicaError
from canonica.data import _response_windows
from canonica.data._response_windows import EVOKED, ResponseWindows

SAMPLES = 25_000  # per second: times are those of a recorder, and hit edges of windows
ROOM = 1e6  # seconds in which onsets lie, forwards and backwards


def plain_counts(onsets, start, stop, times, rounding):
    """Return the spikes in [onset + start, onset + stop), each limit that much earlier."""
    start, stop = start - rounding, stop - rounding
    return [sum(1 for time in times if onset + start <= time < onset + stop) for onset in onsets]


def check(windows, times):
    times = np.sort(np.asarray(times, float))
    expected = plain_counts(windows.onsets, windows.start, windows.stop, times, windows.rounding)
    counts = windows.counts(times)
    assert counts.dtype.kind == "i"
    np.testing.assert_array_equal(counts, expected)
    added = np.full((len(expected), 2), 7.0)
    windows.count_into(added[:, 1], times)
    np.testing.assert_array_equal(added[:, 0], 7)
    np.testing.assert_array_equal(added[:, 1], np.add(expected, 7))


seconds = st.floats(-ROOM, ROOM)
sampled = st.integers(-2 * SAMPLES, 2 * SAMPLES).map(lambda sample: sample / SAMPLES)
intervals = st.one_of(
    st.floats(0, 2), st.sampled_from([0.0, 0.01, 0.02, 0.03, 1.0, 100.0]), st.floats(0, 1e5)
)
limits = st.one_of(
    st.just(EVOKED),
    st.tuples(st.floats(-1, 1), st.floats(1e-6, 1)).map(lambda one: (one[0], one[0] + one[1])),
    st.tuples(sampled, st.integers(1, 1000)).map(lambda one: (one[0], one[0] + one[1] / SAMPLES)),
).filter(lambda one: one[0] < one[1])


@st.composite
def windows_and_spikes(draw):
    first = draw(st.one_of(seconds, sampled, st.just(0.0)))
    onsets = first + np.cumsum([0.0, *draw(st.lists(intervals, max_size=12))])
    windows = ResponseWindows(onsets, *draw(limits))
    edges = np.concatenate([onsets + windows.start, onsets + windows.stop]) - windows.rounding
    just_off = [np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf)]
    near = st.sampled_from(np.concatenate(just_off).tolist())
    around = st.tuples(near, st.floats(-2, 2)).map(sum)
    return windows, draw(st.lists(st.one_of(near, around, seconds), max_size=40))


@given(windows_and_spikes())
@settings(max_examples=300)
def test_counts_are_those_of_a_plain_loop(both):
    windows, times = both
    event("overlapping" if windows.overlaps else "cells" if windows._cells else "searched")
    check(windows, times)


@given(windows_and_spikes())
@settings(max_examples=100)
def test_searching_finds_what_cells_find(both):
    windows, times = both
    searched = ResponseWindows(windows.onsets, windows.start, windows.stop)
    object.__setattr__(searched, "_cells", None)
    times = np.sort(np.asarray(times, float))
    np.testing.assert_array_equal(searched.counts(times), windows.counts(times))


@pytest.mark.parametrize("rate", [1000, 10_000, 25_000, 30_000, 44_100, 1_000_000])
@pytest.mark.parametrize("late", [0, 300_000])
@pytest.mark.parametrize("units", [1.0, 1000.0])
def test_on_a_grid_whole_samples_are_compared(generator, rate, late, units):
    """Limits that fall on samples are hit by spikes, however their quotients are rounded."""
    start, stop = rate // 100, 3 * rate // 100
    onsets = late * rate + np.cumsum(generator.integers(rate // 20, rate, 400))
    around = np.array([-1, 0, 1])
    near = onsets[:, None] + np.concatenate([start + around, stop + around, [rate // 50]])
    spikes = np.sort(near.ravel())
    expected = [
        int(np.count_nonzero((row >= onset + start) & (row < onset + stop)))
        for onset, row in zip(onsets, near, strict=True)
    ]
    seconds = [samples / rate * units / units for samples in (onsets, spikes)]  # as from ms
    windows = ResponseWindows(seconds[0], start / rate, stop / rate)
    assert windows.rounding < 0.1 / rate
    np.testing.assert_array_equal(windows.counts(seconds[1]), expected)


def test_windows_that_meet_on_a_grid_do_not_overlap():
    onsets = np.arange(1, 200) / 10
    windows = ResponseWindows(onsets, 0.0, 0.1)  # by rounding, some would begin too early
    assert windows.overlaps == 0
    np.testing.assert_array_equal(windows.counts(onsets), np.ones(199))


def test_sampled_recording(generator):
    """Onsets and spikes of one clock: many spikes are right at the edges of windows."""
    onsets = np.cumsum(generator.integers(SAMPLES // 20, SAMPLES, 300)) / SAMPLES
    edges = np.concatenate([onsets + 0.010, onsets + 0.030])
    times = np.concatenate(
        [
            generator.integers(0, int(onsets[-1] * SAMPLES), 3000) / SAMPLES,
            np.round(edges * SAMPLES) / SAMPLES,
            edges,
        ]
    )
    windows = ResponseWindows(onsets)
    assert windows._cells is not None
    assert not windows.overlaps
    check(windows, times)


def test_time_of_a_century_is_rounded_by_what_it_can_tell():
    onsets = 1.7e9 + np.arange(50) * 0.5  # seconds since 1970, 2.4e-7 s from one to the next
    counts = ResponseWindows(onsets).counts(onsets + 0.01)
    np.testing.assert_array_equal(counts, np.ones(50))


def test_edges_belong_to_the_window_that_begins_there():
    onsets = np.arange(5) * 0.25
    windows = ResponseWindows(onsets, 0.0, 0.25)  # one begins where the other ends
    np.testing.assert_array_equal(windows.counts(np.arange(-1, 7) * 0.25), [1, 1, 1, 1, 1])
    assert windows.overlaps == 0


def test_spike_in_two_windows_counts_in_both():
    windows = ResponseWindows(np.array([0.0, 0.0, 0.015, 1.0]))
    assert windows.overlaps == 2
    np.testing.assert_array_equal(windows.counts(np.array([0.012, 0.026, 0.03])), [2, 2, 2, 0])
    check(windows, [0.012, 0.026, 0.03])


@pytest.mark.parametrize("onsets", [[], [3.0], [-3.0], [1e6]])
@pytest.mark.parametrize("times", [[], [-1e9], [1e9], [3.01], [3.0299, 3.02, 3.02]])
def test_few(onsets, times):
    check(ResponseWindows(np.array(onsets)), times)


def test_uneven_onsets_take_no_more_memory(monkeypatch):
    onsets = np.array([0.0, 0.021, 5e5, 1e6])
    windows = ResponseWindows(onsets)
    assert windows._cells is None  # a microsecond's gap in days
    check(windows, [0.0, 0.01, 0.03, 0.031, 0.04, 5e5 + 0.015, 1e6 + 0.02, 2e6])
    monkeypatch.setattr(_response_windows, "MOST_CELLS", 2**30)
    check(ResponseWindows(np.array([0.0, 0.021, 50.0])), [0.01, 0.0305, 0.031, 50.02])


def test_time_so_late_that_windows_are_coarse():
    """At 1e13 s the numbers are 2 ms apart: windows begin and end where they can."""
    onsets = 1e13 + np.arange(20) * 0.04
    times = 1e13 + np.arange(600) / 512
    check(ResponseWindows(onsets), times)


@pytest.mark.parametrize("limits", [(0.03, 0.01), (0.01, 0.01), (np.nan, 1.0), (0.0, np.inf)])
def test_windows_that_are_none(limits):
    with pytest.raises(CanonicaError, match=r"expected two finite numbers, the lower first"):
        ResponseWindows(np.zeros(1), *limits)
