"""Ways in which recordings can be broken, a row each: one clear message, the right exit code."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

from canonica.cli import main
from recording_files import (
    TRIALS,
    matlab,
    nwb,
    pair,
    parquet_pair,
    parquet_table,
    table,
    world,
)

MEMORY = 1 << 30  # bytes that no broken file may make the process grow by


@dataclass(frozen=True)
class Row:
    """One way to break a recording.

    Parameters
    ----------
    write : function of (folder, world)
        Writes the file and returns its path.
    words : sequence of str
        What the message has to say.
    code : int
        The exit code of `canonica validate`.
    change : function of world
        What is broken before it is written ...
    spoil : function of path
        ... or after.
    options : sequence of str
        Of the command.
    """

    write: object
    words: tuple
    code: int = 2
    change: object = lambda _: None
    spoil: object = lambda path: path
    options: tuple = field(default=())


def column(part, name, value, rows=slice(3, 4)):
    """Return a change that puts a value into a column of spikes or stimuli."""

    def change(culture):
        frame = getattr(culture, part)
        values = frame[name].to_list()
        values[rows] = [value] * len(values[rows])
        frame[name] = values

    return change


def renamed(part, **names):
    def change(culture):
        setattr(culture, part, getattr(culture, part).rename(columns=names))

    return change


def dropped(part, *names):
    def change(culture):
        setattr(culture, part, getattr(culture, part).drop(columns=list(names)))

    return change


def kept(part, rows):
    def change(culture):
        setattr(culture, part, getattr(culture, part).iloc[rows])

    return change


def noted(**notes):
    return lambda culture: culture.notes.update(notes)


def in_table(change):
    """Return a note by which a change is made to the table of ready responses."""

    def changed(frame):
        return change(frame.copy())

    return noted(table=changed)


def cell(name, value):
    def change(frame):
        frame[name] = frame[name].astype(object)
        frame.loc[3, name] = value
        return frame

    return in_table(change)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def text(content):
    def spoil(path):
        path.write_bytes(content)
        return path

    return spoil


def moved(name):
    def spoil(path):
        return path.rename(path.with_name(name))

    return spoil


def without_partner(path):
    (path.parent / path.name.replace("spikes", "stimuli")).unlink()
    return path


def shuffled(culture):
    culture.spikes = culture.spikes.sample(frac=1, random_state=0)


def doubled(culture):
    import pandas as pd

    culture.spikes = pd.concat([culture.spikes, culture.spikes.iloc[:5]]).sort_values("time")


def in_milliseconds(culture):
    culture.spikes["time"] *= 1000
    culture.stimuli["onset"] *= 1000


def spikes_in_milliseconds(culture):
    culture.spikes["time"] *= 1000


def stimuli_in_milliseconds(culture):
    culture.stimuli["onset"] *= 1000


def late_spikes(culture):
    culture.spikes["time"] += 10_000


def later_stimuli(culture):
    culture.stimuli.loc[culture.stimuli.index[-10:], "onset"] += 5_000


def crowded(culture):
    culture.stimuli.loc[5, "onset"] = culture.stimuli.loc[4, "onset"] + 0.005


def vectors(lengths):
    """Replace the inputs by one column of vectors of these lengths, in turn."""

    def change(culture):
        count = len(culture.stimuli)
        culture.stimuli = culture.stimuli.drop(columns=culture.stimuli.filter(like="input"))
        values = [[n % 2] * lengths[n % len(lengths)] for n in range(count)]
        culture.stimuli["stimulus"] = values

    return change


def coded(stem, name):
    """Replace columns of 0 and 1 by one of numbers that look like all of them."""

    def change(culture):
        columns = list(culture.stimuli.filter(like=stem))
        codes = culture.stimuli[columns].astype(str).agg("".join, axis=1).astype(int)
        culture.stimuli = culture.stimuli.drop(columns=columns).assign(**{name: codes})

    return change


def silent_stretch(culture):
    onsets = culture.stimuli["onset"]
    times = culture.spikes["time"]
    culture.spikes = culture.spikes[(times < onsets[100]) | (times > onsets[116])]


def drifting(culture):
    generator = np.random.default_rng(0)
    last = culture.stimuli["onset"].iloc[-1]
    keep = generator.random(len(culture.spikes)) < 0.3 + culture.spikes["time"] / last
    culture.spikes = culture.spikes[keep]


def copied(culture):
    twin = culture.spikes[culture.spikes["channel"] == 1].assign(channel=13)
    import pandas as pd

    culture.spikes = pd.concat([culture.spikes, twin]).sort_values("time")


def one_channel(culture):
    culture.spikes["channel"] = 1


def equal_inputs(culture):
    culture.stimuli["input_2"] = culture.stimuli["input_1"]


def empty_folder(path):
    folder = path.parent / "folder"
    folder.mkdir()
    return folder


def bad_index(path):
    with h5py.File(path, "r+") as file:
        index = file["units/spike_times_index"]
        index[1] = np.iinfo(index.dtype).max
    return path


def other_hdf5(path):
    with h5py.File(path, "w") as file:
        file["x"] = 1
    return path


def second_table(file):
    from pynwb.epoch import TimeIntervals

    for name in ("stimulation", "more_stimulation"):
        intervals = TimeIntervals(name=name, description="stimuli")
        intervals.add_column(name="stimulus", description="a vector")
        intervals.add_row(start_time=1.0, stop_time=1.1, stimulus=[0, 1])
        file.add_time_intervals(intervals)


ROWS = {
    # files
    "not there": Row(pair, ("No such file",), spoil=lambda path: path.with_name("no.csv")),
    "empty file": Row(pair, ("empty",), spoil=text(b"")),
    "empty folder": Row(pair, ("no recording",), spoil=empty_folder),
    "wrong magic": Row(nwb, ("begins with",), spoil=text(b"\x00\x01\x02\x03" * 100)),
    "other HDF5": Row(nwb, ("HDF5",), spoil=other_hdf5),
    "NWB cut short": Row(nwb, ("culture.nwb",), spoil=cut),
    "Parquet cut short": Row(parquet_table, ("culture.parquet",), spoil=cut),
    "MATLAB cut short": Row(matlab, ("cut short",), spoil=cut),
    "Parquet magic alone": Row(parquet_table, ("culture.parquet",), spoil=text(b"PAR1")),
    "a picture called CSV": Row(
        table, ("begins with",), spoil=text(b"\x89PNG\r\n\x1a\n" + bytes(99))
    ),
    "bytes that are no text": Row(
        pair, ("UTF-8",), spoil=text("time,channel\n1.0,größe\n".encode("latin-1"))
    ),
    # spikes
    "no partner": Row(pair, ("culture_stimuli",), spoil=without_partner),
    "time misspelled": Row(pair, ("tme",), change=renamed("spikes", time="tme")),
    "channel misspelled": Row(pair, ("chanel",), change=renamed("spikes", channel="chanel")),
    "NaN time": Row(parquet_pair, ("nan",), change=column("spikes", "time", np.nan)),
    "missing time": Row(pair, ("culture_spikes",), change=column("spikes", "time", None)),
    "infinite time": Row(pair, ("inf",), change=column("spikes", "time", np.inf)),
    "negative time": Row(pair, ("-1",), change=column("spikes", "time", -1.0)),
    "time as text": Row(pair, ("culture_spikes",), change=column("spikes", "time", "late")),
    "other clock": Row(pair, ("one clock",), change=late_spikes),
    "spikes in milliseconds": Row(pair, ("one clock",), change=spikes_in_milliseconds),
    "stimuli in milliseconds": Row(pair, ("one clock",), change=stimuli_in_milliseconds),
    "all in milliseconds": Row(pair, ("milliseconds",), change=in_milliseconds),
    "unsorted spikes": Row(pair, ("below the one before", "sorted"), 1, shuffled),
    "doubled spikes": Row(pair, ("5 spikes", "same time"), 1, doubled),
    "no spikes": Row(pair, ("culture_spikes",), change=kept("spikes", slice(0))),
    "one electrode": Row(pair, ("no electrode in ensemble",), change=one_channel),
    "a copied electrode": Row(pair, ("1, 13", "same"), 1, copied),
    "an interruption": Row(pair, ("no electrode fires",), 1, silent_stretch),
    "a drifting rate": Row(pair, ("mean response goes",), 1, drifting),
    # stimuli
    "no onset": Row(pair, ("onset", "--onset"), change=dropped("stimuli", "onset")),
    "NaN onset": Row(parquet_pair, ("nan in trial 4",), change=column("stimuli", "onset", np.nan)),
    "negative onset": Row(pair, ("-3 in trial 4",), change=column("stimuli", "onset", -3.0)),
    "no inputs": Row(
        pair, ("--stimuli",), change=dropped("stimuli", *(f"input_{i}" for i in range(1, 5)))
    ),
    "input of 2": Row(pair, ("stimuli", "2 in trial 4"), change=column("stimuli", "input_1", 2)),
    "input NaN": Row(parquet_pair, ("stimuli", "nan"), change=column("stimuli", "input_1", np.nan)),
    "input as text": Row(pair, ("stimuli",), change=column("stimuli", "input_1", "on")),
    "ragged vectors": Row(parquet_pair, ("vectors of",), change=vectors((3, 3, 2))),
    "source of 0.5": Row(pair, ("sources", "0.5"), change=column("stimuli", "source_1", 0.5)),
    "no sources": Row(pair, ("no sources",), change=dropped("stimuli", "source_1", "source_2")),
    "a source that never changes": Row(
        pair, ("source 1 never",), change=column("stimuli", "source_1", 1, slice(None))
    ),
    "a stimulus that never changes": Row(
        pair, ("input 2 never",), 1, column("stimuli", "input_2", 0, slice(None))
    ),
    "two inputs always equal": Row(pair, ("1, 2", "always equal"), 1, equal_inputs),
    "overlapping windows": Row(pair, ("windows begin before",), 1, crowded),
    "stimuli outside": Row(pair, ("10 stimuli before the first or after",), 1, later_stimuli),
    "no stimuli": Row(pair, ("culture_stimuli",), change=kept("stimuli", slice(0))),
    "one trial": Row(
        pair,
        ("culture_s",),
        change=kept("stimuli", slice(1)),
        options=("--trials-per-session", "1"),
    ),
    # sessions
    "no sessions": Row(
        table,
        ("288 trials", "--trials-per-session"),
        change=in_table(lambda frame: frame.drop(columns="session")),
    ),
    "sessions that come back": Row(
        pair, ("session",), change=column("stimuli", "session", 1, slice(-3, None))
    ),
    "half a session": Row(
        pair, ("session", "2.5"), change=column("stimuli", "session", 2.5, slice(30, 31))
    ),
    "unequal sessions": Row(
        pair, ("unequal length",), 1, column("stimuli", "session", 1, slice(24, 26))
    ),
    "too few sessions": Row(pair, ("12 sessions",), options=("--initial-sessions", "12")),
    "sessions in two ways": Row(
        pair, ("expected one of them",), options=("--session-gap", "9", "--session", "session")
    ),
    # NWB
    "no units": Row(nwb, ("units",), change=noted(units=False)),
    "no trials": Row(nwb, ("culture.nwb",), change=noted(trials=False)),
    "units without spikes": Row(nwb, ("no spike in any",), change=kept("spikes", slice(0))),
    "NaN spike time": Row(nwb, ("nan",), change=column("spikes", "time", np.nan)),
    "an index beyond the spikes": Row(nwb, ("spike_times",), spoil=bad_index),
    "a table that is not there": Row(nwb, ("lights",), options=("--table", "lights")),
    "a column that is not there": Row(nwb, ("lights", "input_1"), options=("--stimuli", "lights")),
    "several tables": Row(
        nwb,
        ("stimulation", "more_stimulation", "--table"),
        change=noted(trials=False, file=second_table),
    ),
    "stimuli as bits in one number": Row(
        pair, ("codes in one column", "1111"), change=coded("input", "stimulus")
    ),
    "sources as one code": Row(
        pair, ("codes in one column", "11"), change=coded("source", "source")
    ),
    "pauses that nobody mentions": Row(
        pair,
        ("pause", "--session-gap"),
        change=dropped("stimuli", "session"),
    ),
    "a window in the wrong unit": Row(
        pair, ("0.01 to 0.03 ms",), options=("--window", "0.01", "0.03")
    ),
    # tables of responses
    "negative response": Row(table, ("responses", "-3 in trial 4"), change=cell("electrode_2", -3)),
    "missing response": Row(
        parquet_table, ("responses", "nan in trial 4"), change=cell("electrode_2", None)
    ),
    "response as text": Row(table, ("electrode_2",), change=cell("electrode_2", "many")),
    "huge response": Row(table, ("responses",), change=cell("electrode_2", 10**400)),
    "no electrodes": Row(
        table,
        ("electrode",),
        change=in_table(lambda frame: frame.drop(columns=frame.filter(like="electrode"))),
    ),
    "decimal commas": Row(
        table,
        ("culture.csv",),
        change=cell("electrode_2", "3,5"),
    ),
}


def run(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["canonica", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "400")  # messages in one line
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return stopped.value.code, printed.out + printed.err


def test_nothing_is_wrong_with_what_is_broken_below(tmp_path, capsys, monkeypatch):
    for write in (pair, parquet_pair, nwb, table, parquet_table, matlab):
        folder = tmp_path / write.__name__
        folder.mkdir()
        options = ("--trials-per-session", TRIALS) if write is matlab else ()
        path = write(folder, world())
        code, printed = run(capsys, monkeypatch, "validate", path, *options)
        assert code == 0, printed


def test_there_are_at_least_forty():
    assert len(ROWS) >= 40


def peak_memory():
    """Return the most bytes that the process ever had; nothing where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@pytest.mark.parametrize("name", ROWS)
