"""The command line, as a person meets it: exit codes, files, messages."""

import json
import os
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
import xarray as xr

import canonica
from canonica.recordings import write, write_matlab

SESSION = ["--trials-per-session", "64"]


@pytest.fixture(scope="module")
def file(tmp_path_factory, cultures):
    path = tmp_path_factory.mktemp("recordings") / "cultures.mat"
    write_matlab(path, cultures)
    return path


def broken(one):
    """Return the recording with responses that tell no sources apart."""
    return one.assign(responses=one["responses"] * 0 + 3)


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_analyze_writes_everything_it_says(call, file, tmp_path):
    out = tmp_path / "results"
    code, printed, _ = call("analyze", file, "--out", out, *SESSION)
    assert code == 0
    assert entries(tmp_path) == ["results"]
    names = ["cultures-1", "cultures-2", "cultures-3"]
    assert entries(out) == sorted(
        [*(f"{name}.nc" for name in names), "simulated.png", "recordings.csv", "summary.json"]
    )
    for words in (
        "Read 3 recordings of 15 sessions of 64 trials",
        "n = 3 recordings",
        "ridge regression",
        "too few to tell that from chance",
    ):
        assert words in " ".join(printed.split())
    assert str(out) in printed.replace("\n", "")

    summary = json.loads((out / "summary.json").read_text())
    assert summary["settings"]["prior_strength"] == 3000
    assert summary["settings"]["reading"]["trials_per_session"] == 64
    assert summary["canonica_version"] == canonica.__version__
    assert [one["name"] for one in summary["recordings"]] == names
    (condition,) = summary["conditions"]
    digest = canonica.read(file, trials_per_session=64)[0].attrs["input_sha256"]
    errors = []
    for row in summary["recordings"]:
        assert row["input_sha256"] == digest
        with xr.open_dataset(out / row["result_file"], engine="h5netcdf") as result:
            # 15 sessions less 10 initial ones: the last 5 are what was forecast.
            for name in ("response_error", "frozen_response_error", "ridge_response_error"):
                assert row[name] == pytest.approx(float(result[name][-5:].mean()), rel=1e-12)
            assert row["free_energy_last"] == float(result["free_energy"][-1])
            assert result.attrs["input_sha256"] == digest
            errors.append(row["response_error"])
    assert condition["values"]["response_error"] == pytest.approx(
        {"median": np.median(errors), "lowest": min(errors), "highest": max(errors)}
    )
    medians = {name: condition["values"][name]["median"] for name in condition["values"]}
    labels = {
        "response_error": "published forecast",
        "frozen_response_error": "frozen weights",
        "ridge_response_error": "ridge regression",
    }
    assert condition["lowest"] == labels[min(labels, key=medians.__getitem__)]
    assert condition["best"] is None  # of three recordings, nothing is more than chance
    assert sum(condition["wins"].values()) == 3
    assert f"{medians['response_error']:,.4f}" in printed
    picture = matplotlib.image.imread(out / "simulated.png")
    assert picture.shape[1] > 1000
    assert picture.std() > 0.05


@pytest.mark.slow
def test_options_reach_the_analysis(call, file, tmp_path):
    out = tmp_path / "r"
    options = {
        "--baseline": "2.5",
        "--prior-strength": "500",
        "--initial-sessions": "6",
        "--initial-gain": "1.5",
        "--minimum-mean": "1.2",
        "--minimum-session": "0.3",
        "--minimum-preference": "0.7",
    }
    flat = [word for pair in options.items() for word in pair]
    code, *_ = call("analyze", file, "--out", out, *SESSION, *flat, "--jobs", 2)
    assert code == 0
    protocol = canonica.PublishedProtocol(
        minimum_mean_response=1.2,
        minimum_session_response=0.3,
        minimum_preference=0.7,
        prior_strength=500.0,
        initial_sessions=6,
        initial_gain=1.5,
    )
    recordings = canonica.read(file, trials_per_session=64)
    direct = canonica.reverse_engineer(recordings, protocol=protocol, baseline=2.5)
    for one in direct:
        with xr.open_dataset(out / f"{one.attrs['name']}.nc", engine="h5netcdf") as result:
            xr.testing.assert_identical(result.load(), one)


def test_bad_recordings_are_listed_and_the_others_go_on(call, cultures, tmp_path):
    write_matlab(tmp_path / "a.mat", [cultures[0], broken(cultures[1])])
    (tmp_path / "b.mat").write_bytes(b"not a recording")
    code, printed, errors = call(
        "analyze", tmp_path / "a.mat", tmp_path / "b.mat", "--out", tmp_path / "r", *SESSION
    )
    assert code == 1
    assert "n = 1 recording" in printed
    assert "a-2" in errors
    assert "b.mat" in errors
    assert "Traceback" not in errors
    summary = json.loads((tmp_path / "r" / "summary.json").read_text())
    sources = [one["source"] for one in summary["failures"]]
    assert sources == [f"a-2 ({tmp_path / 'a.mat'}:data_simulated{{2}})", str(tmp_path / "b.mat")]
    assert [one["name"] for one in summary["recordings"]] == ["a-1"]


