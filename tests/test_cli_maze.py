"""`canonica maze`, as a person meets it."""

import json
import re
from importlib import import_module

import pandas as pd
import pytest
import xarray as xr

from canonica.pipelines import _maze

SIZES = ["--max-steps", "60", "--height", "7", "--width", "9", "--window", "5"]
SMALL = ["--mazes", "2", "--trials", "12", *SIZES]
QUICK = [*SMALL, "--animation", "none"]
FILES = ["maze.nc", "maze.png", "summary.json", "trial.png", "trials.csv"]


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_a_small_run(call, tmp_path):
    out = tmp_path / "found"
    code, printed, _ = call("maze", "--out", out, "--seed", "3", *QUICK)
    assert code == 0
    assert entries(out) == FILES
    assert "No intervals: 2 mazes cannot tell; 6 mazes at least." in printed
    assert "CB22" not in printed  # nothing that was published is like it
    summary = json.loads((out / "summary.json").read_text())
    assert summary["command"] == "maze"
    assert summary["settings"]["prior_right"] == 0.25
    assert summary["published"] == []
    assert [row["trials"] for row in summary["blocks"]] == ["1-10", "11-12"]
    assert summary["blocks"][0]["mean_steps_interval"] is None
    table = pd.read_csv(out / "trials.csv")
    assert len(table) == 24
    last = table[table["trial"] > 10]
    assert summary["blocks"][1]["success_rate"] == pytest.approx(last["reached"].mean())
    assert summary["blocks"][1]["median_steps"] == last["steps"].median()
    assert f"{last['steps'].mean():,.0f}" in printed
    with xr.open_dataset(out / "maze.nc", engine="h5netcdf") as found:
        assert found["steps"].to_numpy().ravel().tolist() == table["steps"].tolist()

    code, _, complaint = call("maze", "--out", out, "--seed", "3", *QUICK)
    assert code == 2
    assert "--overwrite" in complaint

    code, printed, _ = call("maze", "transplant", out / "maze.nc", "--out", tmp_path / "given")
    assert code == 0
    assert entries(tmp_path / "given") == [
        "summary.json", "transplant.csv", "transplant.nc", "transplant.png",
    ]  # fmt: skip
    given = json.loads((tmp_path / "given" / "summary.json").read_text())
    (group,) = given["groups"]
    assert group["observed"] == summary["blocks"]
    assert group["true_prior_right"] == 0.25
    assert sum(group["estimated_first_move"].values()) == pytest.approx(1)
    assert f"{group['estimated_prior_right']:.4f}" in printed
    assert [len(one["sha256"]) for one in given["input_files"]] == [64]
    rows = pd.read_csv(tmp_path / "given" / "transplant.csv")
    assert rows.groupby("kind").size().to_dict() == {"observed": 24, "predicted": 24}


@pytest.fixture
def interrupted(call, tmp_path, monkeypatch):
    """Return what a run was called with, and what it said when it was interrupted."""
    real = _maze.maze_experiment

    def stopped(progress, **settings):
        def told(done, total):
            progress(done, total)
            if done == 5:
                raise KeyboardInterrupt

        return real(progress=told, **settings)

    options = ["--mazes", "2", "--trials", "100", *SIZES, "--animation", "none"]
    monkeypatch.setattr(_maze, "maze_experiment", stopped)
    code, _, complaint = call("maze", "--out", tmp_path / "found", *options)
    monkeypatch.undo()
    assert code == 130
    return options, complaint


def test_an_interrupted_run_says_how_to_go_on(call, tmp_path, interrupted):
    options, complaint = interrupted
    out = tmp_path / "found"
    done = int(re.search(r"interrupted after (\d+) of 200 trials; go on", complaint)[1])
    assert 5 <= done < 200
    assert "--resume" in complaint
    assert entries(out) == [".canonica-unfinished"]
    code, _, complaint = call("maze", "--out", out, *options)
    assert code == 2
    assert "--resume" in complaint
    code, _, complaint = call("maze", "--out", out, *options, "--resume", "--seed", "1")
    assert code == 2
    assert "seed 0; expected 1" in complaint
    assert entries(out) == [".canonica-unfinished"]


def test_a_folder_that_is_not_there_cannot_be_gone_on_with(call, tmp_path):
    code, _, complaint = call("maze", "--out", tmp_path / "none", "--resume", *SIZES)
    assert code == 2
    assert "--resume: found no folder" in complaint
    assert entries(tmp_path) == []


def test_an_interruption_after_the_last_trial_says_what_is_there(call, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("canonica.cli._maze"), "say_where", stopped)
    out = tmp_path / "found"
    options = ["--mazes", "1", "--trials", "2", *SIZES, "--animation", "none"]
    code, _, complaint = call("maze", "--out", out, *options)
    assert code == 130
    assert "results are complete" in complaint
    assert entries(out) == FILES


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_files(call, tmp_path, interrupted):
    options, _ = interrupted
    out, whole = tmp_path / "found", tmp_path / "whole"
    options = options[:-2]  # with an animation
    code, printed, _ = call("maze", "--out", out, *options, "--resume")
    assert code == 0
    assert entries(out) == sorted([*FILES, "trial.gif"])
    code, again, _ = call("maze", "--out", whole, *options)
    assert code == 0
    for name in entries(out):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert printed.replace(str(out), "") == again.replace(str(whole), "")


@pytest.mark.slow
def test_transplants_of_a_log_and_of_simulated_agents(call, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("trial,move\n" + "1,up\n1,right\n1,right\n1,left\n" * 10)
    out = tmp_path / "log"
    code, printed, _ = call(
        "maze", "transplant", log, "--mazes", "5", "--trials", "12", *SIZES, "--out", out
    )
    assert code == 0
    assert "From 40 decisions, trial 1." in printed
    assert "nothing to compare with" in printed
    assert "one agent alone" in printed
    (group,) = json.loads((out / "summary.json").read_text())["groups"]
    assert group["estimated_prior_right"] == pytest.approx(20.25 / 41)
    assert group["observed"][0]["mean_steps"] is None

    out = tmp_path / "simulated"
    code, printed, _ = call(
        "maze", "transplant", "--prior-right", "0.15", "--prior-right", "0.35", *SMALL,
        "--seed", "3", "--out", out,
    )  # fmt: skip
    assert code == 0
    assert printed.index("e = 0.15") < printed.index("e = 0.35")
    assert "it was 0.35" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["maze", "--height", "8", *QUICK[4:6]], "height"),
        (["maze", "--prior-right", "0.7"], "prior-right"),
        (["maze", "--agent", "best"], "agent"),
        (["maze", "transplant", "nowhere.nc"], "nowhere.nc"),
        (["maze", "transplant", "nowhere.csv", "--prior-right", "0.2"], "expected one of them"),
        (["maze", "--seed", "1", "transplant"], "after its name"),
        (["maze", "transplant", "--by", "mood"], "mood"),
    ],
)
def test_a_bad_call_gets_one_clear_error_and_leaves_nothing(call, tmp_path, arguments, words):
    out = tmp_path / "found"
    options = ["--out", out] if "after its name" not in words else []
    code, _, complaint = call(*arguments, *options)
    assert code == 2
    assert words in complaint
    assert "Traceback" not in complaint
    assert not out.exists()
