"""`canonica simulate`, as a person meets it."""

import json
import sys
from unittest.mock import patch

import pytest
import xarray as xr

from canonica import CanonicaError, read, simulate
from canonica.cli import main
from canonica.recordings import write_matlab

SMALL = ["--sessions", "12", "--trials-per-session", "32"]


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the command line and returns its code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["canonica", "simulate", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code, printed.out, printed.err

    return run


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_separation(call, tmp_path):
    out = tmp_path / "found"
    options = ["--samples", "2", "--out", out, *SMALL]
    code, printed, _ = call("separation", "--prior", "0.3", "0.5", *options)
    assert code == 0
    assert entries(out) == ["separation.nc", "separation.png", "summary.json"]
    assert entries(tmp_path) == ["found"]
    summary = json.loads((out / "summary.json").read_text())
    assert [row["D[1]"] for row in summary["priors"]] == [0.3, 0.5]
    assert summary["settings"]["seed"] == 0
    assert summary["command"] == "simulate separation"
    with xr.open_dataset(out / "separation.nc", engine="h5netcdf") as found:
        assert found.sizes["state_prior"] == 2
        last = found["free_energy"].median("sample").isel(session=-1).to_numpy()
    for row, free_energy in zip(summary["priors"], last, strict=True):
        assert row["F, last session"] == pytest.approx(free_energy)
        assert f"{free_energy:,.0f}" in printed

    code, _, complaint = call("separation", "--prior", "0.3", *options)
    assert code == 2  # a folder with results in it
    assert "--overwrite" in complaint


def test_sizes_that_do_not_go_together_are_refused_before_anything_is_drawn():
    with (
        patch("canonica.simulate._separation.mixing_process", side_effect=AssertionError),
        pytest.raises(CanonicaError, match="sources, inputs: found 3 and 2"),
    ):
        simulate.separation(0, sources=3, inputs=2)


@pytest.mark.slow
def test_the_same_seed_finds_the_same(call, tmp_path):
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        code, _, _ = call(
            "separation", "--prior", "0.5", "--samples", "2", "--seed", seed,
            "--out", tmp_path / name, *SMALL,
        )  # fmt: skip
        assert code == 0
    one, same, other = (
        json.loads((tmp_path / name / "summary.json").read_text())["priors"]
        for name in ("one", "same", "other")
    )
    assert one == same != other


@pytest.mark.slow
def test_landscape_of_simulated_networks_and_of_recordings(call, tmp_path, cultures):
    simulated = tmp_path / "simulated"
    options = ["--samples", "2", "--animation", "none", "--out", simulated]
    code, printed, _ = call("landscape", *options, *SMALL)
    assert code == 0
    assert entries(simulated) == ["simulated.nc", "simulated.png", "summary.json"]
    assert "first block" in printed

    file, broken = tmp_path / "cultures.mat", tmp_path / "broken.mat"
    write_matlab(file, cultures)
    broken.write_bytes(b"MATLAB 5.0 MAT-file")
    recorded = tmp_path / "recorded"
    code, printed, complaint = call(
        "landscape", file, broken, "--animation", "none", "--out", recorded,
        "--trials-per-session", "64",
    )  # fmt: skip
    assert code == 1
    assert "broken.mat" in complaint
    summary = json.loads((recorded / "summary.json").read_text())
    assert len(summary["failures"]) == 1
    assert [len(one["sha256"]) for one in summary["input_files"]] == [64, 64]
    with xr.open_dataset(recorded / "simulated.nc", engine="h5netcdf") as found:
        assert found.sizes["network"] == len(cultures)
        assert found["path"].isel(session=0).to_numpy() == pytest.approx(0.5)


@pytest.mark.slow
def test_recovery(call, tmp_path):
    out = tmp_path / "found"
    code, printed, _ = call("recovery", "--draws", "16", "--out", out)
    assert code == 0
    assert entries(out) == ["recovery.nc", "recovery.png", "summary.json"]
    assert "true prior strength" in printed


@pytest.mark.slow
def test_perturbation(call, tmp_path):
    out = tmp_path / "found"
    code, printed, _ = call("perturbation", "--samples", "2", "--out", out, *SMALL)
    assert code == 0
    assert entries(out) == ["alpha.nc", "perturbation.nc", "perturbation.png", "summary.json"]
    assert "calibrated" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["separation", "--prior", "0.5", "half"], "half"),
        (["separation", "--prior", "1.5"], "--prior"),
        (["separation", "--inputs", "1"], "inputs"),
        (["landscape", "nowhere.mat"], "nowhere.mat"),
    ],
)
def test_a_bad_call_gets_one_clear_error_and_leaves_nothing(call, tmp_path, arguments, words):
    out = tmp_path / "found"
    code, _, complaint = call(*arguments, "--out", out)
    assert code == 2
    assert words in complaint
    assert "Traceback" not in complaint
    assert not out.exists()


def test_a_culture_with_lesions_says_them(call, tmp_path):
    few = ["--electrodes", "4", "--inputs", "4", "--sessions", "2", "--trials-per-session", "16"]
    for name, lesions in (
        ("intact", []),
        ("neutral", ["--lesion", "forgetting=0"]),
        ("wrong", ["--lesion", "state prior=0.2", "--lesion", "plasticity=0"]),
    ):
        code, _, _ = call("culture", "--out", tmp_path / f"{name}.parquet", *few, *lesions)
        assert code == 0
    one, neutral, wrong = (
        read(tmp_path / f"{name}.parquet")[0]["responses"].to_numpy()
        for name in ("intact", "neutral", "wrong")
    )
    assert (one == neutral).all()
    assert not (one == wrong).all()
    for text in ("plasticity", "plasticity=much", "hunger=1", "state prior=2"):
        code, _, complaint = call(
            "culture", "--out", tmp_path / "none.parquet", *few, "--lesion", text
        )
        assert code == 2
        assert "Traceback" not in complaint
        assert not (tmp_path / "none.parquet").exists()
