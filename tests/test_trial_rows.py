"""Rows that share an onset are one trial; rows of a clock that starts again are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonica import RecordingError, from_spikes, read
from canonica.recordings import Reading
from canonica.recordings.stimuli._trial_rows import TrialRows
from recording_files import INPUTS, TRIALS, nwb, pair, ready, world


def long_format(stimuli):
    """Return a row for every input that is on, as a stimulator's log has it."""
    inputs = stimuli.filter(like="input")
    rows = stimuli.drop(columns=list(inputs))
    numbers = inputs.apply(lambda row: list(np.flatnonzero(row) + 1), axis=1)
    return rows.assign(stimulus=numbers).explode("stimulus").dropna().astype({"stimulus": int})


@pytest.fixture
def logged():
    """Return a culture whose stimuli are a log, and its trials that have an input on."""
    culture = world()
    on = culture.stimuli.filter(like="input").any(axis=1).to_numpy()
    wide = culture.stimuli[on]
    culture.stimuli = long_format(wide)
    return culture, wide.filter(like="input").to_numpy(), culture.responses[on]


def check(one, inputs, responses):
    assert one.sizes["input"] == INPUTS
    np.testing.assert_array_equal(one["stimuli"], inputs)
    np.testing.assert_array_equal(one["responses"], responses)
    assert f"rows make {len(inputs)} trials: rows of one onset" in one.attrs["reading"]


def test_a_log_of_inputs_makes_one_trial_of_each_onset(tmp_path, logged):
    culture, inputs, responses = logged
    culture.stimuli = culture.stimuli.sample(frac=1, random_state=0)
    (of_tables,) = read(pair(tmp_path, culture))
    check(of_tables, inputs, responses)
    assert "trials sorted by onset" in of_tables.attrs["reading"]
    (of_nwb,) = read(nwb(tmp_path, culture))
    check(of_nwb, inputs, responses)
    of_arrays = from_spikes(
        culture.spikes["time"].to_numpy(),
        culture.spikes["channel"].to_numpy(),
        onsets=culture.stimuli["onset"].to_numpy(),
        stimuli=culture.stimuli["stimulus"].to_numpy(),
        sources=culture.stimuli.filter(like="source").to_numpy(),
        session=culture.stimuli["session"].to_numpy(),
    )
    check(of_arrays, inputs, responses)
    assert of_arrays.equals(of_tables)


def test_sessions_are_counted_in_trials_not_in_rows(tmp_path, logged):
    culture, inputs, _ = logged
    culture.stimuli = culture.stimuli.drop(columns="session")
    trials = len(inputs)
    (one,) = read(pair(tmp_path, culture), trials_per_session=trials)
    assert set(one["session"].to_numpy()) == {1}


def test_a_log_beside_ready_responses(tmp_path):
    culture = world()
    frame = ready(culture).drop(columns="trial").assign(onset=culture.stimuli["onset"])
    frame = frame[culture.stimuli.filter(like="input").any(axis=1).to_numpy()]
    path = tmp_path / "log.csv"
    long_format(frame).to_csv(path, index=False)
    (one,) = read(path)
    check(one, frame.filter(like="input"), frame.filter(like="electrode"))
    other = long_format(frame)
    row = int(np.flatnonzero(other["onset"].duplicated())[0])
    other.iloc[row, other.columns.get_loc("electrode_1")] += 1
    other.to_csv(path, index=False)
    with pytest.raises(RecordingError, match=f"responses: found rows {row} and {row + 1} of one"):
        read(path)


def test_ready_responses_of_nwb_have_one_row_for_each_trial(tmp_path, logged):
    culture, inputs, responses = logged
    rows = np.repeat(np.arange(len(inputs)), inputs.sum(axis=1))
    culture.notes["units"] = False

    def add(file):
        file.add_trial_column("responses", "counts", data=responses[rows].astype(float))

    culture.notes["file"] = add
    (one,) = read(nwb(tmp_path, culture))
    check(one, inputs, responses)


@pytest.mark.parametrize(
    ("name", "value"),
    [("session", 2), ("source_1", None), ("amplitude", 2.0), ("Stim amplitude (uA)", 2.0)],
)
def test_rows_of_one_onset_that_disagree_are_refused(tmp_path, logged, name, value):
    culture, _, _ = logged
    if "amplitude" in name:
        culture.stimuli[name] = 1.5
    row = int(np.flatnonzero(culture.stimuli["onset"].duplicated())[0])
    column = culture.stimuli.columns.get_loc(name)
    before = culture.stimuli.iloc[row, column]
    culture.stimuli.iloc[row, column] = 1 - before if value is None else value
    with pytest.raises(RecordingError, match=f"rows {row} and {row + 1} of one onset that disag"):
        read(pair(tmp_path, culture))


def test_amplitudes_may_change_from_one_onset_to_the_next(tmp_path, logged):
    culture, inputs, responses = logged
    culture.stimuli["current"] = culture.stimuli["onset"] % 7
    (one,) = read(pair(tmp_path, culture))
    check(one, inputs, responses)


def test_electrodes_0_and_1_are_not_taken_for_off_and_on(tmp_path, logged):
    culture, _, _ = logged
    both = culture.stimuli[culture.stimuli["stimulus"] < 3]
    culture.stimuli = both.assign(stimulus=both["stimulus"] - 1)
    path = pair(tmp_path, culture)
    with pytest.raises(RecordingError, match="numbers of two electrodes.*--coding electrodes"):
        read(path)
    (one,) = read(path, coding="electrodes")
    assert one.sizes["input"] == 2
    assert one["stimuli"].sum() == len(both)
    (flag,) = read(path, coding="vector")
    assert flag.sizes["input"] == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30))
