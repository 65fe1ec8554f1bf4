"""Which session a trial belongs to, at the very borders of what divides them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonica import RecordingError
from canonica.recordings._reading import Reading
from canonica.recordings.stimuli._sessions import session_numbers

HOUR = 3600.0


def numbers(trials, reading=None, **known):
    """Return the session numbers without their description."""
    return session_numbers(reading or Reading(), trials, source="file", **known)[0].tolist()


@given(st.lists(st.sampled_from([0.0, 1.0, 9.5, 10.0, 10.5, 60.0]), max_size=20))
def test_a_gap_divides_from_its_own_length_on(steps):
    onsets = np.cumsum([7.0, *steps])
    session, expected = 1, [1]
    for step in steps:  # all sums are exact
        session += step >= 10.0
        expected.append(session)
    assert numbers(len(onsets), Reading(session_gap=10.0), onsets=onsets) == expected


def test_a_gap_needs_onsets():
    with pytest.raises(RecordingError, match="no onsets of stimuli"):
        numbers(4, Reading(session_gap=10.0))


@pytest.mark.parametrize(("pause", "seen"), [(5.0, False), (5.25, True)])
def test_a_pause_is_longer_than_five_usual_intervals(pause, seen):
    steps = np.ones(511)
    steps[99] = pause  # after 100 trials, where no session of 256 ends
    onsets = np.cumsum([0.0, *steps])
    if not seen:
        assert numbers(512, onsets=onsets) == [1] * 256 + [2] * 256
        return
    with pytest.raises(RecordingError, match=r"1 pause of 5\.25 s.*after 100 trials.*-gap 2\.62"):
        numbers(512, onsets=onsets)


def test_pauses_where_sessions_end_are_expected_and_others_named_by_the_shortest():
    steps = np.ones(767)
    steps[255] = steps[511] = HOUR
    onsets = np.cumsum([0.0, *steps])
    assert numbers(768, onsets=onsets) == [1] * 256 + [2] * 256 + [3] * 256
    steps[299] = 20.0
    with pytest.raises(RecordingError, match=r"3 pauses of 20 s.*after 256 trials.*-gap 10"):
        numbers(768, onsets=np.cumsum([0.0, *steps]))
    # Whoever says how long sessions are is believed.
    assert numbers(768, Reading(trials_per_session=384), onsets=onsets) == [1] * 384 + [2] * 384


@pytest.mark.parametrize("trials", [1, 255, 257, 511])
def test_trials_that_do_not_fill_sessions_are_refused(trials):
    with pytest.raises(RecordingError, match=f"found {trials} trials?;"):
        numbers(trials)


def test_a_single_trial_has_no_pause():
    assert numbers(1, Reading(trials_per_session=1), onsets=np.zeros(1)) == [1]
    with pytest.raises(RecordingError, match="found 1 trial;"):
        numbers(1, onsets=np.zeros(1))


@given(st.lists(st.integers(1, 4), max_size=6))
def test_names_are_numbered_as_they_come(lengths):
    column = np.repeat([f"day {number}" for number in range(len(lengths))], lengths)
    expected = [number + 1 for number, length in enumerate(lengths) for _ in range(length)]
    assert numbers(len(column), column=column) == expected


def test_numbers_of_a_column_stay_as_they_are():
    assert numbers(3, column=np.array([4, 4, 9])) == [4, 4, 9]
    assert numbers(3, column=np.array([4.0, 4.0, -9.0])) == [4, 4, -9]


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (np.array([1.0, 1.5]), "1.5 in trial 2"),
        (np.array([1.0, 1.0, np.nan]), "nan in trial 3"),
        (np.array([np.inf, 1.0]), "inf in trial 1"),
        (np.array(["a", "b", "a"]), "comes back after another .3 runs"),
    ],
)
def test_a_column_that_tells_no_sessions_is_refused(column, found):
    with pytest.raises(RecordingError, match=found):
        numbers(len(column), column=column)