def test_nothing_to_analyse_is_an_error_that_leaves_nothing(call, cultures, tmp_path):
    write_matlab(tmp_path / "a.mat", [broken(cultures[1])])
    before = entries(tmp_path)
    for path in ("a.mat", "missing.mat"):
        code, _, errors = call("analyze", tmp_path / path, "--out", tmp_path / "r", *SESSION)
        assert code == 2
        assert path.split(".")[0] in errors
        assert "nothing could be analysed" in errors
        assert entries(tmp_path) == before


@pytest.mark.slow
def test_results_are_replaced_only_on_request(call, file, tmp_path):
    out = tmp_path / "r"
    arguments = ("analyze", file, "--out", out, *SESSION)
    assert call(*arguments)[0] == 0
    kept = (out / "summary.json").read_bytes()
    (out / "notes.txt").write_text("mine")
    code, _, errors = call(*arguments)
    assert code == 2
    assert "--overwrite" in errors
    assert (out / "summary.json").read_bytes() == kept
    assert call(*arguments, "--baseline", "2.5", "--overwrite")[0] == 0
    assert (out / "summary.json").read_bytes() != kept
    assert (out / "notes.txt").read_text() == "mine"
    assert entries(tmp_path) == ["r"]


def test_overwrite_spares_a_folder_of_something_else(call, file, tmp_path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("...")
    code, _, errors = call("analyze", file, "--out", out, *SESSION, "--overwrite")
    assert code == 2
    assert "no results of canonica" in errors
    assert entries(out) == ["chapter.tex"]
    code, _, errors = call("analyze", file, "--out", out / "chapter.tex", *SESSION)
    assert code == 2
    assert "expected a folder" in errors


@pytest.mark.slow
def test_a_file_of_the_users_is_never_replaced(call, file, tmp_path):
    out = tmp_path / "r"
    arguments = ("analyze", file, "--out", out, *SESSION, "--overwrite")
    assert call(*arguments)[0] == 0
    before = entries(out)
    summary = json.loads((out / "summary.json").read_text())
    summary["files"].remove("cultures-2.nc")  # as if it had been put there by hand
    (out / "summary.json").write_text(json.dumps(summary))
    code, _, errors = call(*arguments)
    assert code == 2
    assert "cultures-2.nc, which is no earlier result" in errors
    assert entries(out) == before
    (out / "summary.json").write_text('{"files": ["thesis.tex"]}')
    (out / "thesis.tex").write_text("...")
    assert call(*arguments)[0] == 2
    assert (out / "thesis.tex").exists()


@pytest.mark.slow
def test_replacing_results_is_all_or_nothing(call, file, tmp_path, monkeypatch):
    out = tmp_path / "r"
    arguments = ("analyze", file, "--out", out, *SESSION, "--overwrite")
    assert call(*arguments)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    rename, failed = type(out).rename, []

    def failing(self, target):
        if self.name == "simulated.png" and target.parent == out and not failed:
            failed.append(self)
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(out), "rename", failing)
        assert call(*arguments, "--baseline", "2.5")[0] == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.slow
def test_results_can_go_to_another_disk(call, file, tmp_path):
    other = tmp_path / "disk"
    other.mkdir()
    (tmp_path / "link").symlink_to(other)
    assert call("analyze", file, "--out", tmp_path / "link", *SESSION)[0] == 0
    assert "summary.json" in entries(other)
    # Nothing is filled outside the folder itself, which may be a disk of its own.
    assert entries(tmp_path) == ["disk", "link"]


@pytest.mark.slow
def test_no_two_recordings_share_a_file(call, cultures, tmp_path):
    write_matlab(tmp_path / "a.mat", cultures[:2])
    write_matlab(tmp_path / "a-1.mat", cultures[2:])
    others = [one.copy(deep=True) for one in cultures[:2]]
    for one in others:
        one["responses"][0, 0] += 1
    write_matlab(tmp_path / "b b.mat", others[1:])
    write_matlab(tmp_path / "b_b.mat", others[:1])
    out = tmp_path / "r"
    assert call("analyze", tmp_path, "--out", out, *SESSION)[0] == 0
    summary = json.loads((out / "summary.json").read_text())
    files = [row["result_file"] for row in summary["recordings"]]
    assert len(set(files)) == len(files) == 5
    assert {*files} <= {*entries(out)}


