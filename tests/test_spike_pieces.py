"""A large table of spikes, counted some rows at a time: the same as of all of them at once."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from canonica import RecordingError
from canonica.data import _spike_trains
from canonica.recordings import Reading, _largest
from canonica.recordings.isolation._file_progress import progress_told_to
from canonica.recordings.tables import _spike_pieces, _spikes, _table_file

TRIALS = 24
READING = Reading(trials_per_session=12)


def spikes(channels=(3, 10, 11), spikes=3000, *, order="time"):
    """Return a table of spikes on a grid of 1 ms, so that some are twice at the same time."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "time": rng.integers(0, 1000 * TRIALS, spikes) / 1000,
            "channel": np.asarray(channels)[rng.integers(0, len(channels), spikes)],
        }
    )
    by = {"time": ["time"], "channel": ["channel", "time"], "none": []}[order]
    return table.sort_values(by, ignore_index=True, kind="stable") if by else table


def written(folder, table, **options):
    rng = np.random.default_rng(2)
    onsets = {"onset": 0.5 + np.arange(TRIALS)}
    inputs = {f"input_{k}": rng.integers(0, 2, TRIALS) for k in (1, 2, 3)}
    pd.DataFrame(onsets | inputs).to_parquet(folder / "a_stimuli.parquet")
    table.to_parquet(folder / "a_spikes.parquet", **options)
    return folder / "a_spikes.parquet"


def at_once(path, reading=READING):
    return next(_spikes.read(path, reading))


@pytest.fixture
def in_pieces(monkeypatch):
    """Return how a table is read in pieces of 100 rows; and what was tried."""
    counted, whole, tried = _spikes.counted_recording, _spikes._trains, []

    def watched(*args, **settings):
        assert settings["in_parts"]
        tried.append("in pieces")
        return counted(*args, **settings)

    def at_last(*args):
        tried.append("at once")
        return whole(*args)

    def read(path, reading=READING):
        with monkeypatch.context() as patch:
            patch.setattr(_spikes, "LARGE", 0)
            patch.setattr(_spikes, "counted_recording", watched)
            patch.setattr(_spikes, "_trains", at_last)
            for name in ("PIECE", "BATCH"):
                patch.setattr(_table_file, name, 100)
            return at_once(path, reading)

    read.tried = tried
    return read


TABLES = {
    "by time": spikes(),
    "by channel": spikes(order="channel"),
    "numbers far apart": spikes((7, 70_000, 2**40)),
    "whole fractions": spikes((1.0, 2.0, 30.0)),
    "names": spikes(("B2", "A10", "A9")),
    "numbers as texts": spikes(("10", "9", "100")),
    "unsigned": spikes(np.array([0, 5, 255], np.uint8)),
    "in single precision": spikes().astype({"time": np.float32}),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("groups", [3000, 250])
def test_it_is_the_same_to_the_bit(table, groups, in_pieces, tmp_path):
    path = written(tmp_path, TABLES[table], row_group_size=groups)
    found, expected = in_pieces(path), at_once(path)
    assert in_pieces.tried == ["in pieces"]
    xr.testing.assert_identical(found, expected)
    assert list(found.attrs.items()) == list(expected.attrs.items())
    assert found.attrs["duplicate_spikes"] > 0
    assert found.attrs["spikes"] == 3000
    for name in found.variables:
        assert found[name].dtype == expected[name].dtype


def test_a_time_twice_counts_where_two_pieces_meet(in_pieces, tmp_path):
    table = spikes((4,), 200)
    table["time"] = np.linspace(0.1, TRIALS - 1, 200)
    table.loc[100, "time"] = table.loc[99, "time"]
    path = written(tmp_path, table)
    assert in_pieces(path).attrs["duplicate_spikes"] == 1
    assert at_once(path).attrs["duplicate_spikes"] == 1


def test_the_resolution_is_that_of_the_last_spikes_of_each_channel(in_pieces, tmp_path):
    table = spikes((4, 5), 3000)
    table.loc[:2500, "time"] = np.floor(table["time"] * 100) / 100  # coarse, but not at the end
    table = table.sort_values("time", ignore_index=True)
    for each in (table, table.assign(time=np.floor(table["time"] * 50) / 50)):
        path = written(tmp_path, each)
        found, expected = in_pieces(path), at_once(path)
        xr.testing.assert_identical(found, expected)
    assert found.attrs["time_resolution"] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("where", "tried"), [(150, ["in pieces"]), (100, ["in pieces", "at once"])]
)
def test_what_is_out_of_order_where_pieces_meet_is_read_at_once(where, tried, in_pieces, tmp_path):
    table = spikes((4,), 200)
    table.loc[where, "time"] = table.loc[where - 1, "time"] - 0.5
    path = written(tmp_path, table)
    found = in_pieces(path)
    assert in_pieces.tried == tried
    assert found.attrs["unsorted_spikes"] == 1
    xr.testing.assert_identical(found, at_once(path))


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("time", np.nan, "nan as spike 151"),
        ("time", -1.0, "-1 as spike 151"),
        ("channel", -1, "-1 for spike 151"),
    ],
)
def test_what_is_wrong_is_told_of_the_whole(column, value, words, in_pieces, tmp_path):
    table = spikes((4, 5), 200)
    table.loc[150, column] = value
    with pytest.raises(RecordingError, match=words):
        in_pieces(written(tmp_path, table))


def test_no_more_is_held_than_a_piece(in_pieces, tmp_path, monkeypatch):
    sizes, look = [], _spike_pieces.checked_times
    monkeypatch.setattr(
        _spike_pieces, "checked_times", lambda *given: sizes.append(len(given[0])) or look(*given)
    )
    in_pieces(written(tmp_path, spikes(), row_group_size=1000))
    assert set(sizes) == {100}
    assert sum(sizes) == 3000


@pytest.mark.parametrize("large", [True, False])
def test_too_many_responses_are_refused_with_their_number(large, in_pieces, tmp_path, monkeypatch):
    monkeypatch.setattr(_largest, "LARGEST_RESPONSES", 3 * TRIALS - 1)
    path = written(tmp_path, spikes())
    with pytest.raises(RecordingError, match=r"24 trials of 3 electrodes; expected 71 responses"):
        (in_pieces if large else at_once)(path)


def test_what_a_spike_train_is_may_not_be_named_so():
    assert "in_parts" in _spike_trains.ARGUMENTS


def test_rows_that_were_read_are_told(tmp_path, in_pieces):
    told = []
    path = written(tmp_path, spikes(spikes=250), row_group_size=100)
    with progress_told_to(lambda *one: told.append(one)):
        in_pieces(path)
    assert in_pieces.tried == ["in pieces"]
    rows = [100, 200, 250]
    expected = [(what, done, 250) for what in ("channels of spikes", "spikes") for done in rows]
    assert [one for one in told if one[0] != "bytes"] == expected
    size = path.stat().st_size
    assert [one for one in told if one[0] == "bytes"] == [("bytes", size, size)]


def test_that_it_is_read_at_once_is_told(tmp_path, in_pieces):
    told = []
    path = written(tmp_path, spikes(order="none"))
    with progress_told_to(lambda *one: told.append(one)):
        in_pieces(path)
    assert in_pieces.tried == ["in pieces", "at once"]
    assert ("all spikes at once", 0, 1) in told
