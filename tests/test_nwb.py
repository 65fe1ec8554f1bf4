"""NWB: files of other people's making are understood, and our own come back as they were."""

import re
import tracemalloc
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ndx_cell_culture import CellCulture, CellCultureSubject, ExperimentContext, Pharmacology
from pynwb import NWBHDF5IO, NWBFile
from pynwb.epoch import TimeIntervals
from pynwb.event import EventsTable

from canonica import RecordingError
from canonica._errors import CanonicaError
from canonica.recordings import Reading, SpikeTrains, read, write
from canonica.recordings.isolation._file_progress import progress_told_to
from canonica.recordings.nwb import _read as _nwb
from canonica.recordings.nwb import _units as _nwb_units
from canonica.recordings.nwb import _write as _nwb_file

OF_THE_FILE = ("origin", "converted_from", "input_file", "input_sha256", "reading")
TRIALS, INPUTS, ELECTRODES = 12, 3, 5
ONSETS = 0.5 + 1.1 * np.arange(TRIALS)
TWO_SESSIONS = Reading(trials_per_session=TRIALS // 2)
KNOWN = {
    "session_start_time": "2023-05-17T10:30:00+09:00",
    "session_description": "Learning to separate two sources.",
    "experimenter": "Doe, Jane; Roe, Rita",
    "institution": "A university",
    "lab": "A laboratory",
    "device": "MEA 1060",
    "manufacturer": "A manufacturer",
    "platform": "MEA",
    "sampling_rate": "20000",
    "species": "Rattus norvegicus",
    "sex": "U",
    "donor_age": "P18D",
    "culture_id": "dish 3",
    "culture_type": "dissociated_culture",
    "culture_subtype": "cortical",
    "cell_type": "primary_cells",
    "batch": "7",
    "days_in_vitro": "30",
    "medium": "DMEM",
    "temperature": "37",
    "drug": "bicuculline",
    "concentration": "10 uM",
}


def empty_file(**about):
    """Return an NWB file with nothing in it."""
    return NWBFile("Somebody's recording.", "id", datetime(2020, 1, 2, tzinfo=UTC), **about)


def with_electrodes(nwbfile, number=ELECTRODES, **columns):
    """Add a table of electrodes, with further columns of one value each."""
    device = nwbfile.create_device(name="array")
    group = nwbfile.create_electrode_group("g", description="d", location="l", device=device)
    for name in columns:
        nwbfile.add_electrode_column(name, name)
    for electrode in range(number):
        more = {name: values[electrode] for name, values in columns.items()}
        nwbfile.add_electrode(group=group, location="cortex", **more)


def with_units(nwbfile, trains, electrodes=None):
    """Add a unit for each train; with the rows of its electrodes, where given."""
    for number, train in enumerate(trains):
        rows = {} if electrodes is None else {"electrodes": list(electrodes[number])}
        nwbfile.add_unit(spike_times=train, **rows)


def with_trials(nwbfile, stimuli, *, name="stimuli", onsets=ONSETS, index=False, **columns):
    """Add trials with a column of vectors, and further columns of one value each."""
    nwbfile.add_trial_column(name, name, index=index)
    for column in columns:
        nwbfile.add_trial_column(column, column)
    for trial, onset in enumerate(onsets):
        more = {column: values[trial] for column, values in columns.items()}
        nwbfile.add_trial(start_time=onset, stop_time=onset + 0.5, **{name: stimuli[trial]}, **more)


def save(path, nwbfile):
    """Write a file without the schema, which takes most of the time to read."""
    with NWBHDF5IO(path, "w") as file:
        file.write(nwbfile, cache_spec=False)
    return path


def read_one(path, reading=TWO_SESSIONS):
    (found,) = _nwb.read(path, reading)
    return found


def counted(train, window=(0.010, 0.030), onsets=ONSETS):
    """Return the spikes in each window, the slow and sure way."""
    start, stop = window
    train = np.asarray(train)
    return [((train >= t + start) & (train < t + stop)).sum() for t in onsets]


@pytest.fixture(scope="module")
def stimuli():
    return np.random.default_rng(1).integers(0, 2, (TRIALS, INPUTS))


@pytest.fixture(scope="module")
def trains():
    """Return spikes of as many units as electrodes, many of them right after a stimulus."""
    generator = np.random.default_rng(2)
    return [
        np.sort(
            np.concatenate(
                [
                    generator.choice(ONSETS, 20) + generator.uniform(0, 0.05, 20),
                    generator.uniform(0, ONSETS[-1], 10),
                ]
            )
        )
        for _ in range(ELECTRODES)
    ]


@pytest.fixture
def simulated(generator):
    """Return a recording counted from spikes, with its truth."""
    truth = xr.Dataset(
        {
            "true_posterior": (("trial", "source"), generator.random((TRIALS, 2)), {"units": "1"}),
            "true_weight": (("session_number", "source", "input"), generator.random((2, 2, 3))),
            "true_source": ("electrode", np.arange(ELECTRODES) % 3, {"long_name": "preferred"}),
        }
    )
    return random_trains(generator, truth=truth).recording()


@pytest.fixture(scope="module")
def sound(tmp_path_factory, stimuli, trains):
    """Return the bytes of a file as pynwb's tutorial would write it."""
    nwbfile = empty_file()
    with_electrodes(nwbfile)
    with_drugs(nwbfile, {"agent": "APV"})
    with_units(nwbfile, trains, [[row] for row in range(ELECTRODES)])
    with_trials(nwbfile, stimuli)
    return save(tmp_path_factory.mktemp("sound") / "sound.nwb", nwbfile).read_bytes()


@pytest.fixture
def plain(tmp_path, sound):
    """Return a file like any other, to be read or damaged."""
    path = tmp_path / "plain.nwb"
    path.write_bytes(sound)
    return path


# Files of other people's making


def test_spikes_count_by_electrode(tmp_path, stimuli, trains):
    nwbfile = empty_file()
    with_electrodes(nwbfile, channel_name=["A1", "A2", "B1", "B2", "C1"])
    with_units(nwbfile, trains, [[3], [0], [3], [1], [0]])
    with_trials(nwbfile, stimuli)
    found = read_one(save(tmp_path / "culture.nwb", nwbfile))
    expected = np.zeros((TRIALS, ELECTRODES))
    for train, electrode in zip(trains, [3, 0, 3, 1, 0], strict=True):
        expected[:, electrode] += counted(train)
    np.testing.assert_array_equal(found["responses"], expected)
    assert expected.any(axis=0).tolist() == [True, True, False, True, False]
    np.testing.assert_array_equal(found["stimuli"], stimuli)
    np.testing.assert_array_equal(found["onset"], ONSETS)
    np.testing.assert_array_equal(found["session"], [1] * 6 + [2] * 6)
    assert found["electrode_name"].values.tolist() == ["A1", "A2", "B1", "B2", "C1"]
    assert "sources" not in found
    assert found.attrs["name"] == "culture"
    assert found.attrs["condition"] == "unknown"
    assert "5, 2 without units, 5 units" in found.attrs["reading"]
    assert "stimuli from stimuli" in found.attrs["reading"]


def test_spikes_count_by_unit_where_that_is_wanted_or_all_there_is(tmp_path, stimuli, trains):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    with_trials(nwbfile, stimuli)
    expected = np.transpose([counted(train) for train in trains])
    bare = read_one(save(tmp_path / "bare.nwb", nwbfile))
    np.testing.assert_array_equal(bare["responses"], expected)

    nwbfile = empty_file()
    with_electrodes(nwbfile, 2)
    with_units(nwbfile, trains, [[0, 1]] * ELECTRODES)
    with_trials(nwbfile, stimuli)
    path = save(tmp_path / "several.nwb", nwbfile)
    by_unit = read_one(path, Reading(trials_per_session=6, by="unit"))
    np.testing.assert_array_equal(by_unit["responses"], expected)
    with pytest.raises(RecordingError, match="2 electrodes of unit 1.*--by unit"):
        read_one(path)


def test_window_is_the_one_asked_for(plain, trains):
    found = read_one(plain, Reading(trials_per_session=6, window=(0.0, 0.2)))
    np.testing.assert_array_equal(
        found["responses"], np.transpose([counted(train, (0.0, 0.2)) for train in trains])
    )


def test_a_column_for_each_input_and_each_source(tmp_path, generator, trains):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    values = generator.integers(0, 2, (TRIALS, 13))
    columns = {f"input_{number + 1}": values[:, number] for number in range(11)}
    sources = {f"source{number}": values[:, 11 + number].astype(bool) for number in range(2)}
    sessions = {"session": ["first"] * 5 + ["second"] * 7}
    with_trials(nwbfile, ["a"] * TRIALS, name="note", **columns, **sources, **sessions)
    found = read_one(save(tmp_path / "columns.nwb", nwbfile), Reading())
    np.testing.assert_array_equal(found["stimuli"], values[:, :11])
    np.testing.assert_array_equal(found["sources"], values[:, 11:])
    np.testing.assert_array_equal(found["session"], [1] * 5 + [2] * 7)


@pytest.mark.parametrize("coding", ["guess", "electrodes"])
def test_lists_of_stimulated_electrodes(tmp_path, trains, coding):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    lists = [[7, 30], [], [12], [7, 12, 30]] * 3
    with_trials(nwbfile, lists, name="stimulated_electrodes", index=True)
    path = save(tmp_path / "lists.nwb", nwbfile)
    found = read_one(path, Reading(session_gap=5.0, coding=coding))
    expected = [[electrode in one for electrode in (7, 12, 30)] for one in lists]
    np.testing.assert_array_equal(found["stimuli"], expected)


def test_ragged_vectors_of_one_length_are_a_matrix(tmp_path, stimuli, trains):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    with_trials(nwbfile, [list(row) for row in stimuli], name="pattern", index=True)
    found = read_one(save(tmp_path / "ragged.nwb", nwbfile))
    np.testing.assert_array_equal(found["stimuli"], stimuli)


def intervals(name, stimuli, column="stimulus"):
    table = TimeIntervals(name=name, description="Stimuli.")
    table.add_column(column, "inputs")
    for onset, row in zip(ONSETS, stimuli, strict=True):
        table.add_row(start_time=onset, stop_time=onset + 0.1, **{column: row})
    return table


def test_any_table_of_intervals(tmp_path, stimuli, trains):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    nwbfile.add_time_intervals(intervals("light", stimuli[:, :1] * 0, column="colour"))
    nwbfile.add_time_intervals(intervals("pulses", stimuli))
    path = save(tmp_path / "one.nwb", nwbfile)
    np.testing.assert_array_equal(read_one(path)["stimuli"], stimuli)

    nwbfile = empty_file()
    with_units(nwbfile, trains)
    nwbfile.add_time_intervals(intervals("early", 1 - stimuli))
    nwbfile.add_time_intervals(intervals("late", stimuli))
    path = save(tmp_path / "two.nwb", nwbfile)
    with pytest.raises(RecordingError, match="several tables with stimuli: early, late.*--table"):
        read_one(path)
    named = Reading(trials_per_session=6, table="early")
    np.testing.assert_array_equal(read_one(path, named)["stimuli"], 1 - stimuli)
    with pytest.raises(RecordingError, match="no tables nonsense, among early, late"):
        read_one(path, Reading(table="nonsense"))


def test_a_table_of_events(tmp_path, stimuli, trains):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    events = EventsTable(name="pulses", description="Stimuli.")
    events.add_column("stimuli", "inputs")
    for onset, row in zip(ONSETS, stimuli, strict=True):
        events.add_row(timestamp=onset, stimuli=row)
    nwbfile.add_events_table(events)
    found = read_one(save(tmp_path / "events.nwb", nwbfile))
    np.testing.assert_array_equal(found["stimuli"], stimuli)
    np.testing.assert_array_equal(found["onset"], ONSETS)


def test_trials_without_stimuli_do_not_hide_a_table_that_has_them(tmp_path, stimuli, trains):
    nwbfile = empty_file()
    with_units(nwbfile, trains)
    with_trials(nwbfile, ["rest"] * TRIALS, name="phase")
    nwbfile.add_time_intervals(intervals("pulses", stimuli))
    found = read_one(save(tmp_path / "both.nwb", nwbfile))
    np.testing.assert_array_equal(found["stimuli"], stimuli)


def test_spikes_and_trials_in_any_order(tmp_path, plain, generator, stimuli, trains):
    nwbfile = empty_file()
    with_electrodes(nwbfile)
    shuffled = [generator.permutation(train) for train in trains]
    with_units(nwbfile, shuffled, [[row] for row in range(ELECTRODES)])
    order = generator.permutation(TRIALS)
    with_trials(nwbfile, stimuli[order], onsets=ONSETS[order])
    path = save(tmp_path / "shuffled.nwb", nwbfile)
    found, expected = read_one(path), read_one(plain)
    assert found.attrs["unsorted_spikes"] == sum((np.diff(train) < 0).sum() for train in shuffled)
    assert "sorted by onset" in found.attrs["reading"]
    np.testing.assert_array_equal(found["responses"], expected["responses"])
    np.testing.assert_array_equal(found["stimuli"], expected["stimuli"])
    again = _nwb.read_trains(path, TWO_SESSIONS)
    assert isinstance(again, SpikeTrains)
    xr.testing.assert_identical(again.recording(), found)


@pytest.mark.parametrize("block", [1, 7, 10_000])
def test_it_does_not_matter_how_many_spikes_are_read_at_a_time(plain, monkeypatch, block):
    expected = read_one(plain)
    monkeypatch.setattr(_nwb_units, "BLOCK", block)
    xr.testing.assert_identical(read_one(plain), expected)


def test_spikes_are_read_a_few_units_at_a_time(tmp_path, monkeypatch):
    spikes, units = 10_000, 100
    times = np.tile(np.linspace(0.0, 20.0, spikes), units)
    trains = SpikeTrains(
        times=times,
        bounds=np.arange(units + 1) * spikes,
        onsets=ONSETS,
        stimuli=np.eye(TRIALS),
        sources=None,
        session=np.ones(TRIALS, np.int64),
    )
    path = tmp_path / "long.nwb"
    _nwb_file.write(path, trains, {})
    read_one(path)  # what is loaded once stays out of the account
    monkeypatch.setattr(_nwb_units, "BLOCK", 2**15)
    tracemalloc.start()
    read_one(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < times.nbytes / 2


@pytest.mark.parametrize("block", [7, 64, 10_000])
def test_spikes_that_were_read_are_told(plain, monkeypatch, block):
    monkeypatch.setattr(_nwb_units, "BLOCK", block)
    told = []
    with progress_told_to(lambda *one: told.append(one)):
        total = read_one(plain).attrs["spikes"]
    told = [one for one in told if one[0] != "bytes"]
    done = [one[1] for one in told]
    assert {(one[0], one[2]) for one in told} == {("spikes", total)}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, total)
    assert max(np.diff(done)) <= block  # units are shorter, or come in parts


# Drugs


def with_drugs(nwbfile, *drugs, present=None):
    dish = CellCulture(
        name="dish",
        culture_id="1",
        culture_type="slice",
        sample_label="1",
        species="Mus musculus",
    )
    nwbfile.subject = CellCultureSubject(subject_id="1", culture=dish)
    records = [
        Pharmacology(name=f"drug{n}", pharmacology_id=str(n), **drug)
        for n, drug in enumerate(drugs)
    ]
    context = ExperimentContext(
        name="context",
        experiment_id="1",
        age_at_recording="P30D",
        recording_platform="MEA",
        pharmacology_present=present,
        pharmacologies=records or None,
    )
    nwbfile.add_lab_meta_data(context)


@pytest.mark.parametrize(
    ("drugs", "present", "condition", "attrs"),
    [
        ([], None, "unknown", {}),
        ([], False, "control", {}),
        ([{"agent": "none"}], True, "control", {}),
        ([{"agent": "diazepam"}], True, "diazepam", {"drug": "diazepam"}),
        (
            [
                {"agent": "bicuculline", "concentration": "10", "concentration_unit": "uM"},
                {"agent": "APV"},
            ],
            True,
            "APV+bicuculline",
            {"drug": "APV+bicuculline", "drug_concentration": "unknown+10 uM"},
        ),
    ],
)
def test_condition_is_the_drugs(tmp_path, drugs, present, condition, attrs):
    nwbfile = empty_file()
    with_drugs(nwbfile, *drugs, present=present)
    with_units(nwbfile, [ONSETS + 0.02])
    with_trials(nwbfile, np.eye(TRIALS))
    path = save(tmp_path / "drugs.nwb", nwbfile)
    found = read_one(path)
    assert found.attrs["condition"] == condition
    assert {name: found.attrs[name] for name in found.attrs if "drug" in name} == attrs
    given = read_one(path, Reading(trials_per_session=6, condition="mine"))
    assert given.attrs["condition"] == "mine"


# There and back


def comparable(recording):
    """Return the recording without what says where it was read."""
    attrs = {name: value for name, value in recording.attrs.items() if name not in OF_THE_FILE}
    kept = recording.copy()
    kept.attrs = attrs
    return kept


def assert_same(one, other):
    xr.testing.assert_identical(comparable(one), comparable(other))


def random_trains(generator, *, sources=2, electrodes=ELECTRODES, truth=None):
    counts = generator.integers(0, 40, electrodes)
    counts[0] = 30
    spikes = [np.sort(generator.uniform(0, ONSETS[-1], count)) for count in counts]
    names = tuple(f"Ä{number}" for number in range(electrodes))
    return SpikeTrains(
        times=np.concatenate(spikes),
        bounds=np.concatenate([[0], np.cumsum(counts)]),
        onsets=ONSETS,
        stimuli=generator.integers(0, 2, (TRIALS, INPUTS)),
        sources=generator.integers(0, 2, (TRIALS, sources)) if sources else None,
        session=np.repeat([2, 5], TRIALS // 2),
        electrodes=names,
        attrs={"name": "dish/3: ä", "condition": "bic", "origin": "here", "share": 0.1, "a": [1]},
        truth=truth,
    )


@pytest.mark.parametrize("sources", [0, 2])
def test_spike_trains_come_back_to_the_last_bit(tmp_path, generator, sources):
    trains = random_trains(generator, sources=sources)
    write(tmp_path / "t.nwb", trains)
    again = _nwb.read_trains(tmp_path / "t.nwb", Reading())
    assert isinstance(again, SpikeTrains)
    assert again.times.tobytes() == trains.times.tobytes()
    assert again.onsets.tobytes() == trains.onsets.tobytes()
    np.testing.assert_array_equal(again.bounds, trains.bounds)
    assert again.electrodes == trains.electrodes
    assert again.attrs["converted_from"] == "here"
    assert_same(again.recording(), trains.recording())
    assert_same(read_one(tmp_path / "t.nwb", Reading()), trains.recording())


def test_recordings_come_back_with_their_truth(tmp_path, simulated):
    extra = simulated.assign_coords(place=("electrode", [f"p{n}" for n in range(ELECTRODES)]))
    extra = extra.assign(true_number=7, true_flags=(("source", "input"), np.eye(2, INPUTS) > 0))
    extra["true_flags"].attrs.update(units="1", long_name="flags")
    write(tmp_path / "c.nwb", extra)
    (again,) = read(tmp_path / "c.nwb")
    assert_same(again, extra)
    assert again["true_flags"].dtype == bool
    with h5py.File(tmp_path / "c.nwb") as file:
        assert "units" not in file  # no time is made up
        assert "not known" in file["intervals/trials/responses"].attrs["description"]


def test_spike_trains_come_back_with_their_truth(tmp_path, generator):
    truth = xr.Dataset(
        {
            "true_posterior": (("trial", "source"), generator.random((TRIALS, 2)), {"units": "1"}),
            "true_name": ("electrode", [f"e{number}" for number in range(ELECTRODES)]),
        }
    )
    trains = random_trains(generator, truth=truth)
    write(tmp_path / "t.nwb", trains)
    again = _nwb.read_trains(tmp_path / "t.nwb", Reading())
    xr.testing.assert_identical(again.truth, truth)
    assert_same(read_one(tmp_path / "t.nwb", Reading()), trains.recording())


def test_part_of_a_recording_comes_back_with_its_labels(tmp_path, simulated):
    part = simulated.isel(electrode=[3, 1, 4])
    write(tmp_path / "part.nwb", part)
    (again,) = read(tmp_path / "part.nwb")
    assert again["electrode"].values.tolist() == [4, 2, 5]
    assert_same(again, part)


@pytest.mark.parametrize("interval", [None, "2.5"])
def test_onsets_that_are_not_known_are_said_to_be_nominal(tmp_path, generator, interval):
    from canonica.recordings import recording

    one = recording(
        generator.integers(0, 999, (TRIALS, 4)) / 3,
        generator.integers(0, 2, (TRIALS, INPUTS)),
        session=6,
        name="counts",
    )
    metadata = {} if interval is None else {"stimulus_interval": interval}
    write(tmp_path / "counts.nwb", one, metadata=metadata)
    (again,) = read(tmp_path / "counts.nwb")
    assert "onset" not in again.coords
    assert_same(again, one)
    with h5py.File(tmp_path / "counts.nwb") as file:
        trials = file["intervals/trials"]
        assert "nominal" in trials.attrs["description"]
        np.testing.assert_array_equal(
            trials["start_time"], np.arange(TRIALS) * float(interval or 1)
        )


def test_counts_are_of_one_window_only(tmp_path, simulated):
    write(tmp_path / "c.nwb", simulated)
    with pytest.raises(RecordingError, match="without the times of the spikes"):
        read(tmp_path / "c.nwb", window=(0.0, 0.1))


def test_drugs_of_a_recording_are_its_pharmacology(tmp_path, generator):
    trains = random_trains(generator)
    write(tmp_path / "t.nwb", trains, metadata={"drug": "a+b", "concentration": "1 uM+2 nM"})
    found = read_one(tmp_path / "t.nwb", Reading())
    assert found.attrs["condition"] == "bic"  # what it was called before
    assert found.attrs["drug"] == "a+b"
    assert found.attrs["drug_concentration"] == "1 uM+2 nM"
    write(tmp_path / "again.nwb", found)
    again = read_one(tmp_path / "again.nwb", Reading())
    assert_same(again, found)
    assert again.attrs["converted_from"] == "here"


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"colour": "red"}, "found colour; expected some of session_start_time"),
        ({"species": " "}, "found nothing"),
        ({"session_start_time": "yesterday"}, "offset from UTC"),
        ({"session_start_time": "2023-05-17T10:30:00"}, "offset from UTC"),
        ({"sampling_rate": "fast"}, "found 'fast'; expected a number"),
        ({"sampling_rate": "0"}, "expected a number"),
        ({"sex": "male"}, "M, F, O"),
        ({"donor_age": "18"}, "ISO 8601"),
        ({"drug": "a+b", "concentration": "1 uM"}, "found 1 of 2 drugs"),
    ],
)
def test_metadata_that_say_nothing_are_refused(tmp_path, generator, metadata, message):
    with pytest.raises(CanonicaError, match=message):
        write(tmp_path / "t.nwb", random_trains(generator), metadata=metadata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.assign_attrs(thing=object()), "thing: found a value of type object"),
        (lambda one: one.assign(when=np.datetime64("2020-01-01", "ns")), "variable when"),
        (lambda one: one.assign_attrs(name="\udcff"), "NWB cannot hold"),
        (lambda one: one.assign_coords(onset=one["onset"] - 5), "onsets"),
    ],
)
def test_what_nwb_cannot_hold_is_refused(tmp_path, simulated, change, message):
    with pytest.raises(CanonicaError, match=message):
        write(tmp_path / "t.nwb", change(simulated))
    assert list(tmp_path.iterdir()) == []


