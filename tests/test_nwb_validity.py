"""What NWB files say of validity: nothing that was not observed counts as 0 without a word."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hdmf.common import DynamicTable
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.misc import Units

from canonica import RecordingError
from canonica.recordings import Reading, inspect, read, read_contents, write
from canonica.recordings.nwb import _read, _units
from canonica.recordings.nwb._validity import covered

SESSIONS, LENGTH, ELECTRODES = 3, 8, 4
TRIALS = SESSIONS * LENGTH
ONSETS = 2.0 + np.arange(TRIALS) + 60.0 * (np.arange(TRIALS) // LENGTH)
END = ONSETS[-1] + 10
WHOLE = [[0.0, END]]


@pytest.fixture
def trains(generator):
    """Return spikes of every electrode, some after each stimulus."""
    return [
        np.sort(np.repeat(ONSETS, 3) + generator.uniform(0.0, 0.05, 3 * TRIALS))
        for _ in range(ELECTRODES)
    ]


def file_of(generator, *, end=0.5, **columns):
    """Return a file with electrodes and trials, and further columns of the trials."""
    nwbfile = NWBFile("A culture.", "id", datetime(2024, 3, 1, 9, tzinfo=UTC))
    device = nwbfile.create_device(name="array")
    group = nwbfile.create_electrode_group("g", description="d", location="l", device=device)
    for _ in range(ELECTRODES):
        nwbfile.add_electrode(group=group, location="dish")
    for name in ("stimuli", "sources", "session", *columns):
        nwbfile.add_trial_column(name, name)
    sources = generator.integers(0, 2, (TRIALS, 2))
    stimuli = np.repeat(sources, 3, axis=1) ^ (generator.random((TRIALS, 6)) < 0.1)
    for trial, onset in enumerate(ONSETS):
        nwbfile.add_trial(
            start_time=onset,
            stop_time=onset + end,
            stimuli=stimuli[trial],
            sources=sources[trial],
            session=trial // LENGTH + 1,
            **{name: values[trial] for name, values in columns.items()},
        )
    return nwbfile


def saved(path, nwbfile):
    with NWBHDF5IO(path, "w") as file:
        file.write(nwbfile, cache_spec=False)
    return path


def counted(trains, onsets=ONSETS):
    """Return the spikes 10 to 30 ms after each onset, the slow and sure way."""
    return np.array(
        [
            [sum(1 for time in train if onset + 0.010 <= time < onset + 0.030) for train in trains]
            for onset in onsets
        ]
    )


def worst(recording):
    return [finding.what for finding in inspect(recording) if finding.severity != "note"]


def said_of(recording, what):
    """Return what a warning means, and its advice."""
    (finding,) = [one for one in inspect(recording) if one.what == what]
    assert finding.severity == "warning"
    return finding.meaning, finding.advice


@pytest.fixture
def lost(tmp_path, generator, trains):
    """Return a file whose third unit was lost in the middle of the 13th trial's response."""
    nwbfile = file_of(generator)
    half = ONSETS[12] + 0.02
    for number, train in enumerate(trains):
        gone = number == 2
        nwbfile.add_unit(
            spike_times=train[train < half] if gone else train,
            electrodes=[number],
            obs_intervals=[[0.0, half]] if gone else WHOLE,
        )
    return saved(tmp_path / "lost.nwb", nwbfile)


def test_an_electrode_whose_unit_was_lost_is_left_out(lost, trains):
    (found,) = read(lost)
    assert found.electrode.values.tolist() == [1, 2, 4]
    np.testing.assert_array_equal(found.responses, counted(trains)[:, [0, 1, 3]])
    told = "12 responses not known: electrodes 1 of 4 (2) left out"
    assert told in found.attrs["reading"]
    assert any("12 responses are not known" in what for what in worst(found))
    assert np.isfinite(found.responses).all()


def test_an_electrode_is_known_where_all_its_units_are(tmp_path, generator, trains):
    nwbfile = file_of(generator)
    for number, train in enumerate(trains):
        nwbfile.add_unit(spike_times=train, electrodes=[number], obs_intervals=WHOLE)
    for trial in (12, 13):  # two more units of the second electrode, that miss a trial each
        gone = [[0.0, ONSETS[trial]], [ONSETS[trial] + 1.0, END]]
        nwbfile.add_unit(spike_times=[ONSETS[0] + 0.02], electrodes=[1], obs_intervals=gone)
    (found,) = read(saved(tmp_path / "units.nwb", nwbfile), unobserved="trials")
    assert found.trial.values.tolist() == [*range(1, 13), *range(15, TRIALS + 1)]