@pytest.mark.slow
def test_a_copy_of_a_file_does_not_count_twice(call, file, tmp_path):
    (tmp_path / "copy.mat").write_bytes(file.read_bytes())
    code, printed, errors = call(
        "analyze", file, tmp_path / "copy.mat", "--out", tmp_path / "r", *SESSION
    )
    assert code == 1
    assert "n = 3 recordings" in printed
    assert "copy.mat: found the same content as in" in errors.replace("\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["analyze", "forecast"])
def test_a_recording_in_two_formats_counts_once(call, cultures, tmp_path, command):
    write_matlab(tmp_path / "a.mat", cultures[:2])
    turned = cultures[0].isel(electrode=slice(None, None, -1), input=slice(None, None, -1))
    write(tmp_path / "b.parquet", turned)
    options = ["--against", "persistence", "--model", "ridge"] if command == "forecast" else []
    code, _, errors = call(command, tmp_path, "--out", tmp_path / "r", *SESSION, *options)
    assert code == 1
    errors = errors.replace("\n", " ")
    assert "b.parquet: found the same responses as in" in errors
    assert "a.mat" in errors
    summary = json.loads((tmp_path / "r" / "summary.json").read_text())
    assert [row["name"] for row in summary["recordings"]] == ["a-1", "a-2"]


@pytest.mark.slow
def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(call, file, tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.mat")
    odd.write_bytes(file.read_bytes())
    assert call("analyze", odd, "--out", tmp_path / "r", *SESSION)[0] == 0


def test_demo_spares_a_recording_of_the_users(call, tmp_path):
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "culture-1.nwb").write_text("precious")
    code, _, errors = call("demo", "--out", tmp_path)
    assert code == 2
    assert "no earlier demo made" in errors
    assert (tmp_path / "recordings" / "culture-1.nwb").read_text() == "precious"


@pytest.mark.slow
def test_demo_goes_on_in_the_folder_of_one_that_was_killed(call, tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("canonica.pipelines._demo.analyze", killed)
        assert call("demo", "--out", tmp_path, "--cultures", 1)[0] == 130
    assert entries(tmp_path / "recordings") == ["culture-1.nwb"]
    assert call("demo", "--out", tmp_path, "--cultures", 1)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recordings", "results"]


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["analyze", "", "--out", "r"], "the argument after analyze"),
        (["analyze", "data", "--out", ""], "the argument after --out"),
        (["analyze", "data", "--out="], "--out"),
        (["validate", ""], "the argument after validate"),
        (["report", ""], "the argument after report"),
        (["convert", "a.nwb", ""], "the argument after a.nwb"),
        (["", "analyze"], "the argument after canonica"),
    ],
)
def test_an_empty_path_is_not_the_current_folder(call, arguments, where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, errors = call(*arguments)
    assert (code, printed) == (2, "")
    assert errors.startswith(f"error: {where}: found an empty text; expected a path")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_condition_without_usable_recordings_does_not_stop_the_others(call, cultures, tmp_path):
    write_matlab(tmp_path / "a.mat", cultures[:1])
    write_matlab(tmp_path / "b.mat", [broken(cultures[1]).assign_attrs(condition="b")])
    baselines = ("--baseline", "simulated=3", "--baseline", "b=3")
    code, printed, _ = call("analyze", tmp_path, "--out", tmp_path / "r", *SESSION, *baselines)
    assert code == 1
    assert "n = 1 recording" in printed


@pytest.mark.slow
def test_names_are_printed_as_they_are(call, file, tmp_path):
    out = tmp_path / "r[/x]"
    code, printed, _ = call("analyze", file, "--out", out, *SESSION)
    assert code == 0
    assert str(out) in printed.replace("\n", "")


def test_an_interrupted_run_leaves_nothing(call, file, tmp_path, monkeypatch):
    from canonica.pipelines import _analyze

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_analyze, "write_figure", interrupted)
    code, _, errors = call("analyze", file, "--out", tmp_path / "r", *SESSION)
    assert code == 130
    assert "nothing was written" in errors
    assert entries(tmp_path) == []


def test_a_full_disk_is_an_error_not_a_traceback(call, file, tmp_path, monkeypatch):
    from canonica.pipelines import _analyze

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_analyze, "write_figure", full)
    code, _, errors = call("analyze", file, "--out", tmp_path / "r", *SESSION)
    assert code == 2
    assert f"{tmp_path / 'r'}: found no room to write it (No space left" in errors.replace("\n", "")
    assert entries(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--baseline", "high"], "--baseline: found 'high'"),
        (["--baseline", "1", "--baseline", "2"], "one number for all"),
        (["--baseline", "=2"], "expected CONDITION=NUMBER"),
        (["--baseline", "bic=2"], "condition bic"),
        (["--baseline", "-1"], "above 0"),
        (["--prior-strength", "0"], "prior_strength"),
        (["--initial-sessions", "15"], "15 sessions"),
        (["--trials-per-session", "100"], "multiple of 100"),
        (["--jobs", "0"], "--jobs"),
    ],
)
def test_a_bad_call_says_what_is_wrong(call, file, tmp_path, arguments, words):
    code, _, errors = call("analyze", file, "--out", tmp_path / "r", *SESSION, *arguments)
    assert code == 2
    assert words in errors
    assert "Traceback" not in errors
    assert entries(tmp_path) == []


