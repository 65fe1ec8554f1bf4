"""Spike times in memory: counted as a plain loop counts them, and refused with a clear error."""

import math

import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from spikeinterface.core import NumpyRecording, NumpySorting

from canonica import CanonicaError, RecordingError
from canonica.data._spike_trains import DOUBLED, SHUFFLED
from canonica.recordings.spikes._from_spikes import from_spikes, spike_trains_from

ONSETS = np.arange(6) * 1.0
STIMULI = np.array([[0, 1], [1, 0], [1, 1], [0, 0], [1, 0], [0, 1]])
TRIALS = {"onsets": ONSETS, "stimuli": STIMULI, "trials_per_session": 3}


def counted(times, channels, names, onsets, window=(0.01, 0.03)):
    """Return responses as a plain loop counts them."""
    responses = np.zeros((len(onsets), len(names)))
    for time, channel in zip(times, channels, strict=True):
        for trial, onset in enumerate(onsets):
            if onset + window[0] <= time < onset + window[1]:
                responses[trial, names.index(str(channel))] += 1
    return responses


@st.composite
def spikes(draw):
    """Draw spikes in any order, about stimuli in order, whose windows may overlap."""
    size = draw(st.integers(1, 40))
    ticks = st.integers(0, 5_040)
    times = np.array(draw(st.lists(ticks, min_size=size, max_size=size))) / 1000
    channels = draw(st.lists(st.sampled_from([0, 3, 17, 70_000]), min_size=size, max_size=size))
    onsets = sorted(draw(st.lists(st.integers(0, 5000), min_size=6, max_size=6, unique=True)))
    return times, np.array(channels), np.array(onsets) / 1000


@given(spikes())
def test_responses_are_those_of_a_plain_loop(drawn):
    times, channels, onsets = drawn
    times = times + 0.0003  # none at the edge of a window, where rounding decides
    times[0] = onsets[0] + 0.0153
    found = from_spikes(times, channels, onsets=onsets, stimuli=STIMULI, session=[1, 1, 1, 2, 2, 2])
    names = [str(number) for number in sorted(set(channels.tolist()))]
    assert found["electrode_name"].values.tolist() == names
    np.testing.assert_array_equal(found["responses"], counted(times, channels, names, onsets))
    assert found.attrs["spikes"] == len(times)


@given(spikes())
def test_all_ways_to_give_spikes_give_the_same(drawn):
    times, channels, _ = drawn
    times[0] = 1.0
    numbers = sorted(set(channels.tolist()))
    trains = {number: times[channels == number] for number in numbers}
    first = from_spikes(times, channels, **TRIALS)
    for other in (
        from_spikes(times, channels.astype(float), **TRIALS),
        from_spikes(times, [str(channel) for channel in channels], **TRIALS),
        from_spikes(times.tolist(), channels.tolist(), **TRIALS),
        from_spikes(trains, **TRIALS),
        from_spikes(list(trains.values()), electrodes=numbers, **TRIALS),
        from_spikes(times * 1000 * pq.ms, channels.astype(np.uint64), **TRIALS),
        from_spikes({n: train * 1000 * pq.ms for n, train in trains.items()}, **TRIALS),
        spike_trains_from(times, channels, **TRIALS).recording(),
    ):
        assert other.drop_attrs(deep=False).identical(first.drop_attrs(deep=False))
        for key in (SHUFFLED, DOUBLED, "spikes"):
            assert other.attrs[key] == first.attrs[key]


def test_trains_are_in_order_whatever_order_they_came_in(generator):
    times, channels = generator.random(1000) * 6, generator.integers(0, 4, 1000)
    trains = spike_trains_from(times, channels, **TRIALS)
    for number, train in enumerate(trains):
        np.testing.assert_array_equal(train, np.sort(times[channels == number]))
    shuffled = sum(int((np.diff(times[channels == n]) < 0).sum()) for n in range(4))
    assert trains.recording().attrs[SHUFFLED] == shuffled > 0
    assert from_spikes(np.sort(times), channels, **TRIALS).attrs[SHUFFLED] == 0


def test_what_was_given_is_left_as_it_was(generator):
    times, channels = generator.random(50) * 6, np.zeros(50, int)
    before = times.copy()
    from_spikes([times], **TRIALS)
    from_spikes(times, channels, **TRIALS)
    np.testing.assert_array_equal(times, before)


