"""One experiment in many files: put together, it is what one file would have held."""

import json
from itertools import product

import numpy as np
import pytest

import canonica
from canonica import RecordingError
from canonica.recordings import (
    Experiment,
    Reading,
    SpikeTrains,
    inspect,
    read_contents,
    read_each,
    recording_files,
    write,
)
from canonica.recordings.experiments import grouped, write_sessions
from canonica.recordings.stimuli._inferred_sources import inferred_sources

SESSIONS, LENGTH, ELECTRODES, INPUTS = 4, 6, 5, 6
SESSION = np.repeat(np.arange(1, SESSIONS + 1), LENGTH)
ONSETS = 3.0 + np.arange(SESSIONS * LENGTH) + 500.0 * (SESSION - 1)
START = "2024-11-20T12:04:29+09:00"


def mixed(generator, trials, mixing=0.75, inputs=INPUTS):
    """Return sources, and stimuli mixed from them: the first half mostly from the first."""
    sources = generator.integers(0, 2, (trials, 2))
    own = np.repeat([0, 1], inputs // 2)
    copied = np.where(generator.random((trials, inputs)) < mixing, own, 1 - own)
    return sources, np.take_along_axis(sources, copied, axis=1)


@pytest.fixture
def trains(generator):
    """Return spikes of a whole experiment, at any time, and many after stimuli."""
    each = [
        np.sort(
            np.r_[
                np.repeat(ONSETS, 3) + generator.uniform(0, 0.05, 3 * len(ONSETS)),
                generator.uniform(0, ONSETS[-1], 200),
            ]
        )
        for _ in range(ELECTRODES)
    ]
    _, stimuli = mixed(generator, len(ONSETS))
    return SpikeTrains(
        times=np.concatenate(each),
        bounds=np.cumsum([0, *map(len, each)]),
        onsets=ONSETS,
        stimuli=stimuli,
        sources=None,
        session=SESSION,
        electrodes=tuple("ABCDE"),
        attrs={"name": "dish"},
    )


def files_of(folder, trains, **metadata):
    return write_sessions(folder, trains, metadata={"session_start_time": START, **metadata})


def read_all(path, reading=None):
    reading = reading or Reading()
    return [one for unit in recording_files(path, reading) for one in read_each(unit, reading)]


def some_of(trains, electrodes):
    """Return the spikes of these electrodes, in this order."""
    each = list(trains)
    kept = [each[number] for number in electrodes]
    names = tuple(trains.electrodes[number] for number in electrodes)
    return kept, names


def test_layout(tmp_path, trains):
    files = files_of(tmp_path, trains, culture_id="24846")
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        f"sub-24846/sub-24846_ses-20241120T{time}_ecephys.nwb"
        for time in ("120429", "121257", "122123", "122949")
    ]
    with pytest.raises(Exception, match="--overwrite"):
        files_of(tmp_path, trains, culture_id="24846")
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(files[2], "r") as file:
        inside = file.read()
        assert inside.session_description == "Detected spikes in session 3"
        assert inside.subject.subject_id == "24846"
        assert inside.trials.colnames == ("start_time", "stop_time", "stimulation_electrodes")
        rows = inside.trials["stimulation_electrodes"][:]
        for listed, on in zip(rows, trains.stimuli[2 * LENGTH : 3 * LENGTH], strict=True):
            assert list(listed) == list(np.flatnonzero(on) + 1)


def test_an_experiment_is_one_recording(tmp_path, trains):
    files_of(tmp_path, trains)
    (found,) = read_all(tmp_path)
    whole = trains.recording()
    np.testing.assert_array_equal(found.responses, whole.responses)
    np.testing.assert_array_equal(found.stimuli, whole.stimuli)
    np.testing.assert_array_equal(found.session, whole.session)
    np.testing.assert_allclose(np.diff(found.onset), np.diff(ONSETS), atol=1e-9)
    assert found.electrode_name.values.tolist() == list("ABCDE")
    assert found.attrs["name"] == "sub-dish_20241120T120429"
    assert "4 files of subject dish" in found.attrs["reading"]
    assert "stimuli from stimulation_electrodes" in found.attrs["reading"]
    for counted in ("spikes", "unsorted_spikes", "overlapping_windows"):
        assert found.attrs[counted] == whole.attrs[counted]
    assert any("--infer-sources" in finding.advice for finding in inspect(found))


