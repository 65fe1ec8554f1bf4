"""Tables, of spikes and of ready responses, CSV and Parquet: read, written, and refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonica import CanonicaError, RecordingError
from canonica.data._spike_trains import SHUFFLED, SpikeTrains
from canonica.recordings import Reading, recording
from canonica.recordings._claims import SMALL
from canonica.recordings._columns import Ragged
from canonica.recordings.spikes._from_spikes import from_spikes, spike_trains_from
from canonica.recordings.stimuli._stimulation import check_clock
from canonica.recordings.tables import _responses, _spikes

TRIALS, ELECTRODES, INPUTS, SOURCES = 12, 3, 4, 2
PLAIN = Reading()
BY_SIX = Reading(trials_per_session=6)


@pytest.fixture
def spikes(generator):
    times = np.sort(generator.random(400) * TRIALS)
    return pd.DataFrame({"time": times, "channel": generator.integers(0, ELECTRODES, 400) * 3 + 1})


@pytest.fixture
def stimuli(generator):
    inputs = generator.integers(0, 2, (TRIALS, INPUTS))
    sources = generator.integers(0, 2, (TRIALS, SOURCES))
    return pd.DataFrame(
        {"onset": np.arange(TRIALS) * 1.0, "session": np.repeat([1, 2], TRIALS // 2)}
        | {f"input_{i + 1}": inputs[:, i] for i in range(INPUTS)}
        | {f"source_{j + 1}": sources[:, j] for j in range(SOURCES)}
    )


@pytest.fixture
def responses(generator, stimuli):
    values = generator.poisson(2, (TRIALS, ELECTRODES))
    counts = pd.DataFrame(values, columns=[f"electrode_{i + 1}" for i in range(ELECTRODES)])
    return pd.concat([stimuli.drop(columns="onset"), counts], axis=1)


def put(frame, path, **options):
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False, **options)
    else:
        frame.to_csv(path, index=False, **options)
    return path


def pair(folder, spikes, stimuli, suffix=".csv", **options):
    put(stimuli, folder / f"x_stimuli{suffix}", **options)
    return put(spikes, folder / f"x_spikes{suffix}", **options)


def read_pair(path, reading=PLAIN):
    (one,) = _spikes.read(path, reading)
    return one


def read_table(path, reading=PLAIN):
    (one,) = _responses.read(path, reading)
    return one


def content(one):
    """Return a recording without what each reading says anew."""
    kept = {name: value for name, value in one.attrs.items() if name not in _responses.OF_THE_FILE}
    return one.drop_attrs(deep=False).assign_attrs(kept)


# Spikes and stimuli


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("named", [False, True])
def test_a_pair_is_read_as_its_arrays_are(tmp_path, spikes, stimuli, suffix, named):
    if named:
        spikes["channel"] = "ch" + spikes["channel"].astype(str)
    path = pair(tmp_path, spikes.sample(frac=1, random_state=0), stimuli, suffix)
    assert _spikes.recognises(path)
    found = read_pair(path)
    wanted = from_spikes(
        spikes["time"],
        spikes["channel"],
        onsets=stimuli["onset"],
        stimuli=stimuli.filter(like="input"),
        sources=stimuli.filter(like="source"),
        session=stimuli["session"],
    )
    xr.testing.assert_identical(found.drop_attrs(deep=False), wanted.drop_attrs(deep=False))
    assert found["responses"].sum() > 0
    assert found.attrs["name"] == "x"
    assert found.attrs["origin"] == found.attrs["input_file"] == str(path)
    assert found.attrs["stimulus_file"] == str(tmp_path / f"x_stimuli{suffix}")
    assert len(found.attrs["input_sha256"]) == len(found.attrs["stimulus_sha256"]) == 64
    assert found.attrs[SHUFFLED] > 0
    for word in ("times from time", "electrodes from channel", "input_1 ... input_4", "x_stimuli"):
        assert word in found.attrs["reading"]


def test_trains_and_windows(tmp_path, spikes, stimuli):
    path = pair(tmp_path, spikes, stimuli)
    trains = _spikes.read_trains(path, Reading(condition="control"))
    assert isinstance(trains, SpikeTrains)
    for number, train in zip((1, 4, 7), trains, strict=True):
        np.testing.assert_array_equal(train, spikes["time"][spikes["channel"] == number])
    wide = read_pair(path, Reading(window=(0.0, 0.5)))
    assert wide.identical(trains.recording(window=(0.0, 0.5)).assign_attrs(condition="unknown"))
    assert trains.attrs["condition"] == "control"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_what_programs_put_around(tmp_path, spikes, stimuli, separator, end):
    options = {"sep": separator, "lineterminator": end, "encoding": "utf-8-sig", "quoting": 1}
    path = pair(tmp_path, spikes.rename(columns={"time": " Time "}), stimuli, **options)
    assert _spikes.recognises(path)
    (tmp_path / "plain").mkdir()
    plain = pair(tmp_path / "plain", spikes, stimuli)
    xr.testing.assert_equal(read_pair(path), read_pair(plain))


@pytest.mark.parametrize("coding", ["vector", "electrodes", "text"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_stimuli_as_vectors_or_lists(tmp_path, spikes, stimuli, coding, suffix):
    inputs = stimuli.filter(like="input").to_numpy().copy()
    inputs[:2] = np.eye(4, dtype=int)[:2]
    inputs[2:4] = 1 - inputs[:2]
    lists = [inputs[n].tolist() for n in range(TRIALS)]
    if coding != "vector":
        lists = [(np.flatnonzero(row) + 11).tolist() for row in inputs]
    if coding == "text" or suffix == ".csv":
        lists = [" ".join(map(str, row)) for row in lists]
    table = stimuli[["onset", "session"]].assign(stimulus=lists)
    found = read_pair(pair(tmp_path, spikes, table, suffix))
    np.testing.assert_array_equal(found["stimuli"], inputs)


def test_the_partner_is_found_by_name_or_given(tmp_path, spikes, stimuli):
    path = put(spikes, tmp_path / "Spikes of slice 7.csv")
    partner = put(stimuli, tmp_path / "Stimuli of slice 7.parquet")
    assert _spikes.is_partner(partner)
    assert not _spikes.is_partner(path)
    assert read_pair(path).attrs["stimulus_file"] == str(partner)
    elsewhere = partner.rename(tmp_path / "protocol.parquet")
    assert not _spikes.is_partner(elsewhere)
    given_there = read_pair(path, Reading(stimulus_file=elsewhere))
    assert given_there.attrs["stimulus_file"] == str(elsewhere)
    with pytest.raises(RecordingError, match="Stimuli of slice 7.csv, .*--stimulus-file"):
        read_pair(path)
    nameless = path.rename(tmp_path / "events.csv")
    with pytest.raises(RecordingError, match="no word of their stimuli"):
        read_pair(nameless)


def test_stimuli_given_in_place_of_spikes_are_an_error(tmp_path, spikes, stimuli):
    path = pair(tmp_path, spikes, stimuli)
    partner = tmp_path / "x_stimuli.csv"
    assert _spikes.recognises(partner)
    with pytest.raises(RecordingError, match=f"stimuli that go with x_spikes.csv.*Give {path}"):
        read_pair(partner)
    path.unlink()
    assert not _spikes.recognises(partner)


def test_units_or_electrodes(tmp_path, spikes, stimuli):
    spikes["unit"] = np.arange(len(spikes)) % 2
    path = pair(tmp_path, spikes, stimuli)
    assert read_pair(path).sizes["electrode"] == ELECTRODES
    assert read_pair(path, Reading(by="unit")).sizes["electrode"] == 2


# Names stay what they are


NAMES = {
    "like numbers": ["1E1", "10E0", "1E2", "2E1"],
    "with spaces": ["A 1", "A  1", "A1", "B 1"],
    "with zeros": ["01", "1", "001", "10"],
    "hexadecimal": ["0x1f", "31", "1f", "0x1F"],
    "of what is missing elsewhere": ["NA", "nan", "a", "NULL"],
    "of dates and times": ["10:20", "1-2", "2024-01-02", "true"],
}


@pytest.mark.parametrize("case", NAMES)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_channels_keep_their_names(tmp_path, spikes, stimuli, case, suffix):
    names = NAMES[case]
    spikes["channel"] = np.array(names, object)[np.arange(len(spikes)) % 4]
    found = read_pair(pair(tmp_path, spikes, stimuli, suffix), Reading(window=(0.0, 0.5)))
    assert sorted(found["electrode_name"].to_numpy()) == sorted(names)
    for name in names:
        times = spikes["time"][spikes["channel"] == name].to_numpy()
        counts = [((times >= onset) & (times < onset + 0.5)).sum() for onset in range(TRIALS)]
        place = found["electrode_name"].to_numpy().tolist().index(name)
        np.testing.assert_array_equal(found["responses"][:, place], counts)


@pytest.mark.parametrize("form", ["{:.0f}", "{:.1f}", "{:.18e}", " {:.0f} "])
def test_numbers_of_channels_are_numbers_however_written(tmp_path, spikes, stimuli, form):
    plain = read_pair(pair(tmp_path, spikes, stimuli))
    written = spikes.assign(channel=[form.format(channel) for channel in spikes["channel"]])
    (tmp_path / "other").mkdir()
    found = read_pair(pair(tmp_path / "other", written, stimuli))
    xr.testing.assert_equal(found, plain)
    assert found["electrode_name"].to_numpy().tolist() == ["1", "4", "7"]


def test_sessions_keep_their_names_too(tmp_path, spikes, stimuli, responses):
    names = ["1E1"] * 6 + ["10E0"] * 6
    found = read_pair(pair(tmp_path, spikes, stimuli.assign(session=names)))
    np.testing.assert_array_equal(found["session"], stimuli["session"])
    ready = read_table(put(responses.assign(session=names), tmp_path / "ready.csv"))
    np.testing.assert_array_equal(ready["session"], stimuli["session"])


@pytest.mark.parametrize("names", [["1E1", "10E0"], ["0x3f", "0x02"], ["1E1 2", "3"]])
def test_inputs_called_so_are_refused_not_read_as_numbers(tmp_path, spikes, stimuli, names):
    table = stimuli[["onset", "session"]].assign(stimulus=names * (TRIALS // 2))
    with pytest.raises(RecordingError, match=f"stimuli: found .*{names[0][:3]}"):
        read_pair(pair(tmp_path, spikes, table))


# Tables of responses


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_of_responses(tmp_path, responses, suffix):
    path = put(responses, tmp_path / f"slice{suffix}")
    assert _responses.recognises(path)
    assert not _spikes.recognises(path)
    found = read_table(path, Reading(condition="control"))
    np.testing.assert_array_equal(found["responses"], responses.filter(like="electrode"))
    np.testing.assert_array_equal(found["stimuli"], responses.filter(like="input"))
    np.testing.assert_array_equal(found["sources"], responses.filter(like="source"))
    np.testing.assert_array_equal(found["session"], responses["session"])
    assert found.attrs["name"] == "slice"
    assert found.attrs["condition"] == "control"
    assert found.attrs["origin"] == found.attrs["input_file"] == str(path)
    assert "responses from electrode_1 ... electrode_3 (3)" in found.attrs["reading"]
    assert "electrode_name" not in found.coords
    assert read_table(path, BY_SIX).attrs["reading"].endswith("sessions of 6 trials")


def test_vectors_and_names_of_electrodes(tmp_path, responses):
    counts = responses.filter(like="electrode").to_numpy()
    table = responses.drop(columns=responses.filter(like="electrode"))
    path = put(table.assign(responses=counts.tolist()), tmp_path / "x.parquet")
    np.testing.assert_array_equal(read_table(path)["responses"], counts)
    renamed = responses.rename(columns={f"electrode_{i}": f"ch{i + 9}" for i in (1, 2, 3)})
    found = read_table(put(renamed[renamed.columns[::-1]], tmp_path / "named.csv"))
    assert found["electrode_name"].to_numpy().tolist() == ["ch10", "ch11", "ch12"]
    np.testing.assert_array_equal(found["responses"], counts)


def test_trials_are_put_in_order(tmp_path, responses):
    first = read_table(put(responses, tmp_path / "x.csv"))
    per_session = responses.assign(trial=[*range(6), *range(6)])
    named = per_session.assign(session=["b"] * 6 + ["a"] * 6)
    for number, table in enumerate(
        (
            responses.assign(trial=np.arange(TRIALS)).sample(frac=1, random_state=1),
            responses.assign(onset=np.arange(TRIALS) * 0.5).sample(frac=1, random_state=1),
            per_session.sample(frac=1, random_state=1),
            named.iloc[[2, 0, 1, 3, 4, 5, 8, 6, 7, 9, 11, 10]],
        )
    ):
        found = read_table(put(table, tmp_path / f"{number}.csv"))
        for role in ("responses", "stimuli", "sources", "session"):
            np.testing.assert_array_equal(found[role], first[role])
        assert "trials sorted by" in found.attrs["reading"]
    in_order = read_table(put(named, tmp_path / "named.csv"))
    assert "sorted" not in in_order.attrs["reading"]
    twice = put(responses.assign(trial=3), tmp_path / "twice.csv")
    with pytest.raises(RecordingError, match="trial 3 more than once"):
        read_table(twice)


def every_kind(generator):
    """Return recordings that use every field a recording may have."""
    shape = (8, 5)
    values = generator.random(shape) * 10
    stimuli = generator.integers(0, 2, (8, 3))
    plain = recording(values, stimuli, session=4, note="größe", age=7, weight=0.1)
    trained = from_spikes(
        [[0.02, 1.021], [], [3.015]],
        electrodes=["A1", "é", "ch 3"],
        onsets=[0.0, 1 / 3, 1.0, 3.0],
        stimuli=generator.integers(0, 2, (4, 3)),
        sources=generator.integers(0, 2, (4, 2)),
        session=["a", "a", "b", "b"],
        name="trained",
        condition="bic",
    )
    part = plain.isel(trial=slice(3, 7), electrode=[4, 0, 2])
    positions = {"x": ("electrode", [0.1, np.nan, 0.3]), "rig": "left"}
    weights = ("ensemble", "input"), generator.random((2, 3)), {"units": "nats"}
    simulated = plain.assign(true_weights=weights).assign_coords(ensemble=[1, 2])
    return [plain, trained, part, part.assign_coords(positions), simulated]


@pytest.mark.parametrize("kind", range(5))
def test_what_is_written_as_parquet_reads_the_same(tmp_path, generator, kind):
    one = every_kind(generator)[kind]
    path = tmp_path / "deep" / "x.parquet"
    _responses.write(path, one, {"lab": "mine"})
    again = read_table(path)
    roles = [name for name in ("responses", "stimuli", "sources") if name in one]
    kept = [dim for role in roles for dim in one[role].dims]
    left_out = [name for name, values in one.coords.items() if not set(values.dims) <= set(kept)]
    wanted = content(one)[roles].drop_vars(left_out, errors="ignore")
    xr.testing.assert_identical(content(again), wanted)
    for name in (*roles, *wanted.coords):
        assert again[name].dtype.kind == wanted[name].dtype.kind
        assert again[name].attrs == wanted[name].attrs
    assert again.attrs["origin"] == str(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["x.parquet"]
    _responses.write(path, again, {})
    assert content(read_table(path)).identical(content(again))


@pytest.mark.parametrize("kind", range(5))
def test_what_is_written_as_csv_has_the_same_values(tmp_path, generator, kind):
    one = every_kind(generator)[kind]
    path = tmp_path / "x.csv"
    _responses.write(path, one, {})
    again = read_table(path)
    assert set(again.data_vars) == set(one.data_vars) & {"responses", "stimuli", "sources"}
    for name in (*again.data_vars, "session"):
        np.testing.assert_array_equal(again[name], one[name])
    if "onset" in one.coords:
        np.testing.assert_array_equal(again["onset"], one["onset"])
    assert again.attrs["condition"] == "unknown"


def test_spike_trains_are_written_as_their_responses(tmp_path):
    trains = spike_trains_from(
        [[0.02]], onsets=[0.0, 1.0], stimuli=[[0, 1], [1, 0]], trials_per_session=1
    )
    for suffix in (".csv", ".parquet"):
        _responses.write(tmp_path / f"x{suffix}", trains, {})
        found = read_table(tmp_path / f"x{suffix}")
        assert found["responses"].to_numpy().tolist() == [[1], [0]]


def test_what_is_said_at_reading_counts_more_than_what_is_kept(tmp_path, generator):
    path = tmp_path / "x.parquet"
    one = every_kind(generator)[0]
    _responses.write(path, one, {})
    assert read_table(path).attrs["trials_per_session"] == 4
    found = read_table(path, Reading(condition="other", trials_per_session=2))
    assert found.attrs["condition"] == "other"
    assert found["session"].to_numpy()[-1] == 4
    assert "trials_per_session" not in found.attrs
    fewer = read_table(path, Reading(stimuli=("input_1", "input_3")))
    assert fewer.sizes["input"] == 2


def test_what_no_table_can_keep_is_an_error_and_leaves_nothing(tmp_path, generator):
    plain = every_kind(generator)[0]
    for one in (
        plain.assign_attrs(figure=object()),
        plain.assign_coords(day=("trial", np.zeros(8, "datetime64[ns]"))),
    ):
        with pytest.raises(CanonicaError, match="no table can keep"):
            _responses.write(tmp_path / "x.parquet", one, {})
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_leaves_nothing(tmp_path, generator, monkeypatch):
    def full(_table, path, **_options):
        path.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(CanonicaError, match=r"x\.parquet: found no room to write it \(No space"):
        _responses.write(tmp_path / "x.parquet", every_kind(generator)[0], {})
    assert not list(tmp_path.iterdir())


# What is no table, or not these


def test_other_files_are_not_claimed(tmp_path):
    path = tmp_path / "x"
    for other in (b"", b"\x89PNG\r\n\x1a\n\0\0", b"MATLAB 5.0 MAT-file", b"# Title\n\nA, b and c."):
        path.write_bytes(other)
        assert not _spikes.recognises(path)
        assert not _responses.recognises(path)
    path.write_bytes(b"time,channel\n1.0,2\n")
    assert _spikes.recognises(path)
    path.write_bytes(b"electrode_1,input_1\n1,0\n")
    assert _responses.recognises(path)


def with_text(text):
    def write(folder):
        path = folder / "x_spikes.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (folder / "x_stimuli.csv").write_text("onset,session,input_1\n0,1,0\n1,1,1\n")
        return path

    return write


def with_stimuli(text):
    def write(folder):
        path = with_text("time,channel\n0.02,1\n")(folder)
        (folder / "x_stimuli.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


HOSTILE_PAIRS = {
    "no header": (with_text("0.5,1\n0.6,1\n"), ["numbers in its first line: 0.5, 1", "names"]),
    "latin-1 header": (with_text("time,channel,größe\n1,2,3\n".encode("latin-1")), ["UTF-8"]),
    "latin-1 names": (with_text("time,channel\n1,ä\n2,ö\n".encode("latin-1")), ["UTF-8", "row 1"]),
    "UTF-16": (with_text("time,channel\n1,2\n".encode("utf-16")), ["UTF-16", "UTF-8"]),
    "column twice": (with_text("time,time,channel\n1,2,3\n"), ["more than one column", "time"]),
    "ragged": (with_text("time,channel\n1,2\n1,2,3\n"), ["Expected 2 columns, got 3"]),
    "decimal commas": (with_text("time;channel\n0,5;1\n0,6;1\n"), ["'0,5' in row 1", "not commas"]),
    "decimal commas, rows too long": (with_text("time,channel\n0,5,1\n"), ["points, not commas"]),
    "text as time": (with_text("time,channel\n0.5,1\nlate,1\n"), ["'late' in row 2", "numbers"]),
    "dates": (with_text("time,channel\n2024-01-01 00:00:00,1\n"), ["spike times", "numbers"]),
    "missing time": (with_text("time,channel\n0.5,1\n,1\n"), ["nan as spike 2"]),
    "missing channel": (with_text("time,channel\n0.5,1\n0.6,\n"), ["channel", "nothing in row 2"]),
    "missing name": (with_text("time,channel\n0.5,a\n0.6,\n"), ["channel", "nothing in row 2"]),
    "channels of time": (with_text("time,channel\n1,0.51\n1,0.52\n"), ["0.51 for spike 1"]),
    "no rows": (with_text("time,channel\n"), ["no spikes"]),
    "no time": (with_text("when,channel\n1,2\n"), ["columns when, channel", "called time"]),
    "empty": (with_text(""), ["first line that is empty"]),
    "a line of 5 MB": (with_text("x" * 5_000_000), ["no end of the first line"]),
    "zeros": (with_text(bytes(100)), ["columns", "called time"]),
    "stimuli without onset": (with_stimuli("session,input_1\n1,0\n"), ["x_stimuli", "--onset"]),
    "stimuli without inputs": (with_stimuli("onset,session\n1,0\n"), ["x_stimuli", "--stimuli"]),
    "stimuli of 2": (with_stimuli("onset,input_1,input_2\n0,2,0\n"), ["stimuli", "256"]),
    "onset in words": (with_stimuli("onset,input_1\nsoon,1\n"), ["onset"]),
    "session in parts": (with_stimuli("onset,session,input_1\n0,1.5,1\n"), ["session", "1.5"]),
    "no trials": (with_stimuli("onset,session,input_1\n"), ["x_stimuli", "0 values"]),
    "empty stimuli": (with_stimuli(""), ["x_stimuli", "first line that is empty"]),
}


@pytest.mark.parametrize("case", HOSTILE_PAIRS)
def test_what_is_wrong_with_a_pair_is_said(tmp_path, case):
    write, words = HOSTILE_PAIRS[case]
    path = write(tmp_path)
    check_error(lambda: read_pair(path), words)
    _spikes.recognises(path)
    _responses.recognises(path)


def check_error(call, words):
    with pytest.raises(RecordingError) as caught:
        call()
    message = str(caught.value)
    for word in (*words, "found", "expected"):
        assert word in message, message
    assert "\n" not in message


def changed(**columns):
    """Return what writes the table with some columns replaced or, if None, left out."""

    def write(path, responses):
        names = [name for name in responses if columns.get(name, "kept") is not None]
        values = {name: column for name, column in columns.items() if column is not None}
        return put(responses[names].assign(**values), path)

    return write


def arrow(**columns):
    """Return what writes the table of responses with some columns as pyarrow has them."""

    def write(path, responses):
        table = pa.Table.from_pandas(responses, preserve_index=False)
        for name, column in columns.items():
            place = table.column_names.index(name)
            table = table.set_column(place, name, column)
        pq.write_table(table, path)
        return path

    return write


def vectors(of_trial, rows=slice(None)):
    """Return what writes the table with the responses in one column of vectors."""

    def write(path, responses):
        table = responses.drop(columns=responses.filter(like="electrode")).iloc[rows]
        column = pa.array([of_trial(n) for n in range(len(table))], pa.list_(pa.float64()))
        written = pa.Table.from_pandas(table, preserve_index=False)
        pq.write_table(written.append_column("responses", column), path)
        return path

    return write


def noted(note):
    def write(path, responses):
        table = pa.Table.from_pandas(responses, preserve_index=False)
        pq.write_table(table.replace_schema_metadata({"canonica": note}), path)
        return path

    return write


def cut(path, responses):
    put(responses, path)
    path.write_bytes(path.read_bytes()[:-9])
    return path


def dots(path, responses):
    return put(responses.rename(columns={"electrode_2": "electrode.2"}), path)


def huge(path, _responses):
    """Write a billion times the same in a few kilobytes."""
    zeros = pa.array(np.zeros(1 << 20, np.uint8))
    names = ["electrode_1", "input_1"]
    with pq.ParquetWriter(path, pa.schema([(name, pa.uint8()) for name in names])) as writer:
        for _ in range(1 + SMALL // 8 // (1 << 20)):
            writer.write_table(pa.table([zeros, zeros], names=names))
    return path


HOSTILE_TABLES = {
    "NaN": (changed(electrode_2=np.nan), ["responses", "nan in trial 1, electrode 2"]),
    "negative": (changed(electrode_2=-3), ["responses", "-3"]),
    "text": (changed(electrode_2="many"), ["responses", "'many' in row 1 of column electrode_2"]),
    "commas": (changed(electrode_2="3,5"), ["responses", "not commas"]),
    "no electrodes": (
        changed(electrode_1=None, electrode_2=None, electrode_3=None),
        ["responses", "electrode_1"],
    ),
    "no inputs": (
        changed(input_1=None, input_2=None, input_3=None, input_4=None),
        ["stimuli", "--stimuli"],
    ),
    "input of 2": (changed(input_1=2), ["stimuli", "2 in trial 1"]),
    "input of text": (changed(input_1="on"), ["stimuli", "among several"]),
    "source of 0.5": (changed(source_1=0.5), ["sources", "0.5"]),
    "no session": (changed(session=None), ["12 trials", "256"]),
    "session back": (changed(session=list("aabbaaaaaaaa")), ["session", "comes back"]),
    "session falls": (changed(session=[2] * 6 + [1] * 6), ["session", "never fall"]),
    "onset NaN": (changed(onset=np.nan), ["onset", "nan in trial 1"]),
    "trial of text": (changed(trial="first"), ["trial", "'first' in row 1"]),
    "list": (arrow(electrode_1=pa.array([[1]] * 12)), ["responses", "vectors"]),
    "nothing": (arrow(electrode_1=pa.nulls(12)), ["responses", "nan"]),
    "bytes": (arrow(electrode_1=pa.array([b"\xff"] * 12)), ["UTF-8"]),
    "structs": (arrow(electrode_1=pa.array([{"a": 1}] * 12)), ["electrode_1", "struct"]),
    "dates": (
        arrow(electrode_1=pa.array(np.zeros(12, "datetime64[ms]"))),
        ["responses", "numbers"],
    ),
    "no rows, names of sessions": (
        lambda path, table: put(table.assign(session="a").iloc[:0], path),
        ["responses", "at least one"],
    ),
    "names that are no UTF-8": (
        arrow(session=pa.array([b"\xff1"] * 12).view(pa.string())),
        ["cut short or damaged"],
    ),
    "no rows": (lambda path, table: put(table.iloc[:0], path), ["responses", "at least one"]),
    "empty vectors": (vectors(lambda _: []), ["responses", "(12, 0)", "at least one"]),
    "no vectors": (vectors(lambda _: [1], slice(0)), ["responses", "(0, 0)", "at least one"]),
    "ragged vectors": (vectors(lambda n: [1] * (n + 2)), ["vectors of 2 and, in trial 2, 3"]),
    "cut short": (cut, ["cut short or damaged"]),
    "no JSON": (noted("{"), ["metadata 'canonica'"]),
    "other JSON": (noted('[1, {"a": 2}]'), ["metadata 'canonica'"]),
    "deep JSON": (noted("[" * 100_000), ["metadata 'canonica'"]),
    "wrong JSON": (noted('{"coordinates": {"x": {"dims": 3}}}'), ["metadata 'canonica'"]),
    "types of JSON": (
        noted('{"coordinates": {"rig": {"dims": [], "values": 1, "type": "x", "attributes": {}}}}'),
        ["metadata 'canonica'"],
    ),
    "huge": (huge, ["a claim of", "bytes in a file of"]),
}


@pytest.mark.parametrize("case", HOSTILE_TABLES)
def test_what_is_wrong_with_a_table_is_said(tmp_path, responses, case):
    write, words = HOSTILE_TABLES[case]
    path = write(tmp_path / "x.parquet", responses)
    check_error(lambda: read_table(path), words)
    assert _responses.recognises(path)
    assert not _spikes.recognises(path)


@pytest.mark.parametrize("coding", ["guess", "vector", "electrodes"])
@pytest.mark.parametrize("rows", [0, TRIALS])
def test_empty_vectors_of_stimuli(tmp_path, responses, coding, rows):
    empty = pa.array([[]] * rows, pa.list_(pa.int64()))
    inputs = responses.filter(like="input")
    table = pa.Table.from_pandas(responses.drop(columns=inputs).iloc[:rows], preserve_index=False)
    pq.write_table(table.append_column("stimulus", empty), tmp_path / "x.parquet")
    check_error(
        lambda: read_table(tmp_path / "x.parquet", Reading(coding=coding)), ["at least one"]
    )


def test_dots_in_names(tmp_path, responses):
    path = dots(tmp_path / "x.parquet", responses)
    (one,) = _responses.read(path, PLAIN)
    assert one.sizes["electrode"] == ELECTRODES


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Return a table as pandas writes it, one as we do, and both as CSV."""
    folder = tmp_path_factory.mktemp("fuzz")
    generator = np.random.default_rng(0)
    one = recording(
        generator.poisson(3, (12, 3)),
        generator.integers(0, 2, (12, 4)),
        generator.integers(0, 2, (12, 2)),
        session=6,
    )
    _responses.write(folder / "ours.parquet", one, {})
    _responses.write(folder / "ours.csv", one, {})
    pd.read_csv(folder / "ours.csv").to_parquet(folder / "theirs.parquet", compression=None)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["ours.parquet", "theirs.parquet", "ours.csv"])
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_in_a_table_only_our_error_comes_out(tmp_path, originals, name, data):
    """Cut and overwritten anywhere."""
    check_fuzzed(tmp_path / name, originals[name], data, _responses)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.booleans())
