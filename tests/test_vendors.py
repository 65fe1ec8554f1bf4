"""Files of recording systems, read by Neo and SpikeInterface, in the layouts that these read."""

import sys

import numpy as np
import pytest
import vendor_files

import canonica
from canonica import RecordingError
from canonica.recordings import Reading, is_recording, recording_files
from canonica.recordings.isolation._isolated import OFF
from recording_files import world

GAP = {"session_gap": 30.0}  # seconds: `world` rests for longer between its sessions


@pytest.fixture(scope="module")
def culture():
    return world()


@pytest.fixture(scope="module")
def logged(culture):
    """Return trials with an input on, their onsets and inputs, as events can tell of them."""
    return vendor_files.stimulation_of(culture)


@pytest.fixture(scope="module")
def trains(culture):
    return vendor_files.trains_of(culture)


def channels(logged):
    _, onsets, inputs = logged
    return {f"stim_{i + 1}": onsets[inputs[:, i] > 0] for i in range(inputs.shape[1])}


def labels(logged):
    return [" ".join(str(i + 1) for i in np.flatnonzero(row)) for row in logged[2]]


def words(logged):
    return [
        (time, i + 1) for time, row in zip(*logged[1:], strict=True) for i in np.flatnonzero(row)
    ]


def check(found, culture, logged):
    """Compare with spikes counted, and stimuli drawn, before any file was written."""
    trials, onsets, inputs = logged
    assert (found.responses.values == culture.responses[trials]).all()
    assert (found.stimuli.values == inputs).all()
    np.testing.assert_allclose(found.onset, onsets, rtol=0, atol=1 / 4000)
    assert (
        np.bincount(found.session)[1:].tolist()
        == np.bincount(culture.stimuli["session"].to_numpy()[trials])[1:].tolist()
    )


def test_a_channel_of_events_for_each_input(tmp_path, culture, trains, logged):
    events = channels(logged) | {"AllFile": [0.0], "Idle": []}
    path = vendor_files.nex(tmp_path / "a.nex", trains, events)
    (found,) = canonica.read(path, **GAP)
    check(found, culture, logged)
    assert found.electrode_name.values.tolist() == list(trains)
    assert found.input_name.values.tolist() == ["stim_1", "stim_2", "stim_3", "stim_4"]
    assert "Neo's NeuroExplorerRawIO: a response for each of 12 spike trains" in found.reading
    assert "channels of events stim_1, stim_2, stim_3, stim_4" in found.reading
    assert found.attrs["name"] == "a"


def test_events_are_inputs_in_the_order_of_their_numbers(tmp_path, trains):
    events = {f"stim_{i}": [float(i)] for i in (10, 9, 2)}
    path = vendor_files.nex(tmp_path / "a.nex", trains, events)
    (found,) = canonica.read(path, session_gap=np.inf)
    assert found.input_name.values.tolist() == ["stim_2", "stim_9", "stim_10"]
    assert (found.stimuli.values == np.eye(3)).all()


def test_channels_may_be_called_by_signs_that_stand_for_others(tmp_path, trains):
    events = {"stim[1]": [1.0, 3.0]}
    markers = [("code [a*]", [1.0, 2.0, 3.0], ["4", "7", "4"])]
    path = vendor_files.nex(tmp_path / "a.nex", trains, events, markers)
    (found,) = canonica.read(path, table="code [a*]", session_gap=np.inf)
    assert found.stimuli.values.tolist() == [[1, 0], [0, 1], [1, 0]]
    (one,) = canonica.read(path, table="stim[1]", session_gap=np.inf)
    assert one.stimuli.values.tolist() == [[1], [1]]


def test_labels_that_list_electrodes(tmp_path, culture, trains, logged):
    markers = [("protocol", logged[1], labels(logged))]
    path = vendor_files.nex(tmp_path / "a.nex", trains, markers=markers)
    (found,) = canonica.read(path, **GAP)
    check(found, culture, logged)
    assert "labels of protocol; inputs 1 to 4 are those listed as 1, 2, 3, 4" in found.reading