def test_silent_electrodes_stay():
    named = ["B2", "A1", "C3"]
    by_channel = from_spikes([1.02], ["A1"], electrodes=named, **TRIALS)
    by_train = from_spikes({"A1": [1.02]}, electrodes=named, **TRIALS)
    listed = from_spikes([[], [1.02], []], electrodes=named, **TRIALS)
    for found in (by_channel, by_train, listed):
        assert found["electrode_name"].values.tolist() == named
        assert found["responses"].sum("trial").values.tolist() == [0, 1, 0]
    assert from_spikes([[], [1.02]], **TRIALS)["responses"].sum("trial").values.tolist() == [0, 1]
    nothing = from_spikes([], [], electrodes=[1, 2], **TRIALS)
    assert nothing["responses"].shape == (6, 2)


def test_names_are_in_natural_order():
    found = from_spikes([1.02, 1.02, 2.02], ["ch10", "ch9", "ch9"], **TRIALS)
    assert found["electrode_name"].values.tolist() == ["ch9", "ch10"]
    assert found["responses"].sum("trial").values.tolist() == [2, 1]


def test_trials_are_sorted_by_onset_with_all_that_is_theirs():
    order = [3, 0, 5, 1, 4, 2]
    session, sources = np.array(list("aaabbb")), STIMULI[:, :1]
    times = [[0.02, 3.02, 3.021]]
    first = from_spikes(times, onsets=ONSETS, stimuli=STIMULI, sources=sources, session=session)
    again = from_spikes(
        times,
        onsets=ONSETS[order],
        stimuli=STIMULI[order],
        sources=sources[order],
        session=session[order],
    )
    said = again.attrs.pop("reading")
    assert said == first.attrs.pop("reading") + "; trials sorted by onset"
    assert again.identical(first)
    assert first["session"].values.tolist() == [1, 1, 1, 2, 2, 2]
    assert first["responses"].values[:, 0].tolist() == [1, 0, 0, 2, 0, 0]


def test_sessions_by_gaps_and_windows_of_any_length():
    onsets = [0.0, 1.0, 2.0, 60.0, 61.0, 62.0]
    found = from_spikes(
        [[0.5, 60.5]], onsets=onsets, stimuli=STIMULI, session_gap=10.0, window=(0.4, 0.6)
    )
    assert found["session"].values.tolist() == [1, 1, 1, 2, 2, 2]
    assert found["responses"].values[:, 0].tolist() == [1, 0, 0, 1, 0, 0]
    one = from_spikes([[0.5]], onsets=onsets, stimuli=STIMULI, session_gap=math.inf)
    assert set(one["session"].values) == {1}


def test_stimuli_may_list_the_inputs_that_are_on():
    ragged = [[4], [3, 4], [], [3], [4], []]
    found = from_spikes([[1.02]], onsets=ONSETS, stimuli=ragged, trials_per_session=3)
    assert found["stimuli"].values.tolist() == [[0, 1], [1, 1], [0, 0], [1, 0], [0, 1], [0, 0]]
    paired = from_spikes(
        [[1.02]], onsets=ONSETS, stimuli=STIMULI + 1, trials_per_session=3, coding="electrodes"
    )
    assert paired["stimuli"].values[0].tolist() == [1, 1]


def test_what_else_is_said_stays():
    found = from_spikes(
        [[1.02]], **TRIALS, name="slice 7", condition="control", attributes={"drug": "none"}
    )
    wanted = {"name": "slice 7", "condition": "control", "drug": "none", "origin": "memory"}
    assert wanted.items() <= found.attrs.items()


# SpikeInterface


def test_a_sorting_of_spikeinterface():
    samples = {"a": np.array([30_600, 600]), "b": np.array([150_450])}
    sorting = NumpySorting.from_unit_dict([{k: np.sort(v) for k, v in samples.items()}], 30_000.0)
    found = from_spikes(sorting, **TRIALS)
    assert found["electrode_name"].values.tolist() == ["a", "b"]
    assert found["responses"].values[:, 0].tolist() == [1, 1, 0, 0, 0, 0]
    assert found["responses"].values[:, 1].tolist() == [0, 0, 0, 0, 0, 1]