def test_files_by_themselves(tmp_path, trains):
    files_of(tmp_path, trains)
    reading = Reading(one_recording_per="file", trials_per_session=LENGTH)
    found = read_all(tmp_path, reading)
    assert [one.sizes["trial"] for one in found] == [LENGTH] * SESSIONS


@pytest.mark.slow
def test_read_takes_what_says_which_files_are_one_experiment(tmp_path, trains):
    files_of(tmp_path, trains)
    (whole,) = canonica.read(tmp_path)
    assert whole.identical(read_all(tmp_path)[0])
    (same,) = canonica.read(f"{tmp_path}/*/*.nwb", infer_sources=False)
    np.testing.assert_array_equal(same.responses, whole.responses)
    lengths = {"trials_per_session": LENGTH}
    each = canonica.read(tmp_path, one_recording_per="file", **lengths)
    assert [one.sizes["trial"] for one in each] == [LENGTH] * SESSIONS
    assert len(canonica.read(tmp_path, experiment_gap=505.0, **lengths)) == SESSIONS


def test_a_pause_begins_the_next_experiment(tmp_path, trains):
    files = files_of(tmp_path, trains)
    later = write_sessions(
        tmp_path, trains, metadata={"session_start_time": "2024-11-20T15:00:00+09:00"}
    )
    other = files_of(tmp_path, trains, culture_id="other")
    mixed_up = [file for three in zip(later, other, files, strict=True) for file in three]
    found = grouped(mixed_up, Reading())
    assert {tuple(each.path for each in one.sessions) for one in found} == {
        tuple(files),
        tuple(later),
        tuple(other),
    }
    wide = grouped(files + later, Reading(experiment_gap=5 * 3600.0))
    assert [len(one.sessions) for one in wide] == [2 * SESSIONS]
    assert grouped(files, Reading(experiment_gap=505.0)) == files
    first, others = grouped(files, Reading(experiment_gap=507.0))  # 508 s, then 506 s each
    assert first == files[0]
    assert [each.path for each in others.sessions] == files[1:]
    assert len(grouped(files, Reading(experiment_gap=508.0))) == 1


def test_two_files_that_begin_together(tmp_path, trains):
    files = files_of(tmp_path, trains)
    copy = tmp_path / "copy.nwb"
    copy.write_bytes(files[1].read_bytes())
    with pytest.raises(RecordingError, match=r"the start of .*--one-recording-per file"):
        grouped([*files, copy], Reading())


def test_files_with_sessions_are_recordings_of_their_own(tmp_path, trains):
    for day in (1, 2):
        about = {"session_start_time": f"2024-01-0{day}T23:50:00+00:00", "culture_id": "dish"}
        write(tmp_path / f"{day}.nwb", trains, metadata=about)
    assert len(recording_files(tmp_path)) == 2
    day_after = Reading(one_recording_per="experiment", experiment_gap=90_000.0)
    (together,) = recording_files(tmp_path, day_after)
    assert isinstance(together, Experiment)


@pytest.mark.slow
def test_electrodes_are_matched_by_name(tmp_path, trains):
    files = files_of(tmp_path, trains)
    rearranged, names = some_of(trains, [3, 0, 4, 1])  # C is missing in the second file
    order = trains.session == 2
    start = 505.0
    from dataclasses import replace

    part = replace(
        trains,
        times=np.concatenate(rearranged),
        bounds=np.cumsum([0, *map(len, rearranged)]),
        electrodes=names,
    )
    alone = write_sessions(tmp_path / "again", part, metadata={"session_start_time": START})
    files[1].write_bytes(alone[1].read_bytes())
    assert alone[1].name == files[1].name
    whole = trains.recording()
    (found,) = read_all(tmp_path / "sub-dish")
    assert found.electrode_name.values.tolist() == ["A", "B", "D", "E"]
    np.testing.assert_array_equal(found.responses, whole.responses[:, [0, 1, 3, 4]])
    assert "electrodes 1 of 5 (C) left out" in found.attrs["reading"]
    assert any("not in every file" in finding.what for finding in inspect(found))
    (without,) = read_all(tmp_path / "sub-dish", Reading(unobserved="trials"))
    np.testing.assert_array_equal(without.responses, whole.responses[~order])
    assert without.session.values.tolist() == trains.session[~order].tolist()
    (zero,) = read_all(tmp_path / "sub-dish", Reading(unobserved="zero"))
    assert (zero.responses[order, 2] == 0).all()
    assert start < ONSETS[LENGTH]