def test_labels_that_name_inputs(tmp_path, trains):
    markers = [("trigger", [1.0, 2.0, 3.0], ["left", "right ", "left "])]
    path = vendor_files.nex(tmp_path / "a.nex", trains, {"Start": [0.0]}, markers)
    (found,) = canonica.read(path, stimuli="trig*", session_gap=np.inf)
    assert found.stimuli.values.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert found.input_name.values.tolist() == ["left", "right"]
    (same,) = canonica.read(path, table="trigger", session_gap=np.inf)
    assert same.equals(found)


def test_strobed_words_of_plexon(tmp_path, culture, trains, logged):
    path = vendor_files.plx(tmp_path / "a.plx", trains, words(logged))
    (found,) = canonica.read(path, **GAP)
    check(found, culture, logged)
    assert "labels of Strobed" in found.reading


def test_a_sorting_with_a_table_of_stimuli(tmp_path, culture, trains):
    path = vendor_files.sorting(tmp_path / "a.npz", trains)
    partner = vendor_files.stimuli(tmp_path / "protocol.csv", culture)
    (found,) = canonica.read(path, stimulus_file=partner)
    assert (found.responses.values == culture.responses).all()
    assert (found.sources.values == culture.stimuli.filter(like="source").to_numpy()).all()
    assert "of protocol.csv, onset from onset" in found.reading
    assert found.attrs["stimulus_file"] == str(partner)


def test_a_sorting_with_the_digital_inputs_of_intan(tmp_path, culture, trains, logged):
    path = vendor_files.sorting(tmp_path / "a.npz", trains)
    partner = vendor_files.intan(tmp_path / "a.rhd", *logged[1:], logged[1][-1] + 1)
    (found,) = canonica.read(path, stimulus_file=partner, stimuli="DIGITAL-IN-*", **GAP)
    check(found, culture, logged)
    assert found.input_name.values[0] == "DIGITAL-IN-00"


def test_digital_inputs_are_read_in_pieces(tmp_path, monkeypatch):
    from canonica.recordings.vendors import _neo

    onsets = np.array([0.0, 0.032, 0.064, 0.5])  # up at the very start: no edge
    path = vendor_files.intan(tmp_path / "a.rhd", onsets, np.ones((4, 1), int), 1)
    for piece in (1, 64, 65, 1 << 20):
        monkeypatch.setattr(_neo, "CHUNK", piece)
        (found,) = _neo.contents_by_neo("IntanRawIO")(path).events
        np.testing.assert_allclose(found.times, onsets[1:])


def test_nwb_from_a_file_of_a_recording_system(tmp_path, culture, trains, logged):
    from canonica.pipelines import convert

    path = vendor_files.nex(tmp_path / "a.nex", trains, channels(logged))
    convert(path, tmp_path / "a.nwb", reading=Reading(**GAP))
    (found,) = canonica.read(tmp_path / "a.nwb")
    check(found, culture, logged)


VOLTAGES = {  # file, writer, what there is, SpikeInterface's function that reads it
    "mea.raw": (vendor_files.mcs_raw, "3 channels at 10000 Hz for 2 s", "read_mcsraw"),
    "mea.h5": (vendor_files.mcs_hdf5, "3 channels at 10000 Hz for 2 s", "read_mcsh5"),
    "mea.raw.h5": (vendor_files.maxwell, "3 channels at 20000 Hz for 2 s", "read_maxwell"),
    "mea.brw": (vendor_files.biocam, "4 channels at 10000 Hz for 2 s", "read_biocam"),
}


@pytest.mark.parametrize("name", VOLTAGES)
def test_voltages_alone_are_refused_and_left_out_of_folders(tmp_path, name):
    written, there, function = VOLTAGES[name]
    path = written(tmp_path / name)
    with pytest.raises(RecordingError, match=f"voltages of {there}, but without spikes") as error:
        canonica.read(path)
    assert f"SpikeInterface ({function})" in error.value.advice
    assert not is_recording(path)