def test_rows_against_a_plain_loop(drawn):
    onsets = np.array([onset / 8 for onset, _ in drawn])
    inputs = np.eye(4)[[number for _, number in drawn]]
    rows = TrialRows.of_onsets(onsets)
    trials = sorted(set(onsets.tolist()))
    wanted = [[any(inputs[onsets == trial, i]) for i in range(4)] for trial in trials]
    np.testing.assert_array_equal(rows.any_of_each(inputs), wanted)
    np.testing.assert_array_equal(rows.one_of_each(onsets, "onset", "x"), trials)
    assert rows.lengths.tolist() == [int((onsets == trial).sum()) for trial in trials]
    assert rows.shared == sum(length > 1 for length in rows.lengths.tolist())


# Clocks that start again


@pytest.mark.parametrize("form", [pair, nwb, "responses"])
def test_a_clock_that_starts_again_each_session_is_named(tmp_path, form):
    culture = world()
    culture.stimuli["onset"] -= 60.0 * (culture.stimuli["session"] - 1)
    culture.stimuli["onset"] -= np.arange(len(culture.stimuli)) // TRIALS * float(TRIALS)
    if form == "responses":
        path = tmp_path / "ready.csv"
        pd.concat([ready(culture), culture.stimuli["onset"]], axis=1).to_csv(path, index=False)
    else:
        path = form(tmp_path, culture)
    with pytest.raises(RecordingError, match="fall at trial 25, from 23.5 to 0.5 s, where sess"):
        read(path)


def test_trials_in_any_order_are_no_clock_that_starts_again(tmp_path):
    culture = world()
    wanted = culture.stimuli["session"].to_numpy()
    culture.stimuli = culture.stimuli.iloc[::-1]
    (one,) = read(pair(tmp_path, culture))
    np.testing.assert_array_equal(one["session"], wanted)


# Codes


@pytest.mark.parametrize("form", ["numbers", "texts"])
def test_words_of_event_codes_are_refused(tmp_path, form):
    culture = world()
    names = list(culture.stimuli.filter(like="input"))
    words = culture.stimuli[names].to_numpy() @ (1 << np.arange(INPUTS))
    culture.stimuli = culture.stimuli.drop(columns=names)
    culture.stimuli["stimulus"] = words if form == "numbers" else [hex(word) for word in words]
    for path in (pair(tmp_path, culture), nwb(tmp_path, culture)):
        with pytest.raises(RecordingError, match="codes"):
            read(path)


@pytest.mark.parametrize("value", [-0.5, 12.5, -3, 1e300])
@pytest.mark.parametrize("coding", ["guess", "electrodes"])
def test_what_numbers_no_electrode_is_refused(tmp_path, value, coding):
    culture = world()
    culture.stimuli = culture.stimuli.drop(columns=list(culture.stimuli.filter(like="input")))
    culture.stimuli["stimulus"] = np.where(np.arange(len(culture.stimuli)) % 3, value, 2.0)
    for path in (pair(tmp_path, culture), nwb(tmp_path, culture)):
        with pytest.raises(RecordingError, match=r"stimuli: found .* in trial 2.*whole numbers"):
            read(path, coding=coding)


def test_electrodes_from_0_are_read_where_the_user_says_so(tmp_path):
    culture = world()
    culture.stimuli = culture.stimuli.drop(columns=list(culture.stimuli.filter(like="input")))
    culture.stimuli["stimulus"] = np.arange(len(culture.stimuli)) % 5
    path = pair(tmp_path, culture)
    with pytest.raises(RecordingError, match="0 among them.*--coding electrodes"):
        read(path)
    (one,) = read(path, coding="electrodes")
    assert one.sizes["input"] == 5
    assert Reading(coding="electrodes").coding == "electrodes"


def test_what_is_neither_0_nor_1_does_not_vanish_in_rows_of_one_onset():
    rows = TrialRows.of_onsets(np.array([0.0, 0.0, 1.0]))
    values = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert rows.any_of_each(values).tolist() == values.tolist()
    assert rows.any_of_each(abs(values)).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("nothing", [np.nan, None])
def test_what_is_missing_in_all_rows_of_an_onset_is_no_disagreement(nothing):
    rows = TrialRows.of_onsets(np.zeros(2))
    kind = float if nothing is not None else object
    both = rows.one_of_each(np.array([nothing, nothing], kind), "amplitude", "table")
    assert both.shape == (1,)
    assert both[0] is nothing or np.isnan(both[0])
    with pytest.raises(RecordingError, match="rows 1 and 2 of one onset that disagree"):
        rows.one_of_each(np.array([nothing, 1.0], kind), "amplitude", "table")


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
@pytest.mark.parametrize("shared", [False, True])
def test_what_was_done_to_the_rows_is_said_and_nothing_else(order, shared):
    onsets = np.array([1.0, 1.0 if shared else 2.0, 4.0])[order]
    words = "; trials sorted by onset" if order[0] else ""
    if shared:
        words = (
            "; 3 rows make 2 trials: rows of one onset are one trial with several inputs on" + words
        )
    assert TrialRows.of_onsets(onsets).description == words