def test_the_clock_of_a_sorting_is_the_clock_of_its_recording():
    sorting = NumpySorting.from_unit_dict([{0: np.array([600])}], 30_000.0)
    traces = NumpyRecording([np.zeros((3000, 1))], 30_000.0)
    traces.set_times(2.0 + np.arange(3000) / 30_000.0)
    sorting.register_recording(traces)
    found = from_spikes(sorting, **TRIALS)
    assert found["responses"].values[:, 0].tolist() == [0, 0, 1, 0, 0, 0]


def test_of_several_segments_one_is_chosen():
    sorting = NumpySorting.from_unit_dict([{0: np.array([600])}, {0: np.array([30_600])}], 30_000.0)
    with pytest.raises(RecordingError, match="2 segments.*segment_index: 0, 1"):
        from_spikes(sorting, **TRIALS)
    with pytest.raises(RecordingError, match="2 of 2 segments"):
        from_spikes(sorting, segment_index=2, **TRIALS)
    second = from_spikes(sorting, segment_index=1, **TRIALS)
    assert second["responses"].values[:, 0].tolist() == [0, 1, 0, 0, 0, 0]


def test_what_of_spikeinterface_has_no_spikes_is_refused():
    with pytest.raises(RecordingError, match="NumpyRecording.*BaseSorting"):
        from_spikes(NumpyRecording([np.zeros((30, 1))], 30_000.0), **TRIALS)


# Neo


def block(*segments):
    """Return a block with spike trains in each segment, by name."""
    found = neo.Block()
    for trains in segments:
        segment = neo.Segment()
        for name, times in trains:
            segment.spiketrains.append(neo.SpikeTrain(times, t_stop=10_000 * pq.ms, name=name))
        found.segments.append(segment)
    return found


MINE = [("A1", [20, 2015] * pq.ms), ("B2", [5.015] * pq.s)]


def test_a_block_of_neo_and_what_is_in_it():
    whole = block(MINE)
    segment = whole.segments[0]
    trains = segment.spiketrains
    onsets = neo.Event(ONSETS * 1000 * pq.ms, labels=["stimulus"] * 6)
    durations = np.full(6, 0.1) * pq.s
    epochs = neo.Epoch(ONSETS * pq.s, durations=durations, labels=["stimulus"] * 6)
    for trains_of_neo, times in (
        (whole, onsets),
        (segment, epochs),
        (trains, ONSETS * pq.s),
        (list(trains), ONSETS),
    ):
        found = from_spikes(trains_of_neo, onsets=times, stimuli=STIMULI, trials_per_session=3)
        assert found["electrode_name"].values.tolist() == ["A1", "B2"]
        assert found["responses"].values[:, 0].tolist() == [1, 0, 1, 0, 0, 0]
        assert found["responses"].values[:, 1].tolist() == [0, 0, 0, 0, 0, 1]
        np.testing.assert_array_equal(found["onset"], ONSETS)
    alone = from_spikes(trains[0], **TRIALS)
    assert alone["responses"].shape == (6, 1)


def test_trains_of_neo_without_names_of_their_own_are_numbered():
    for name in (None, "same"):
        found = from_spikes(block([(name, times) for _, times in MINE]), **TRIALS)
        assert "electrode_name" not in found.coords
        assert found["responses"].sum("trial").values.tolist() == [2, 1]


def test_of_several_segments_of_neo_one_is_chosen():
    whole = block(MINE, [("A1", [3.02] * pq.s)])
    with pytest.raises(RecordingError, match="2 segments"):
        from_spikes(whole, **TRIALS)
    second = from_spikes(whole, segment_index=1, **TRIALS)
    assert second["responses"].values[:, 0].tolist() == [0, 0, 0, 1, 0, 0]


def test_what_of_neo_has_no_spikes_is_refused():
    signal = neo.AnalogSignal(np.zeros((3, 1)), units="mV", sampling_rate=1 * pq.Hz)
    for other in (signal, [signal], [block(MINE).segments[0].spiketrains[0], signal]):
        with pytest.raises(RecordingError, match="AnalogSignal.*spike trains of Neo"):
            from_spikes(other, **TRIALS)
    with pytest.raises(RecordingError, match="no spike trains"):
        from_spikes(block([]), **TRIALS)
    with pytest.raises(RecordingError, match="0 segments"):
        from_spikes(neo.Block(), **TRIALS)


