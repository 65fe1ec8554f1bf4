"""`canonica lesion`, as a person meets it."""

import csv
import json
import sys

import pytest
import xarray as xr

import canonica
from canonica.cli import main
from canonica.lesions import LESIONS
from canonica.pipelines import lesion_task
from canonica.studies.lesions.tasks import BanditTask, SeparationTask

SMALL = ["--sessions", "2", "--networks", "6"]


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the command line and returns its code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["canonica", "lesion", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code, printed.out, printed.err

    return run


def test_the_list_names_every_lesion(call):
    code, printed, _ = call("list")
    assert code == 0
    for name, kind in LESIONS.items():
        assert name in printed
        assert kind.symbol in printed


@pytest.mark.slow
def test_a_run_writes_measures_signatures_and_pictures(call, tmp_path):
    out = tmp_path / "found"
    code, printed, _ = call("run", "sensory-precision", "policy precision", "--out", out, *SMALL)
    assert code == 0
    names = ["dose-response.png", "lesion.nc", "signatures.csv", "signatures.png", "summary.json"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert "Without any effect in this task: policy precision." in printed
    with (out / "signatures.csv").open() as file:
        rows = list(csv.DictReader(file))
    with xr.open_dataset(out / "lesion.nc", engine="h5netcdf") as found:
        change = (found.misses - found.misses[0]).mean("network").to_numpy()[1:]
        table = [float(row["difference"]) for row in rows if row["measure"] == "misses"]
        assert table == pytest.approx(change)
        assert {row["measure"] for row in rows} == set(found.data_vars)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["command"] == "lesion run"
    assert summary["settings"]["networks"] == 6
    assert summary["settings"]["task_sessions"] == 2
    code, _, complaint = call("run", "plasticity", "--out", out, *SMALL)
    assert code == 2
    assert "--overwrite" in complaint


@pytest.mark.slow
def test_a_diagram_says_where_the_boundaries_lie(call, tmp_path):
    out = tmp_path / "found"
    code, printed, _ = call(
        "diagram", "state prior", "sensory precision", "--first-strength", "0.2,0.5",
        "--second-strength", "0,1,2", "--out", out, *SMALL,
    )  # fmt: skip
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "diagram.csv", "diagram.nc", "diagram.png", "summary.json"
    ]  # fmt: skip
    assert "boundary at" in printed
    with (out / "diagram.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["measure"] == "separation"]
    with xr.open_dataset(out / "diagram.nc", engine="h5netcdf") as found:
        for row in rows:
            place = {
                "first": float(row["state prior"]), "second": float(row["sensory precision"])
            }  # fmt: skip
            assert float(row["mean"]) == pytest.approx(found.separation.sel(place).mean().item())
    assert len(rows) == 6


@pytest.mark.slow
def test_what_is_restored(call, tmp_path):
    out = tmp_path / "found"
    code, printed, _ = call(
        "restore", "forgetting", "--restored-after", "1", "--networks", "2", "--out", out
    )
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "restored.nc", "restored.png", "summary.json"
    ]  # fmt: skip
    assert "forgetting" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "hunger"], ["lesion", "hunger", "state prior"]),
        (["run", "state prior", "--strength", "a,b"], ["--strength", "'a,b'"]),
        (["run", "state prior", "--strength", "1.5"], ["1.5"]),
        (["run", "--strength", "0.1"], ["--strength", "one of them"]),
        (["run", "plasticity", "--task", "bandit", "--acute"], ["--acute", "bandit", "--trials"]),
        (["run", "plasticity", "--trials", "8"], ["--trials", "separation", "--sessions"]),
        (["run", "plasticity", "--resume"], ["no unfinished run"]),
        (["diagram", "plasticity", "plasticity"], ["each once"]),
        (["diagram", "plasticity", "forgetting", "--second-strength", "0.2,0.1"], ["ascending"]),
    ],
)
def test_bad_input_is_one_clear_error(call, tmp_path, arguments, words):
    out = tmp_path / "none"
    code, _, complaint = call(*arguments, "--out", out)
    assert code == 2
    complaint = " ".join(complaint.split())
    for word in words:
        assert word in complaint
    assert "Traceback" not in complaint
    assert not out.exists()


def test_a_task_has_the_sizes_asked_for():
    assert lesion_task("separation", sessions=8, acute=True) == SeparationTask(
        sessions=8, measured_sessions=2, acute=True
    )
    assert lesion_task("bandit", trials=3) == BanditTask(trials=3, measured_trials=1)
    with pytest.raises(canonica.CanonicaError, match="sessions: found it with the task bandit"):
        lesion_task("bandit", sessions=3)