def test_trials_can_go_instead(lost, trains):
    (found,) = read(lost, unobserved="trials")
    np.testing.assert_array_equal(found.responses, counted(trains)[:12])
    assert found.trial.values.tolist() == list(range(1, 13))
    assert "12 trials left out" in found.attrs["reading"]


def test_what_is_there_can_count(lost, trains):
    (found,) = read(lost, unobserved="zero")
    whole = counted(trains)
    assert (found.responses[13:, 2] == 0).all()
    np.testing.assert_array_equal(found.responses[:12], whole[:12])
    assert any("12 responses" in what for what in worst(found))


def test_spikes_are_left_out_as_responses_are(tmp_path, lost):
    for unobserved in ("electrodes", "trials"):
        reading = Reading(unobserved=unobserved)
        (trains,) = read_contents(lost, reading)
        (recorded,) = read(lost, unobserved=unobserved)
        np.testing.assert_array_equal(trains.recording().responses, recorded.responses)
        path = tmp_path / f"{unobserved}.nwb"
        write(path, trains)
        (again,) = read(path)
        np.testing.assert_array_equal(again.responses, recorded.responses)
        np.testing.assert_array_equal(again.stimuli, recorded.stimuli)
        np.testing.assert_array_equal(again.session, recorded.session)


def test_trials_without_anything_observed_go_before_electrodes_do(tmp_path, generator, trains):
    nwbfile = file_of(generator)
    between = [[0.0, ONSETS[7] + 0.5], [ONSETS[10], END]]  # the amplifier was off for two trials
    for number, train in enumerate(trains):
        nwbfile.add_unit(spike_times=train, electrodes=[number], obs_intervals=between)
    (found,) = read(saved(tmp_path / "off.nwb", nwbfile))
    kept = np.r_[:8, 10:TRIALS]
    np.testing.assert_array_equal(found.responses, counted(trains)[kept])
    np.testing.assert_array_equal(found.session, kept // LENGTH + 1)
    assert "8 responses not known: 2 trials left out" in found.attrs["reading"]


def test_where_nothing_would_stay_it_is_an_error(tmp_path, generator, trains):
    nwbfile = file_of(generator)
    for number, train in enumerate(trains):
        gap = ONSETS[number] + 0.015
        nwbfile.add_unit(
            spike_times=train, electrodes=[number], obs_intervals=[[0.0, gap], [gap + 0.001, END]]
        )
    path = saved(tmp_path / "gaps.nwb", nwbfile)
    with pytest.raises(RecordingError, match="4 responses not known.*--unobserved trials"):
        read(path)
    assert read(path, unobserved="trials")[0].sizes["trial"] == TRIALS - ELECTRODES


def test_intervals_that_are_none(tmp_path, generator, trains):
    nwbfile = file_of(generator)
    for number, train in enumerate(trains):
        nwbfile.add_unit(spike_times=train, electrodes=[number], obs_intervals=[[END, 0.0]])
    with pytest.raises(RecordingError, match=r"obs_intervals.*no interval of time"):
        read(saved(tmp_path / "turned.nwb", nwbfile))


def test_windows_within_intervals(generator):
    for _ in range(200):
        limits = generator.integers(0, 30, (generator.integers(1, 6), 2))
        limits.sort(axis=1)
        begins = generator.integers(0, 28, 40)
        ends = begins + 2
        inside = np.zeros(61, bool)  # every half
        for start, stop in limits:
            inside[2 * start : 2 * stop + 1] = True
        expected = [
            inside[2 * begin : 2 * end + 1].all() for begin, end in zip(begins, ends, strict=True)
        ]
        found = covered(limits.astype(float), begins.astype(float), ends.astype(float))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("units", [True, False])
def test_trials_in_invalid_times_are_left_out(tmp_path, generator, trains, units):
    more = {} if units else {"responses": counted(trains)}
    nwbfile = file_of(generator, **more)
    if units:
        for number, train in enumerate(trains):
            nwbfile.add_unit(spike_times=train, electrodes=[number])
    nwbfile.add_invalid_time_interval(start_time=ONSETS[3] + 0.029, stop_time=ONSETS[5] + 0.010)
    nwbfile.add_invalid_time_interval(start_time=ONSETS[9] - 5, stop_time=ONSETS[9] + 0.011)
    path = saved(tmp_path / "invalid.nwb", nwbfile)
    (found,) = read(path)
    kept = [trial for trial in range(TRIALS) if trial not in (3, 4, 8, 9)]
    np.testing.assert_array_equal(found.responses, counted(trains)[kept])
    assert "4 trials in invalid times left out" in found.attrs["reading"]
    what = "4 trials in times that the file calls invalid"
    assert said_of(found, what) == (
        "they were left out", "Nothing to do; with --invalid-times keep they count."
    )  # fmt: skip
    (all_of_it,) = read(path, invalid_times="keep")
    np.testing.assert_array_equal(all_of_it.responses, counted(trains))
    assert said_of(all_of_it, what) == (
        "they count all the same", "Leave them out: --invalid-times leave-out."
    )  # fmt: skip


def test_all_of_it_invalid(tmp_path, generator, trains):
    nwbfile = file_of(generator)
    nwbfile.add_unit(spike_times=trains[0], electrodes=[0])
    nwbfile.add_invalid_time_interval(start_time=0.0, stop_time=END)
    with pytest.raises(RecordingError, match=r"every trial.*--invalid-times keep"):
        read(saved(tmp_path / "none.nwb", nwbfile))


@pytest.fixture(params=["quality", "KSLabel", "group", "verdict"])
def labelled(request, tmp_path, generator, trains):
    """Return a file with a good unit and a noisy one on every electrode, and the labels' column."""
    nwbfile = file_of(generator)
    nwbfile.add_unit_column(request.param, "label")
    for label, fired in (("good", trains), ("Noise", [ONSETS + 0.02] * ELECTRODES)):
        for number, train in enumerate(fired):
            nwbfile.add_unit(spike_times=train, electrodes=[number], **{request.param: label})
    return saved(tmp_path / "labelled.nwb", nwbfile), request.param


def test_labels_are_told_and_chosen(labelled, trains):
    path, column = labelled
    (found,) = read(path)
    np.testing.assert_array_equal(found.responses, counted(trains) + 1)
    if column == "verdict":  # no name that says so
        assert not worst(found)
        quality = "verdict=good"
    else:
        assert f"4 good, 4 noise ({column}), of which all count" in found.attrs["reading"]
        assert worst(found) == [f"units are labelled 4 good, 4 noise ({column})"]
        quality = "good"
        assert not worst(read(path, quality="all")[0])
    (good,) = read(path, quality=quality)
    np.testing.assert_array_equal(good.responses, counted(trains))
    assert not worst(good)
    (by_unit,) = read(path, quality=quality, by="unit")
    np.testing.assert_array_equal(by_unit.responses, counted(trains))
    (noise,) = read(path, quality=f"{column}=noise", by="unit")
    assert (noise.responses == 1).all()
    assert noise.electrode_name.values.tolist() == ["4", "5", "6", "7"]


def test_units_that_do_not_count_may_be_longer_than_what_is_read_at_a_time(
    labelled, trains, monkeypatch
):
    path, column = labelled
    monkeypatch.setattr(_units, "BLOCK", 10)
    (good,) = _read.read(path, Reading(quality=(f"{column}=good",)))
    np.testing.assert_array_equal(good.responses, counted(trains))


def test_labels_that_are_not_there(labelled):
    path, column = labelled
    with pytest.raises(RecordingError, match="no unit labelled sound, but 4 good, 4 noise"):
        read(path, quality=f"{column}=sound")
    with pytest.raises(RecordingError, match="labels of columns lustre"):
        read(path, quality="lustre=good")


@pytest.mark.parametrize("modules", [1, 2])
def test_units_in_processing_modules(tmp_path, generator, trains, modules):
    nwbfile = file_of(generator)
    for number in range(modules):
        units = Units(name="sorted", description="d")
        for train in trains:
            units.add_unit(spike_times=train)
        nwbfile.create_processing_module(name=f"run{number}", description="d").add(units)
    path = saved(tmp_path / "processing.nwb", nwbfile)
    if modules > 1:
        with pytest.raises(RecordingError, match=r"run0/sorted, run1/sorted.*--units NAME"):
            read(path)
    (found,) = read(path, units=None if modules == 1 else "run1/sorted")
    np.testing.assert_array_equal(found.responses, counted(trains))


def in_a_table(nwbfile, stimuli):
    table = DynamicTable(name="protocol", description="d")
    table.add_column("stimulation_times", "When.")
    table.add_column("stimulation_electrodes", "Where.", index=True)
    for onset, on in zip(ONSETS, stimuli, strict=True):
        listed = np.flatnonzero(on) + 1
        table.add_row(stimulation_times=onset, stimulation_electrodes=listed.tolist())
    nwbfile.create_processing_module(name="behavior", description="d").add(table)


def in_a_series_of_vectors(nwbfile, stimuli):
    nwbfile.add_stimulus(
        TimeSeries(name="StimulationPattern", data=stimuli, timestamps=ONSETS, unit="n.a.")
    )


def in_a_series_of_electrodes(nwbfile, stimuli):
    trial, electrode = np.nonzero(stimuli)
    series = TimeSeries(
        name="stimulation", data=electrode + 1, timestamps=ONSETS[trial], unit="n.a."
    )
    nwbfile.add_acquisition(series)


@pytest.mark.parametrize(
    ("add", "told"),
    [
        (in_a_table, "protocol: onset from stimulation_times"),
        (in_a_series_of_vectors, "StimulationPattern: onset from timestamps, stimuli from data"),
        (in_a_series_of_electrodes, "stimulation: onset from timestamps, stimuli from data"),
    ],
)
def test_stimuli_are_found_elsewhere_than_in_trials(tmp_path, generator, trains, add, told):
    nwbfile = NWBFile("A culture.", "id", datetime(2024, 3, 1, 9, tzinfo=UTC))
    device = nwbfile.create_device(name="array")
    for number, train in enumerate(trains):
        group = nwbfile.create_electrode_group(
            f"site {number}", description="d", location="l", device=device
        )
        nwbfile.add_unit(spike_times=train, electrode_group=group)
    stimuli = generator.integers(0, 2, (TRIALS, 6))
    stimuli[:, 0] = 1 - stimuli[:, 1:].any(axis=1)  # none without any input
    add(nwbfile, stimuli)
    (found,) = read(saved(tmp_path / "elsewhere.nwb", nwbfile), trials_per_session=LENGTH)
    np.testing.assert_array_equal(found.stimuli, stimuli)
    np.testing.assert_array_equal(found.responses, counted(trains))
    assert told in found.attrs["reading"]
    assert found.electrode_name.values.tolist() == [f"site {n}" for n in range(ELECTRODES)]


@pytest.mark.parametrize("end", [0.2, 0.9])  # the stimulus after what is called the trial, or in it
def test_another_column_with_onsets_is_named(tmp_path, generator, trains, end):
    later = ONSETS + 0.5
    nwbfile = file_of(
        generator, end=end, stimOn_times=later, stimulus_number=np.arange(TRIALS) + 0.0
    )
    for number, train in enumerate(trains):
        nwbfile.add_unit(spike_times=train + 0.5, electrodes=[number])
    path = saved(tmp_path / "later.nwb", nwbfile)
    (found,) = read(path)
    (silent,) = (one for one in inspect(found) if one.severity == "unusable")
    assert "stimOn_times: --onset" in silent.advice
    assert "columns with times of stimuli within the trials: stimOn_times" in worst(found)
    (right,) = read(path, onset="stimOn_times")
    np.testing.assert_array_equal(right.responses, counted([t + 0.5 for t in trains], later))
    assert not worst(right)
    assert not any("within the trials" in what for what in worst(read(path, onset="start_time")[0]))


def test_options_of_the_command(call, lost, tmp_path):
    kept = tmp_path / "found.json"
    call("validate", lost, "--unobserved", "trials", "--json", kept)
    (found,) = json.loads(kept.read_text())["recordings"]
    assert found["trials"] == 12
    assert any("12 trials" in one["meaning"] for one in found["findings"])
    code, _, err = call("validate", lost, "--quality", "good")
    assert code == 2
    assert "no labels of quality" in err