def given_as(times, channels=None, **changed):
    return lambda: from_spikes(times, channels, **(TRIALS | changed))


HOSTILE = {
    "NaN": (given_as([1.0, np.nan], [1, 1]), ["spike times", "nan as spike 2", "(1 such)"]),
    "infinite": (given_as([[1.0], [np.inf]]), ["inf as spike 1 of electrode 2"]),
    "negative": (given_as({"x": [-0.5]}), ["-0.5", "electrode x", "0 or later"]),
    "texts": (given_as(["early"], [1]), ["spike times", "<U5"]),
    "a matrix": (given_as(np.ones((2, 2)), [1, 1]), ["shape (2, 2)"]),
    "ragged": (given_as([[1.0], [1.0, 2.0]], [1, 1]), ["spike times", "object"]),
    "complex": (given_as([1j], [1]), ["complex128"]),
    "no channels": (given_as(np.ones(3)), ["ndarray without channels", "list of times"]),
    "a list of times": (given_as([1.0, 2.0]), ["list without channels"]),
    "one time": (given_as(1.0), ["float without channels"]),
    "a text": (given_as("spikes.csv"), ["str without channels"]),
    "nothing": (given_as(None), ["NoneType without channels"]),
    "fewer channels": (given_as([1.0, 2.0], [1]), ["2 times and 1 channel;"]),
    "channel -1": (given_as([1.0, 2.0], [3, -1]), ["-1 for spike 2", "noise"]),
    "channel 1.5": (given_as([1.0], [1.5]), ["1.5 for spike 1", "exchanged"]),
    "channel NaN": (given_as([1.0], [np.nan]), ["nan for spike 1"]),
    "channel infinite": (given_as([1.0], [np.inf]), ["inf for spike 1"]),
    "channel None": (given_as([1.0, 2.0], ["a", None]), ["nothing for spike 2"]),
    "channel of a list": (given_as([1.0, 2.0], [[1], [2, 3]]), ["no names"]),
    "channel bool": (given_as([1.0], [True]), ["type bool"]),
    "channel matrix": (given_as([1.0], [[1, 2]]), ["shape (1, 2)"]),
    "unknown channel": (given_as([1.0], [4], electrodes=[1, 2]), ["4, which is not among", "1, 2"]),
    "unknown train": (given_as({"x": [1.0]}, electrodes=["y"]), ["x, which is not among"]),
    "electrode twice": (given_as([1.0], [1], electrodes=[1, "1"]), ["more than once: 1"]),
    "more names": (given_as([[1.0]], electrodes=[1, 2]), ["2 names for 1 spike train;"]),
    "times for channels": (
        given_as(np.ones(70_000), np.arange(70_000)),
        ["more than 65536 different channels"],
    ),
    "huge channel": (
        given_as([1.0], np.array([2**64 - 1], np.uint64), electrodes=[1]),
        ["1844674"],
    ),
    "no spikes, no names": (given_as([], []), ["no spikes, and so no channels"]),
    "no trains": (given_as([]), ["no spike trains"]),
    "milliseconds": (given_as([[30_000.0]]), ["one clock", "milliseconds"]),
    "volts": (given_as([[1.0] * pq.V]), ["values in", "times"]),
    "onsets in volts": (given_as([[1.0]], onsets=ONSETS * pq.V), ["onset", "times"]),
    "NaN onset": (given_as([[1.0]], onsets=[*ONSETS[:-1], np.nan]), ["onset", "nan in trial 6"]),
    "negative onset": (given_as([[1.0]], onsets=ONSETS - 1), ["onset", "-1 in trial 1"]),
    "no onsets": (
        given_as([[1.0]], onsets=[], stimuli=np.zeros((0, 2))),
        ["onset", "0 values"],
    ),
    "onset texts": (given_as([[1.0]], onsets=list("abcdef")), ["onset", "texts"]),
    "fewer stimuli": (given_as([[1.0]], stimuli=STIMULI[:-1]), ["onset 6, stimuli 5"]),
    "fewer sources": (given_as([[1.0]], sources=STIMULI[:2]), ["sources 2"]),
    "one session number": (
        given_as([[1.0]], trials_per_session=None, session=3),
        ["session 1", "the same number"],
    ),
    "stimulus of 2": (given_as([[1.0]], stimuli=STIMULI * 2), ["stimuli", "2 in trial"]),
    "source of 0.5": (given_as([[1.0]], sources=STIMULI / 2), ["sources", "0.5"]),
    "stimuli of three axes": (
        given_as([[1.0]], stimuli=np.zeros((6, 2, 2)), coding="electrodes"),
        ["stimuli", "(6, 2, 2)"],
    ),
    "four trials a session": (given_as([[1.0]], trials_per_session=4), ["6 trials", "multiple"]),
    "no sessions": (given_as([[1.0]], trials_per_session=None), ["sessions", "session_gap"]),
    "sessions twice": (given_as([[1.0]], session_gap=1.0), ["expected one of them"]),
    "session of half": (
        given_as([[1.0]], trials_per_session=None, session=[1, 1, 1, 2, 2, 2.5]),
        ["session", "2.5"],
    ),
    "session that comes back": (
        given_as([[1.0]], trials_per_session=None, session=list("aabbaa")),
        ["comes back"],
    ),
    "empty window": (given_as([[1.0]], window=(0.03, 0.01)), ["window", "the lower first"]),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_wrong_is_said(case):
    call, words = HOSTILE[case]
    with pytest.raises(CanonicaError) as caught:
        call()
    message = str(caught.value)
    for word in (*words, "found", "expected"):
        assert word in message, message
    assert "\n" not in message


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=3),
    st.lists(
        st.one_of(
            st.floats(-1, 9), st.integers(-1, 9), st.text(max_size=2), st.lists(st.floats(0, 6))
        ),
        max_size=6,
    ),
    st.dictionaries(st.integers(0, 3), st.lists(st.floats(0, 6), max_size=3), max_size=3),
)


