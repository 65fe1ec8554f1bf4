"""A file of which the end is lost is noticed, in its values where nothing else can tell."""

import warnings

import numpy as np
import pytest
import xarray as xr
from scipy.io import savemat

from canonica import RecordingError, RecordingWarning
from canonica.recordings import inspect, read

ORDERS = {"sources": "ros", "stimuli": "rso", "responses": "osr"}
FIELDS = {"r": "responses", "o": "stimuli", "s": "sources"}


def lost(recording):
    return [finding.what for finding in inspect(recording) if "in the last" in finding.what]


def saved(path, culture, order, *, compressed, zeros):
    """Write a MATLAB file, the last field as named, whose end is zeros."""
    cells = np.empty((1, 1), object)
    cells[0, 0] = {name: culture[FIELDS[name]].to_numpy().astype(np.uint8) for name in order}
    savemat(path, {"data_x": cells}, do_compression=compressed)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - zeros] + bytes(zeros))
    return path


def test_nothing_is_lost_of_what_is_whole(cultures):
    assert [lost(culture) for culture in cultures] == [[]] * len(cultures)


@pytest.mark.parametrize(
    ("last", "zeros"), [("sources", 100), ("stimuli", 100), ("responses", 400)]
)
def test_a_file_that_ends_in_zeros_is_noticed(last, zeros, tmp_path, cultures):
    path = saved(tmp_path / "x.mat", cultures[0], ORDERS[last], compressed=False, zeros=zeros)
    with pytest.warns(RecordingWarning, match="is 0 in the last"):
        (found,) = read(path, trials_per_session=64)
    assert not found.equals(cultures[0])
    (what,) = lost(found)
    number = int(what.split()[-2])
    assert not found[last][-number:, -1].any()
    assert zeros - 8 <= number < zeros + 40


@pytest.mark.parametrize("zeros", [1, 40, 400, 1000])
def test_a_compressed_file_is_refused(zeros, tmp_path, cultures):
    path = saved(tmp_path / "x.mat", cultures[0], "sor", compressed=True, zeros=zeros)
    with pytest.raises(RecordingError, match="cut short or damaged"):
        read(path, trials_per_session=64)


def test_what_has_checksums_or_is_whole_gives_no_warning(tmp_path, cultures):
    silent = cultures[0].copy(deep=True)
    silent["responses"][-300:, -1] = 0  # an electrode that fell silent
    for culture, compressed in ((cultures[0], False), (silent, True)):
        path = saved(tmp_path / "x.mat", culture, "osr", compressed=compressed, zeros=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read(path, trials_per_session=64)


def test_a_source_that_is_often_off_for_a_while_is_sound():
    on = np.tile(np.repeat([1.0, 0.0], 64), 4)
    session = ("trial", np.repeat([1, 2], 256))
    two = np.stack([1 - on, on], axis=1)
    names = {"responses": "electrode", "stimuli": "input", "sources": "source"}
    data = {name: (("trial", dim), two) for name, dim in names.items()}
    assert lost(xr.Dataset(data, {"session": session})) == []


@pytest.mark.filterwarnings("default::canonica.RecordingWarning")
def test_validate_tells_it_once(tmp_path, cultures, call):
    path = saved(tmp_path / "x.mat", cultures[0], "osr", compressed=False, zeros=400)
    code, printed, errors = call("validate", path, "--trials-per-session", 64)
    assert code == 1
    assert (printed + errors).replace("\n", " ").count("is 0 in the last") == 1
    code, _, errors = call("analyze", path, "--trials-per-session", 64, "--out", tmp_path / "out")
    assert "is 0 in the last" in errors.replace("\n", " ")