def test_one_clear_message_and_the_right_exit_code(name, tmp_path, capsys, monkeypatch):
    row = ROWS[name]
    culture = world()
    row.change(culture)
    path = row.spoil(row.write(tmp_path, culture))
    before = sorted(tmp_path.rglob("*"))
    peak = peak_memory()
    code, printed = run(capsys, monkeypatch, "validate", path, *row.options)
    assert code == row.code, printed
    for word in row.words:
        assert word in printed, printed
    assert printed.count("error:") <= 1
    assert "Traceback" not in printed
    assert sorted(tmp_path.rglob("*")) == before
    assert peak_memory() - peak < MEMORY


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_names_that_are_no_utf8_are_printed_and_used(tmp_path, capsys, monkeypatch):
    path = pair(tmp_path, world())
    strange = os.fsencode(tmp_path) + b"/r\xe9_spikes.csv"
    path.rename(os.fsdecode(strange))
    stimuli = os.fsdecode(strange.replace(b"spikes", b"stimuli"))
    (tmp_path / "culture_stimuli.csv").rename(stimuli)
    code, printed = run(capsys, monkeypatch, "validate", os.fsdecode(strange))
    assert code == 0, printed


@pytest.mark.skipif(sys.platform != "linux", reason="there is no file that fails when read")
def test_an_error_while_reading(capsys, monkeypatch):
    code, printed = run(capsys, monkeypatch, "validate", Path("/proc/self/mem"))
    assert code == 2
    assert "nothing readable" in printed


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path, capsys, monkeypatch):
    path = table(tmp_path, world())
    path.chmod(0)
    code, printed = run(capsys, monkeypatch, "validate", path)
    assert code == 2
    assert "ermission" in printed


def test_names_inside_a_file_lead_nowhere(tmp_path, capsys, monkeypatch):
    """A condition of ../../x makes no file outside of the results."""
    path = table(tmp_path, world())
    inside = tmp_path / "deep" / "deeper" / "results"
    options = ("--condition", "../../../escaped", "--initial-sessions", "4")
    code, printed = run(capsys, monkeypatch, "analyze", path, "--out", inside, *options)
    assert code == 0, printed
    outside = [entry for entry in tmp_path.rglob("*") if inside not in entry.parents]
    assert {entry.name for entry in outside} == {"culture.csv", "deep", "deeper", "results"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sets a limit that Windows does not have")
@pytest.mark.parametrize("suffix", [".nwb", ".parquet", ".csv", ".mat"])
def test_a_disk_that_fills_leaves_nothing(tmp_path, suffix):
    """No file may grow beyond 1 kB, as if the disk were full then."""
    path = pair(tmp_path, world())
    out = tmp_path / "out" / f"culture{suffix}"
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from canonica.cli import main\n"
        f"sys.argv = ['canonica', 'convert', {str(path)!r}, {str(out)!r}]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert not out.parent.exists() or not list(out.parent.iterdir())