def test_debug_shows_where_an_error_comes_from(call, tmp_path, monkeypatch):
    arguments = ("analyze", tmp_path / "no.mat", "--out", tmp_path / "r")
    assert "Traceback" not in call(*arguments)[2]
    from canonica.cli._app import Settings

    monkeypatch.setattr(Settings, "debug", False)
    with pytest.raises(canonica.CanonicaError):
        call(*arguments, "--debug")


@pytest.mark.slow
def test_folders_and_files_of_one_name(call, cultures, tmp_path):
    for folder, one in zip(("day1", "day2"), cultures, strict=False):
        write_matlab(tmp_path / folder / "data.mat", [one])
    out = tmp_path / "r"
    paths = (tmp_path / "day1", tmp_path / "day2", tmp_path / "day1" / "data.mat")
    assert call("analyze", *paths, "--out", out, *SESSION)[0] == 0
    assert entries(out)[:2] == ["day1-data.nc", "day2-data.nc"]
    (tmp_path / "empty").mkdir()
    code, _, errors = call("analyze", tmp_path / "empty", "--out", tmp_path / "s")
    assert code == 2
    assert "no recording" in errors


def test_version_and_help(call):
    assert call("--version")[:2] == (0, f"canonica {canonica.__version__}\n")
    code, printed, _ = call("analyze", "--help")
    assert code == 0
    for words in ("Examples", "--baseline", "--overwrite", "Exit codes", "ridge"):
        assert words in printed
    assert call()[0] == 2


def test_version_answers_at_once_without_jax():
    """Nothing heavy is loaded for what needs nothing heavy."""
    script = (
        "import sys; import canonica, canonica.cli; "
        "print(sorted({'jax', 'xarray', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


REFUSED = [
    (["maze", "--prior-right", "0.6"], "'--prior-right'"),
    (["maze", "--height", "6"], "'--height': found 6; expected an odd number"),
    (["maze", "--width", "100"], "'--width': found 100; expected an odd number"),
    (["maze", "--window", "4"], "'--window': found 4; expected an odd number"),
    (["maze", "transplant", "--height", "6"], "'--height': found 6; expected an odd number"),
    (["maze", "transplant", "--width", "6"], "'--width': found 6; expected an odd number"),
    (["maze", "transplant", "--window", "4"], "'--window': found 4; expected an odd number"),
    (
        ["maze", "transplant", "none.csv"],
        "none.csv: found no such file; expected a result of canonica maze (.nc) or a decision log",
    ),
    (["study", "none.csv"], "none.csv: found no such file; expected a table of recordings"),
    (["simulate", "separation", "--samples", "0"], "'--samples'"),
    (
        ["simulate", "separation", "--prior", "1.5"],
        "--prior: found 1.5; expected numbers from 0.001 to 0.999.",
    ),
    (
        ["simulate", "separation", "--prior", "0.5", "0"],
        "--prior: found 0; expected numbers from 0.001 to 0.999.",
    ),
    (
        ["simulate", "separation", "--prior", "nan"],
        "--prior: found nan; expected numbers from 0.001 to 0.999.",
    ),
]


def test_settings_out_of_range_are_refused_before_the_work(tmp_path):
    """Exit code 2 and a sentence, with nothing written, and before JAX is loaded."""
    script = (
        "import json, sys\n"
        "from canonica.cli import main\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    sys.argv[1:] = arguments\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as stopped:\n"
        "        print(stopped.code, 'jax' in sys.modules, flush=True)\n"
        "    print('end of one', file=sys.stderr, flush=True)\n"
    )
    calls = json.dumps([[*arguments, "--out", "out"] for arguments, _ in REFUSED])
    done = subprocess.run(
        [sys.executable, "-c", script, calls],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
        check=True,
    )
    assert done.stdout.splitlines() == ["2 False"] * len(REFUSED)
    said = done.stderr.split("end of one\n")[:-1]
    for (arguments, words), each in zip(REFUSED, said, strict=True):
        assert words in each, arguments
        assert "Traceback" not in each
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_demo_does_the_main_job_by_itself(tmp_path):
    command = [sys.executable, "-m", "canonica", "demo", "--cultures", "2"]
    environment = os.environ | {"COLUMNS": "100"}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "n = 2 recordings" in done.stdout
    assert "canonica-demo/results" in done.stdout
    assert entries(tmp_path / "canonica-demo") == ["recordings", "results"]
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