def test_whatever_is_in_a_pair_only_our_error_comes_out(tmp_path, data, stimuli_too):
    path = with_text("time,channel\n0.02,1\n0.03,1\n1.012,2\n")(tmp_path)
    victim = tmp_path / "x_stimuli.csv" if stimuli_too else path
    check_fuzzed(victim, victim.read_bytes(), data, _spikes, path)


def check_fuzzed(victim, original, data, reader, path=None):
    fuzzed = bytearray(original)
    for _ in range(data.draw(st.integers(0, 4))):
        fuzzed[data.draw(st.integers(0, len(fuzzed) - 1))] = data.draw(st.integers(0, 255))
    kept = data.draw(st.one_of(st.just(len(fuzzed)), st.integers(0, len(fuzzed))))
    victim.write_bytes(bytes(fuzzed[:kept]))
    reader.recognises(path or victim)
    try:
        found = list(reader.read(path or victim, BY_SIX))
    except RecordingError:
        return
    for one in found:
        assert np.isfinite(one["responses"]).all()


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ([3, 5, 9], [3, 5, 9]),
        ([0, 1, 2], [0, 1, 2]),
        ([9, 5, 3], [1, 2, 3]),  # columns of a table are read in the order of their numbers
        ([3, 3, 9], [1, 2, 3]),
        ([-1, 0, 1], [1, 2, 3]),
        ([0.5, 1.5, 2.5], [1, 2, 3]),
    ],
)
def test_electrodes_keep_numbers_that_rise(numbers, written, tmp_path):
    found = recording(np.ones((4, 3)), np.ones((4, 1)), session=[1, 1, 2, 2], name="x")
    found = found.assign_coords(electrode=numbers)
    _responses.write(tmp_path / "x.csv", found, {})
    columns = pd.read_csv(tmp_path / "x.csv", comment="#").columns
    assert [name for name in columns if name.startswith("electrode")] == [
        f"electrode_{number}" for number in written
    ]


@pytest.mark.parametrize(
    "session",
    [
        np.array([[1, 0], [1, 1], [0, 1]]),
        Ragged(np.array([1, 2, 1]), np.array([0, 1, 2, 3])),
    ],
    ids=["vectors", "vectors of any length"],
)
def test_a_clock_is_judged_by_sessions_alone(session):
    """What is no column of sessions is refused for that, later, and with its name."""
    check_clock(np.array([0.0, 5.0, 1.0]), session, "onset", "file")