def test_a_file_that_cannot_be_read_is_named_and_the_others_stay(tmp_path, trains):
    files = files_of(tmp_path, trains)
    import h5py

    with h5py.File(files[1], "a") as file:
        del file["units/spike_times"]
    error, found = read_all(tmp_path)
    assert isinstance(error, RecordingError)
    assert files[1].name in error.source
    kept = trains.session != 2
    np.testing.assert_array_equal(found.responses, trains.recording().responses[kept])
    assert found.session.values.tolist() == trains.session[kept].tolist()
    assert any(files[1].name in finding.what for finding in inspect(found))


def test_an_input_that_a_session_never_used_was_off(tmp_path, trains):
    stimuli = trains.stimuli.copy()
    stimuli[SESSION == 2, 1] = 0
    from dataclasses import replace

    changed = replace(trains, stimuli=stimuli)
    files_of(tmp_path, changed)
    (found,) = read_all(tmp_path)
    np.testing.assert_array_equal(found.stimuli, stimuli)
    assert found.input_name.values.tolist() == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("mixing", [0.75, 0.9, 1.0])
def test_sources_are_inferred_from_stimuli_alone(generator, mixing):
    sources, stimuli = mixed(generator, 2000, mixing, inputs=32)
    shuffled = generator.permutation(32)
    found = inferred_sources(stimuli[:, shuffled].astype(float), "here")
    own = shuffled // 16
    assert ((found.group == found.group[0]) == (own == own[0])).all()
    assert found.mixing == pytest.approx(mixing, abs=0.02)
    right = sources if own[0] == 0 else sources[:, ::-1]
    assert (found.sources == right).mean() > 0.97


def test_inferred_sources_are_the_most_probable(generator):
    """By trying every state of every trial, written out."""
    _, stimuli = mixed(generator, 400)
    found = inferred_sources(stimuli.astype(float), "here")
    for trial, on in zip(found.sources, stimuli, strict=True):
        likelihood = {}
        for state in product([0, 1], [0, 1]):
            each = 1.0
            for group, value in zip(found.group, on, strict=True):
                own, other = state[group - 1], state[2 - group]
                chance = found.mixing * own + (1 - found.mixing) * other
                chance = min(max(chance, 1 / 800), 1 - 1 / 800)
                each *= chance if value else 1 - chance
            likelihood[state] = each
        best = max(likelihood.values())
        assert likelihood[tuple(map(int, trial))] == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("mixing", [0.5, "alone"])
def test_stimuli_of_no_groups(generator, mixing):
    if mixing == "alone":
        stimuli = generator.integers(0, 2, (2000, 8))
    else:
        _, stimuli = mixed(generator, 2000, mixing, inputs=8)
    with pytest.raises(RecordingError, match="two groups of inputs"):
        inferred_sources(stimuli.astype(float), "here")


@pytest.mark.slow
def test_from_simulation_to_validation(call, tmp_path):
    out = tmp_path / "experiment"
    sizes = ["--sessions", "12", "--trials-per-session", "24", "--electrodes", "16"]
    code, said, _ = call("simulate", "culture", "--layout", "dandi", "--out", out, *sizes)
    assert code == 0
    assert "in 12 files" in said
    kept = tmp_path / "found.json"
    code, said, _ = call("validate", out, "--infer-sources", "--json", kept)
    assert code == 1
    (found,) = json.loads(kept.read_text())["recordings"]
    assert found["sessions"] == 12
    assert any(one["what"].startswith("sources inferred") for one in found["findings"])
    code, said, _ = call("convert", out, tmp_path / "out.parquet", "--infer-sources")
    assert code == 0
    (again,) = read_contents(tmp_path / "out.parquet")
    assert again.sizes["trial"] == 12 * 24
    plain = ["--model", "ridge", "--against", "persistence"]
    for command, options in (("analyze", []), ("forecast", plain)):
        results = tmp_path / command
        code, _, _ = call(command, out, "--infer-sources", "--out", results, *options)
        assert code == 0
        (row,) = json.loads((results / "summary.json").read_text())["recordings"]
        assert row["name"].startswith("sub-simulated_")
        assert (row["sessions"], row["trials"]) == (12, 12 * 24)
        assert "12 files of subject simulated" in row["reading"]
        assert "sources inferred" in row["warnings"]
