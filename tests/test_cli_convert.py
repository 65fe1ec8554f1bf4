"""`canonica convert`, as a person meets it: files, messages, exit codes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from canonica.cli import main
from canonica.recordings import SpikeTrains, read, read_contents, recording, write, write_matlab

TRIALS = 16


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Return a function that runs the command in a folder and returns its code and its words."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["canonica", "convert", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code, printed.out + printed.err

    return run


def counts(generator, name="culture"):
    return recording(
        generator.poisson(3, (TRIALS, 4)),
        generator.integers(0, 2, (TRIALS, 3)),
        generator.integers(0, 2, (TRIALS, 2)),
        session=TRIALS // 2,
        name=name,
        condition="bic",
    )


def spike_tables(folder, generator):
    """Write spikes and stimuli as a pair of CSV files."""
    onsets = 1.0 + np.arange(TRIALS)
    times = np.sort(generator.uniform(0, TRIALS, 800)).round(5)
    spikes = pd.DataFrame({"time": times, "channel": generator.integers(1, 5, 800)})
    spikes.to_csv(folder / "culture_spikes.csv", index=False)
    stimuli = pd.DataFrame(generator.integers(0, 2, (TRIALS, 3)), columns=["in_1", "in_2", "in_3"])
    stimuli.insert(0, "onset", onsets)
    stimuli.insert(1, "session", np.repeat([1, 2], TRIALS // 2))
    stimuli.rename(columns=lambda name: name.replace("in_", "input_")).to_csv(
        folder / "culture_stimuli.csv", index=False
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_spikes_to_nwb_and_on_to_a_table(call, tmp_path, generator):
    spike_tables(tmp_path, generator)
    code, words = call("culture_spikes.csv", "out/culture.nwb", "--species", "Mus musculus")
    assert code == 0
    assert "800 spikes of 4 electrodes, 16 stimuli" in words
    assert "Read as:" in words
    assert "--sampling-rate" in words
    assert "--device" in words
    assert "--species" not in words  # it was given
    (before,) = read_contents(tmp_path / "culture_spikes.csv")
    (after,) = read_contents(tmp_path / "out" / "culture.nwb")
    assert isinstance(before, SpikeTrains)
    assert isinstance(after, SpikeTrains)
    np.testing.assert_array_equal(after.times, before.times)

    code, words = call("out/culture.nwb", "wide.parquet", "--window", "0", "500")
    assert code == 0
    (wide,) = read(tmp_path / "wide.parquet")
    expected = before.recording(window=(0.0, 0.5))
    np.testing.assert_array_equal(wide["responses"], expected["responses"])
    assert expected["responses"].sum() > 100


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".mat"])
def test_there_and_back(call, tmp_path, generator, suffix):
    one = counts(generator)
    write(tmp_path / "first.mat", one)
    length = ["--trials-per-session", TRIALS // 2]
    code, words = call("first.mat", "culture.nwb", *length, "--stimulus-interval", "2")
    assert code == 0
    assert "Spike times are not known" in words
    assert "trials are 2 s apart" in words
    code, words = call("culture.nwb", f"last{suffix}")
    assert code == 0
    (last,) = read(tmp_path / f"last{suffix}", trials_per_session=TRIALS // 2)
    for name in ("responses", "stimuli", "sources", "session"):
        np.testing.assert_array_equal(last[name], one[name])


def test_several_cultures_go_to_a_file_each(call, tmp_path, generator):
    write_matlab(tmp_path / "all.mat", [counts(generator) for _ in range(2)])
    code, words = call("all.mat", "one.nwb", "--trials-per-session", TRIALS)
    assert code == 0
    assert names(tmp_path) == ["all.mat", "one-1.nwb", "one-2.nwb"]
    assert "one-2.nwb" in words
    for number in (1, 2):
        (found,) = read(tmp_path / f"one-{number}.nwb")
        assert found.attrs["name"] == f"all-{number}"
        assert found.attrs["condition"] == "bic"


def test_what_fails_is_listed_and_the_rest_is_done(call, tmp_path, generator):
    good, bad = counts(generator), counts(generator)
    bad["stimuli"] += 3
    write_matlab(tmp_path / "all.mat", [good, bad])
    code, words = call("all.mat", "one.nwb", "--trials-per-session", TRIALS)
    assert code == 1
    assert "0 and 1 only" in words
    assert names(tmp_path) == ["all.mat", "one-1.nwb"]
    write_matlab(tmp_path / "all.mat", [bad])
    code, words = call("all.mat", "none.nwb", "--trials-per-session", TRIALS)
    assert code == 2
    assert "none.nwb" not in names(tmp_path)


def test_nothing_is_replaced_unasked(call, tmp_path, generator):
    write(tmp_path / "one.mat", counts(generator))
    (tmp_path / "one.nwb").write_text("precious")
    length = ("--trials-per-session", TRIALS)
    code, words = call("one.mat", "one.nwb", *length)
    assert code == 2
    assert "--overwrite" in words
    assert (tmp_path / "one.nwb").read_text() == "precious"
    assert call("one.mat", "one.nwb", *length, "--overwrite")[0] == 0
    assert len(read(tmp_path / "one.nwb")) == 1
    (tmp_path / "folder.nwb").mkdir()
    code, words = call("one.mat", "folder.nwb", *length, "--overwrite")
    assert code == 2
    assert "found a folder" in words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one.nwb", "two.nwb"], "has no point"),
        (["one.mat", "two.xls"], "expected one of .nwb"),
        (["one.mat", "two.csv", "--species", "Mus musculus", "--lab", "x"], "--lab, --species"),
        (["one.mat", "two.nwb", "--sampling-rate", "fast"], "sampling_rate"),
        (["one.mat", "two.nwb", "--session-start-time", "today"], "offset from UTC"),
        (["none.mat", "two.nwb"], "nothing readable"),
    ],
)
def test_calls_that_make_no_sense_are_refused(call, tmp_path, generator, arguments, message):
    write(tmp_path / "one.mat", counts(generator))
    write(tmp_path / "one.nwb", counts(generator))
    code, words = call(*arguments, "--trials-per-session", TRIALS)
    assert code == 2
    assert message in words
    assert names(tmp_path) == ["one.mat", "one.nwb"]


LIMITED = """
import resource, sys
from canonica.cli import main
sys.argv = ["canonica", "convert", "one.mat", "one.nwb", "--trials-per-session", "16"]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sets a limit that Windows does not have")
def test_a_full_disk_leaves_nothing_behind(tmp_path, generator):
    write(tmp_path / "one.mat", counts(generator))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    told, error = done.stderr.splitlines()
    assert told == "Reading recordings: 0 of 1"
    assert error.startswith("error: one.nwb: found no room to write it (File too large); expected")
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["one.mat"]


def test_help_names_all_that_can_be_said(call):
    from canonica.recordings.nwb._experiment import METADATA

    code, words = call("--help")
    assert code == 0
    for name in METADATA:
        assert f"--{name.replace('_', '-')}" in words