NOT_READ = {  # by these libraries; with what to do
    "mea.bxr": (vendor_files.results, "3Brain, results", "as a table in BrainWave"),
    "mea.mcd": (vendor_files.begins(b"MCSSTRM "), "Multi Channel Systems", "Multi Channel Data"),
    "mea.spk": (vendor_files.begins(b"AxionBio"), "Axion", "in AxIS"),
    "mea.nex5": (vendor_files.begins(b"NEX5"), "NeuroExplorer 5", r"as .nex \(NEX1\)"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_formats_that_no_library_reads_say_what_to_export(tmp_path, name):
    written, called, advice = NOT_READ[name]
    with pytest.raises(RecordingError, match=f"found {called}.*neither Neo nor.*{advice}"):
        canonica.read(written(tmp_path / name))


@pytest.mark.parametrize("name", ["a.nex", "a.plx", "a.npz", "a.rhd"])
def test_files_cut_short_have_one_error(tmp_path, trains, logged, name):
    write = {
        "a.nex": lambda path: vendor_files.nex(path, trains, channels(logged)),
        "a.plx": lambda path: vendor_files.plx(path, trains, words(logged)),
        "a.npz": lambda path: vendor_files.sorting(path, trains),
        "a.rhd": lambda path: vendor_files.intan(path, *logged[1:], 10.0),
    }[name]
    whole = write(tmp_path / name).read_bytes()
    for size in (8, 600, len(whole) // 2):
        (tmp_path / name).write_bytes(whole[:size])
        with pytest.raises(RecordingError):
            canonica.read(tmp_path / name, **GAP)


def test_without_the_libraries_the_error_names_the_extra(tmp_path, trains, monkeypatch):
    monkeypatch.setenv(OFF, "1")
    for module, path in (
        ("neo", vendor_files.nex(tmp_path / "a.nex", trains)),
        ("spikeinterface", vendor_files.sorting(tmp_path / "a.npz", trains)),
    ):
        for loaded in [name for name in sys.modules if name.split(".")[0] == module]:
            monkeypatch.delitem(sys.modules, loaded)
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
        with pytest.raises(RecordingError, match=rf'no {module};.*"canonica\[vendors\]"'):
            canonica.read(path, **GAP)


def test_a_folder_of_them_is_its_recordings(tmp_path, trains, logged):
    for name in ("b.nex", "a.nex"):
        vendor_files.nex(tmp_path / name, trains, channels(logged))
    vendor_files.maxwell(tmp_path / "voltages.raw.h5")
    assert [file.name for file in recording_files(tmp_path)] == ["a.nex", "b.nex"]


def test_which_events_are_stimuli_is_asked_where_it_cannot_be_told(tmp_path, trains):
    events = {"A": [1.0], "B": [2.0]}
    path = vendor_files.nex(tmp_path / "a.nex", trains, events)
    with pytest.raises(RecordingError, match="found events A, B; expected events that tell"):
        canonica.read(path, **GAP)
    with pytest.raises(RecordingError, match="found no events"):
        canonica.read(vendor_files.nex(tmp_path / "b.nex", trains), **GAP)
    with pytest.raises(RecordingError, match="no such column among A, B"):
        canonica.read(path, stimuli="C", **GAP)
    with pytest.raises(RecordingError, match="found events A, B"):
        canonica.read(path, table="C", **GAP)
    with pytest.raises(RecordingError, match="times of their own"):
        canonica.read(path, onset="A", stimuli="*", **GAP)
    markers = [("C", [3.0, 4.0], ["x", "y"])]
    path = vendor_files.nex(tmp_path / "c.nex", trains, events, markers)
    with pytest.raises(RecordingError, match="channels of events A, B, C with labels , x, y"):
        canonica.read(path, stimuli="*", **GAP)


def test_digital_words_with_0_are_refused(tmp_path, trains):
    markers = [("digital", [1.0, 2.0, 3.0], ["0", "5", "0"])]
    path = vendor_files.nex(tmp_path / "a.nex", trains, markers=markers)
    with pytest.raises(RecordingError, match="0 among them.*codes"):
        canonica.read(path, **GAP)


def test_several_segments_and_names_that_come_twice_are_refused(tmp_path):
    from neo.rawio import ExampleRawIO

    from canonica.recordings.vendors._neo import _check_segments

    example = ExampleRawIO("example.fake")
    example.parse_header()
    with pytest.raises(RecordingError, match="found 5 segments in 2 blocks"):
        _check_segments(example, tmp_path)
    twice = vendor_files.nex(tmp_path / "a.nex", {"a": [1.0], "b": [2.0]})
    twice.write_bytes(twice.read_bytes().replace(b"b" + bytes(63), b"a" + bytes(63)))
    with pytest.raises(RecordingError, match="found two called a"):
        canonica.read(twice, **GAP)