@given(anything, anything, st.one_of(st.just(ONSETS), anything), st.one_of(st.none(), anything))
def test_whatever_is_given_only_our_error_comes_out(times, channels, onsets, sources):
    try:
        found = from_spikes(
            times, channels, onsets=onsets, stimuli=STIMULI, sources=sources, trials_per_session=1
        )
    except CanonicaError:
        return
    assert np.isfinite(found["responses"]).all()


WRONG = [
    *({"window": window} for window in (None, 3, "ab", (1, 2, 3), ("a", 1), (np.nan, 1))),
    *({"trials_per_session": length} for length in ("x", 2.5, True, 0)),
    *({"session_gap": gap} for gap in ("x", np.nan, -1.0, [1])),
    *({"electrodes": names} for names in (3, "ab")),
    *({"coding": coding} for coding in (None, "x")),
    *({"name": name} for name in (None, 3)),
    *({"attributes": more} for more in (None, {1: 2}, {"session": 3}, {"size": 3}, {"x": None})),
]


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_setting_that_is_none_is_named(wrong):
    (name,) = wrong
    sound = {"onsets": [0.0, 1.0], "stimuli": [[1, 0], [0, 1]]}
    sound |= {} if name in ("trials_per_session", "session_gap") else {"trials_per_session": 1}
    with pytest.raises(CanonicaError, match=r": found ") as caught:
        from_spikes([[0.02], [1.02]], **sound, **wrong)
    assert ("variable x" if wrong == {"attributes": {"x": None}} else name) in str(caught.value)


@pytest.mark.parametrize("gap", [math.inf, 2**64, 5])
def test_a_gap_that_is_never_reached_makes_one_session(gap):
    times = {"onsets": [0.0, 1.0], "stimuli": [[1, 0], [0, 1]], "session_gap": gap}
    assert from_spikes([[0.02]], **times).session.values.tolist() == [1, 1]


def test_limits_of_a_window_may_have_a_unit():
    times = {"onsets": [0.0, 1.0], "stimuli": [[1, 0], [0, 1]], "trials_per_session": 1}
    counts = from_spikes([[0.02, 0.05]], **times, window=tuple([15, 45] * pq.ms)).responses
    assert counts.values.tolist() == [[1.0], [0.0]]
