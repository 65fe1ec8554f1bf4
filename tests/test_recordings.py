"""Reading: what is sound comes in whole, and what is not gets one clear error."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

import canonica
from canonica import RecordingError
from canonica.recordings import Reading, read, read_each, recording, write_matlab
from canonica.recordings.matlab import _matlab_5_claims

TRIALS, ELECTRODES, INPUTS, SOURCES = 12, 4, 5, 2


def fields(generator, *, trials=TRIALS, electrodes=ELECTRODES, inputs=INPUTS, sources=SOURCES):
    """Return one culture as the published files have it."""
    return {
        "s": generator.integers(0, 2, (trials, sources)).astype(np.uint8),
        "o": generator.integers(0, 2, (trials, inputs)).astype(np.uint8),
        "r": generator.poisson(3, (trials, electrodes)).astype(np.uint8),
    }


def save(path, cultures, *, compressed=True):
    """Write cultures as a cell array, as MATLAB does."""
    cells = np.empty((len(cultures), 1), object)
    cells[:, 0] = cultures
    savemat(path, {"data_test": cells}, do_compression=compressed)
    return path


@pytest.fixture
def file(tmp_path, generator):
    return save(tmp_path / "two.mat", [fields(generator), fields(generator, trials=24)])


def test_reads_every_culture_as_a_labelled_recording(file):
    recordings = read(file, trials_per_session=6)
    assert [dict(one.sizes)["trial"] for one in recordings] == [12, 24]
    truth = fields(np.random.default_rng(0))
    first = recordings[0]
    for name, field, dims in (
        ("responses", "r", ("trial", "electrode")),
        ("stimuli", "o", ("trial", "input")),
        ("sources", "s", ("trial", "source")),
    ):
        assert first[name].dims == dims
        assert first[name].dtype == np.float64
        np.testing.assert_array_equal(first[name], truth[field])
    assert first["responses"].attrs["units"] == "spikes"
    np.testing.assert_array_equal(first["session"], [1] * 6 + [2] * 6)
    assert first.attrs["name"] == "two-1"
    assert first.attrs["condition"] == "test"
    assert first.attrs["origin"] == f"{file}:data_test{{1}}"
    assert len(first.attrs["input_sha256"]) == 64


@pytest.mark.parametrize(
    "sizes",
    [
        {"electrodes": 1, "inputs": 1, "sources": 1},
        {"trials": 1, "electrodes": 7, "inputs": 3, "sources": 3},
        {"trials": 30, "electrodes": 2, "inputs": 64, "sources": 5},
    ],
)
@pytest.mark.parametrize("cultures", [1, 3])
def test_any_sizes(tmp_path, generator, sizes, cultures):
    path = save(tmp_path / "any.mat", [fields(generator, **sizes) for _ in range(cultures)])
    recordings = read(path, trials_per_session=1)
    assert len(recordings) == cultures
    assert recordings[0].sizes["source"] == sizes["sources"]


def test_written_recordings_read_the_same(tmp_path, cultures):
    path = tmp_path / "again.mat"
    write_matlab(path, cultures)
    for one, other in zip(read(path, trials_per_session=64), cultures, strict=True):
        for name in ("responses", "stimuli", "sources", "session"):
            xr.testing.assert_equal(one[name], other[name].drop_vars("onset"))  # it has no place
        assert one.attrs["condition"] == other.attrs["condition"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["again.mat"]


def test_a_struct_array_and_an_unprefixed_variable_will_do(tmp_path, generator):
    path = tmp_path / "struct.mat"
    savemat(path, {"experiment": fields(generator)})
    (only,) = read(path, trials_per_session=12)
    assert only.attrs["condition"] == "experiment"
    assert only.attrs["name"] == "struct"


def with_value(role, value):
    """Return a change that puts one bad value into one matrix."""

    def change(culture):
        culture[role] = culture[role].astype(float)
        culture[role][3, 1] = value

    return change


def replaced(role, value):
    """Return a change that puts something else in place of one matrix."""

    def change(culture):
        culture[role] = value(culture[role]) if callable(value) else value

    return change


BROKEN = {
    "stimulus of 2": (with_value("o", 2), ["stimuli", "2 in trial 4, input 2", "0 and 1 only"]),
    "stimulus of 0.5": (with_value("o", 0.5), ["stimuli", "0.5"]),
    "stimulus NaN": (with_value("o", np.nan), ["stimuli", "nan"]),
    "source of -1": (with_value("s", -1), ["sources", "-1 in trial 4, source 2"]),
    "negative response": (with_value("r", -3), ["responses", "-3 in trial 4, electrode 2", ">= 0"]),
    "NaN response": (with_value("r", np.nan), ["responses", "nan in trial 4", "finite"]),
    "infinite response": (with_value("r", np.inf), ["responses", "inf"]),
    "fewer responses": (
        replaced("r", lambda r: r[:-1]),
        ["responses 11", "stimuli 12", "same number"],
    ),
    "fewer sources": (replaced("s", lambda s: s[:5]), ["sources 5", "same number"]),
    "transposed stimuli": (replaced("o", lambda o: o.T), ["stimuli 5"]),
    "three axes": (replaced("r", np.zeros((12, 4, 2))), ["responses", "(12, 4, 2)"]),
    "text": (replaced("s", "sources"), ["sources", "numbers"]),
    "complex": (replaced("r", np.ones((12, 4)) * 1j), ["responses", "complex128"]),
    "no electrodes": (replaced("r", np.zeros((12, 0))), ["responses", "at least one"]),
    "nested cell": (replaced("o", np.array([[{}, 1]], object)), ["stimuli", "object"]),
    "missing r": (lambda culture: culture.pop("r"), ["data_test{1}", "fields o, s", "r"]),
    "13 trials": (
        lambda culture: culture.update(fields(np.random.default_rng(1), trials=13)),
        ["13 trials", "multiple of 6", "trials per session"],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_culture_has_one_clear_error(tmp_path, generator, case):
    change, words = BROKEN[case]
    culture = fields(generator)
    change(culture)
    path = save(tmp_path / "broken.mat", [culture])
    with pytest.raises(RecordingError) as caught:
        read(path, trials_per_session=6)
    message = str(caught.value)
    assert str(path) in message
    for word in (*words, "found", "expected"):
        assert word in message
    assert "\n" not in message
    assert caught.value.advice


def test_one_broken_culture_does_not_hide_the_others(tmp_path, generator):
    bad = fields(generator)
    bad["o"] = bad["o"] * 3
    path = save(tmp_path / "mixed.mat", [fields(generator), bad, fields(generator)])
    found = list(read_each(path, Reading(trials_per_session=6)))
    assert [isinstance(one, RecordingError) for one in found] == [False, True, False]
    assert "data_test{2}" in str(found[1])
    assert found[2].attrs["name"] == "mixed-3"
    with pytest.raises(RecordingError, match=r"data_test\{2\}"):
        read(path, trials_per_session=6)


def not_there(path):
    path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def cut_in_header(path):
    path.write_bytes(path.read_bytes()[:50])


def emptied(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("trial,electrode\n1,2\n")


def hdf5(path):
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(100))


def folder(path):
    path.unlink()
    path.mkdir()


def others(path):
    savemat(path, {"spikes": np.ones((3, 3)), "note": "hello"})


def no_cells(path):
    savemat(path, {"data_x": np.ones((3, 3))})


def empty_cell(path):
    savemat(path, {"data_x": np.empty((0, 0), object)})


FILES = {
    not_there: ["No such file"],
    cut: ["cut short"],
    cut_in_header: ["cut short"],
    emptied: ["empty file"],
    text: ["begins with b'trial,electrode"],
    hdf5: ["MATLAB", "cut short or damaged"],
    folder: ["folder"],
    others: ["variables: note, spikes", "data_<condition>"],
    no_cells: ["variables: data_x", "data_<condition>"],
    empty_cell: ["variables: data_x"],
}


@pytest.mark.parametrize("change", FILES, ids=lambda change: change.__name__)
def test_a_file_that_is_no_recording_has_one_clear_error(file, change):
    change(file)
    with pytest.raises(RecordingError) as caught:
        read(file)
    for word in (*FILES[change], str(file)):
        assert word in str(caught.value)


@pytest.mark.parametrize("compressed", [True, False])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_in_the_file_only_our_error_comes_out(tmp_path, compressed, data):
    """Cut and overwritten anywhere."""
    culture = fields(np.random.default_rng(0))
    file = save(tmp_path / "fuzzed.mat", [culture, culture], compressed=compressed)
    original = file.read_bytes()
    content = bytearray(original)
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        recordings = read(file, trials_per_session=6)
    except RecordingError:
        recordings = []
    for one in recordings:
        assert np.isfinite(one["responses"]).all()


def test_other_variables_beside_cultures_do_not_matter(tmp_path, generator):
    path = tmp_path / "more.mat"
    savemat(path, {"data_a": fields(generator), "data_rate": 256.0, "note": "hello"})
    assert [one.attrs["condition"] for one in read(path, trials_per_session=6)] == ["a"]


def test_only_recordings_of_one_condition_share_a_file(tmp_path, cultures):
    other = cultures[1].assign_attrs(condition="other")
    for wrong in ([], [cultures[0], other]):
        with pytest.raises(canonica.CanonicaError, match="expected one"):
            write_matlab(tmp_path / "x.mat", wrong)


def test_recordings_from_memory(generator):
    culture = fields(generator)
    session = np.repeat([3, 4, 9], [5, 4, 3])
    one = recording(culture["r"], culture["o"], culture["s"], session=session, note="slice 7")
    np.testing.assert_array_equal(one["session"], session)
    assert one.attrs["note"] == "slice 7"
    falling = np.array([3] * 6 + [2] * 6, np.uint8)
    for wrong in (session[::-1], session[:-1], session + 0.5, falling, 2.7, np.nan):
        with pytest.raises(RecordingError, match="session"):
            recording(culture["r"], culture["o"], culture["s"], session=wrong)
    with pytest.raises(RecordingError, match="responses"):
        recording([[1, 2], [3]], culture["o"], culture["s"], session=1)


def test_all_published_files_are_read(published):
    known = {"bic": 6, "dzp_first4": 4, "mix0": 4}
    for name, count in known.items():
        recordings = canonica.read(published / f"response_data_{name}.mat")
        assert len(recordings) == count
        for one in recordings:
            assert dict(one.sizes) == {"trial": 25600, "electrode": 64, "input": 32, "source": 2}
            assert one.attrs["condition"] == name.split("_")[0]
            assert len(np.unique(one["session"])) == 100


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_millions_of_arrays_are_refused_before_they_are_loaded(tmp_path, compressed, nested):
    cells = np.empty((120_000, 1), object)
    cells[:] = [[np.zeros((0, 0))]]
    inner = {"r": cells} if nested else cells
    path = tmp_path / "bomb.mat"
    savemat(path, {"data_x": inner}, do_compression=compressed)
    with pytest.raises(RecordingError, match="found 100000 arrays or more in a file of"):
        read(path)


def test_what_unpacks_to_more_than_compression_makes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_matlab_5_claims, "COMPRESSION", 10)
    monkeypatch.setattr(_matlab_5_claims, "SMALL", 10_000)
    path = tmp_path / "bomb.mat"
    savemat(path, {"data_x": np.zeros((1000, 100))}, do_compression=True)
    with pytest.raises(RecordingError, match="found more than 10000 bytes, packed in a file of"):
        _matlab_5_claims.check_arrays(path)
    savemat(path, {"data_x": np.zeros((30, 30))}, do_compression=True)
    _matlab_5_claims.check_arrays(path)


def test_more_numbers_than_a_file_can_hold_are_refused(tmp_path):
    culture = {"r": np.zeros((9000, 1000), np.uint8)}
    culture |= {"o": np.zeros((9000, 2), np.uint8), "s": np.zeros((9000, 2), np.uint8)}
    path = save(tmp_path / "bomb.mat", [culture])
    with pytest.raises(RecordingError, match="found a claim of 72,000,000 bytes in a file of"):
        read(path)