def found_by_inspector(path, worst):
    from nwbinspector import Importance, inspect_nwbfile

    levels = [Importance.ERROR, Importance.PYNWB_VALIDATION, Importance.CRITICAL]
    levels += [Importance.BEST_PRACTICE_VIOLATION] if worst else []
    return [
        (message.check_function_name, message.message)
        for message in inspect_nwbfile(nwbfile_path=path)
        if message.importance in levels
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the inspector itself
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_inspector_finds_nothing_against(tmp_path, generator, simulated):
    path = tmp_path / "inspected.nwb"
    trains = random_trains(generator)
    for content, metadata in ((trains, KNOWN), (trains, {}), (simulated, KNOWN)):
        write(path, content, metadata=metadata)
        assert found_by_inspector(path, worst=bool(metadata)) == []


def test_everything_said_of_the_experiment_is_in_the_file(tmp_path, generator):
    write(tmp_path / "t.nwb", random_trains(generator), metadata=KNOWN)
    with NWBHDF5IO(tmp_path / "t.nwb", "r", load_namespaces=True) as file:
        nwbfile = file.read()
        context = nwbfile.lab_meta_data["experiment_context"]
        dish = nwbfile.subject.culture
        assert nwbfile.session_start_time.isoformat() == KNOWN["session_start_time"]
        assert nwbfile.experimenter == ("Doe, Jane", "Roe, Rita")
        assert nwbfile.units.resolution == 1 / 20000
        assert nwbfile.subject.species == dish.species == KNOWN["species"]
        assert (dish.age, dish.age_reference) == ("P30D", "days_in_vitro")
        assert dish.source_lines[0].cell_source_type == "primary_cells"
        assert context.device is nwbfile.devices["MEA 1060"]
        assert context.temperature_c == 37
        assert context.pharmacologies["drug_1"].concentration_unit == "uM"


# Damaged and odd files


def edited(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replaced(name, values, **settings):
    """Return an edit that puts other values in the place of a data set."""

    def change(file):
        attrs = dict(file[name].attrs)
        del file[name]
        made = file.create_dataset(name, data=values, **settings)
        made.attrs.update(attrs)

    return change


def claimed(name, shape, dtype):
    """Return an edit after which a data set claims a size that is not there."""

    def change(file):
        attrs = dict(file[name].attrs)
        del file[name]
        made = file.create_dataset(name, shape, dtype, chunks=(2**20,))
        made.attrs.update(attrs)

    return change


def without(name):
    return lambda file: file.pop(name)


DAMAGE = {
    "an index that falls": replaced("units/spike_times_index", [60, 30, 90, 120, 150]),
    "an index beyond the spikes": replaced("units/spike_times_index", [30, 60, 90, 120, 999]),
    "an index before the last spike": replaced("units/spike_times_index", [30, 60, 90, 120, 140]),
    "an index that is too short": replaced("units/spike_times_index", [30, 150]),
    "an index of fractions": replaced("units/spike_times_index", [30.0, 60, 90, 120, 150]),
    "spikes as texts": replaced("units/spike_times", ["soon"] * 150),
    "spikes as a matrix": replaced("units/spike_times", np.zeros((150, 2))),
    "spikes that are no numbers": replaced("units/spike_times", np.full(150, np.nan)),
    "spikes in samples": replaced("units/spike_times", 1e6 + np.arange(150)),
    "spikes that are only claimed": claimed("units/spike_times", (10**15,), "f8"),
    "an index that is only claimed": claimed("units/spike_times_index", (10**12,), "u8"),
    "rows that are only claimed": claimed("intervals/trials/id", (10**12,), "i8"),
    "onsets that are only claimed": claimed("intervals/trials/start_time", (10**12,), "f8"),
    "electrodes that are only claimed": claimed("units/electrodes", (10**12,), "i8"),
    "electrodes that are not there": replaced("units/electrodes", [0, 1, 2, 3, 5]),
    "no units": without("units"),
    "no spike times": without("units/spike_times"),
    "no index": without("units/spike_times_index"),
    "no trials": without("intervals/trials"),
    "no intervals": without("intervals"),
    "no onsets": without("intervals/trials/start_time"),
    "no stimuli": without("intervals/trials/stimuli"),
    "no electrodes": without("general/extracellular_ephys"),
    "onsets that are too few": replaced("intervals/trials/start_time", ONSETS[:-1]),
    "onsets before the start": replaced("intervals/trials/start_time", ONSETS - 1),
    "onsets that are no numbers": replaced("intervals/trials/start_time", ONSETS * np.nan),
    "stimuli that are too many": replaced("intervals/trials/stimuli", np.ones((99, 2))),
    "stimuli that are too few": replaced("intervals/trials/stimuli", np.ones((2, 2))),
    "stimuli of three dimensions": replaced("intervals/trials/stimuli", np.ones((TRIALS, 2, 2))),
    "stimuli that are no vectors": replaced("intervals/trials/stimuli", "all"),
    "stimuli that are not binary": replaced("intervals/trials/stimuli", np.ones((TRIALS, 2)) * 7),
    "stimuli as complex numbers": replaced("intervals/trials/stimuli", np.ones(TRIALS) * 1j),
    "lists of any length": replaced(
        "intervals/trials/stimuli", np.zeros(TRIALS), dtype=h5py.vlen_dtype(np.int8)
    ),
}


def counted_trains(path):
    """Return the recording of a file by way of its spike trains, looked at as they are counted."""
    return _nwb.read_trains(path, TWO_SESSIONS).recording()


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_damaged_files_give_one_clear_error(plain, damage):
    if damage == "lists of any length":
        edited(plain, without("intervals/trials/stimuli"))
        edited(
            plain,
            lambda file: file["intervals/trials"].create_dataset(
                "stimuli", (TRIALS,), h5py.vlen_dtype(np.int8)
            ),
        )
    else:
        edited(plain, DAMAGE[damage])
    with pytest.raises(RecordingError) as refused:
        read_one(plain)
    assert refused.value.source.startswith(str(plain))
    assert damage != "lists of any length" or damage in str(refused.value)


def test_a_flipped_bit_that_would_crash_the_hdf5_library(plain, sound):
    texts = b"\x19\x01\x01\x00\x10\x00\x00\x00"  # the type of texts, as HDF5 has it
    places = [found.start() for found in re.finditer(re.escape(texts), sound)]
    assert len(places) > 50
    for place in places[:: len(places) // 8]:
        damaged = bytearray(sound)
        damaged[place + 1] = 0xFE  # now it is the type of nothing
        plain.write_bytes(damaged)
        with pytest.raises(RecordingError, match="lists of any length"):
            read_one(plain)


@pytest.mark.parametrize("damage", [name for name in DAMAGE if name.startswith("spikes")])
def test_damaged_spikes_are_refused_as_trains_too(plain, damage):
    edited(plain, DAMAGE[damage])
    with pytest.raises(RecordingError):
        counted_trains(plain)


def test_tables_without_rows(tmp_path, stimuli):
    nwbfile = empty_file()
    with_electrodes(nwbfile)
    with_trials(nwbfile, stimuli)
    nwbfile.units = None
    silent = empty_file()
    with_electrodes(silent)
    with_units(silent, [[]] * ELECTRODES, [[row] for row in range(ELECTRODES)])
    with_trials(silent, stimuli)
    found = read_one(save(tmp_path / "silent.nwb", silent))
    assert not found["responses"].any()
    with pytest.raises(RecordingError, match="no table of units"):
        read_one(save(tmp_path / "none.nwb", nwbfile))


def test_attributes_of_a_file_take_no_liberties(tmp_path, generator):
    """A made-up file must not reach the arguments of our functions."""
    trains = random_trains(generator)
    wild = {"window": 3, "responses": 1, "truth": "x", "self": 0, "unsorted_spikes": "many"}
    made = SpikeTrains(**{**vars(trains), "attrs": {**trains.attrs, **wild}})
    _nwb_file.write(tmp_path / "wild.nwb", made, {})
    found = read_one(tmp_path / "wild.nwb", Reading())
    assert_same(found, trains.recording())
    again = _nwb.read_trains(tmp_path / "wild.nwb", Reading())
    assert_same(again.recording(), trains.recording())


@pytest.mark.parametrize("name", ["attributes/value", "variables/dimensions"])
def test_what_we_keep_beside_the_recording_may_be_damaged_too(tmp_path, simulated, name):
    path = tmp_path / "c.nwb"
    write(path, simulated)
    with h5py.File(path, "r+") as file:
        values = file[f"processing/canonica/{name}"]
        values[0] = '{"unfinished'
    with pytest.raises(RecordingError, match="do not fit together"):
        read(path)


def test_recognised_by_content(tmp_path, plain):
    renamed = plain.rename(tmp_path / "culture.h5")
    assert _nwb.recognises(renamed)
    (found,) = read(renamed, trials_per_session=6)
    assert found.sizes["trial"] == TRIALS
    other = tmp_path / "other.nwb"
    with h5py.File(other, "w") as file:
        file["x"] = 1
    assert not _nwb.recognises(other)
    text = tmp_path / "text.nwb"
    text.write_text("not HDF5")
    assert not _nwb.recognises(text)
    cut = tmp_path / "cut.nwb"
    cut.write_bytes(renamed.read_bytes()[:-100])
    assert _nwb.recognises(cut)
    with pytest.raises(RecordingError, match="cut short"):
        read(cut)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_but_our_own_error_comes_out(tmp_path, sound, data):
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 12))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    path = tmp_path / "damaged.nwb"
    path.write_bytes(damaged)
    if not _nwb.recognises(path):
        return
    try:
        found = read_one(path)
    except RecordingError:
        return
    assert found.sizes["trial"] > 0
