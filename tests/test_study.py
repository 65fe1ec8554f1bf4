"""A study from table to comparisons: complete, repeatable, going on where it stopped."""

import json

import pandas as pd
import pytest

import canonica
from canonica import CanonicaError
from canonica.recordings import Reading, write_matlab

SESSION = ("--trials-per-session", 64)
QUICK = {"model": "ridge", "reading": Reading(trials_per_session=64)}


@pytest.fixture(scope="module")
def place(tmp_path_factory, cultures):
    """Return a folder with a table of two conditions, a broken file, and a row to leave out."""
    folder = tmp_path_factory.mktemp("study")
    write_matlab(folder / "ctrl.mat", cultures[:2])
    write_matlab(folder / "drug.mat", [cultures[2]])
    (folder / "broken.mat").write_bytes(b"MATLAB 5.0 MAT-file, or so it says")
    rows = [
        "file,recording,condition,animal,exclude,note",
        "ctrl.mat,1,<b>ctrl</b>,rat 1,,",
        "ctrl.mat,2,<b>ctrl</b>,rat 2,,",
        "drug.mat,,=drug,rat 3,,first",
        "broken.mat,,=drug,rat 4,,",
        "lost.mat,,=drug,rat 5,yes,lost",
    ]
    (folder / "study.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def found(place):
    return canonica.study(place / "study.csv", place / "out", **QUICK)


def test_a_study_is_complete(place, found):
    out = place / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted([*found.files, "summary.json"])
    assert len(found.table) == 3
    assert [one.source.endswith("broken.mat") for one in found.failures] == [True]
    assert [row["note"] for row in found.excluded] == ["lost"]
    table = pd.read_parquet(out / "cultures.parquet")
    pd.testing.assert_frame_equal(table, found.table)
    assert pd.read_csv(out / "cultures.csv")["condition"].tolist()[2] == "'=drug"
    rows = json.loads((out / "comparisons.json").read_text())
    assert [row["p_value"] for row in rows] == [one.p_value for one in found.comparisons]
    assert len(pd.read_csv(out / "comparisons.csv")) == len(rows)
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["failures"]) == 1
    assert summary["conclusions"] == found.sentences
    assert "Nothing differs by more than chance explains" in found.sentences[0]
    assert "Forecasting" in (out / "study.log").read_text()
    # One baseline: the reference's.
    assert len(set(table["baseline"])) == 1
    assert summary["baseline_warning"] is None


def test_the_numbers_are_those_of_single_calls(place, found):
    recordings = canonica.read(place / "ctrl.mat", trials_per_session=64)
    results = canonica.reverse_engineer(recordings)
    forecasts = canonica.forecast(recordings, model="ridge")
    scores = [canonica.score(*both) for both in zip(forecasts, recordings, strict=True)]
    expected = canonica.summary(results, forecasts, scores)
    same = [name for name in expected if name in found.table and expected[name].dtype == float]
    assert len(same) > 12
    pd.testing.assert_frame_equal(found.table.loc[:1, same], expected[same], rtol=1e-9)


@pytest.mark.usefixtures("found")
def test_its_file_repeats_it_and_the_command_does_the_same(call, place, tmp_path):
    code, printed, error = call("study", place / "out" / "study.toml", "--out", tmp_path / "again")
    assert code == 1  # a recording failed
    assert "broken.mat" in error.replace("\n", "")
    assert "Nothing differs by more than chance explains" in " ".join(printed.split())
    for name in ("cultures.csv", "comparisons.csv", "comparisons.json"):
        assert (tmp_path / "again" / name).read_bytes() == (place / "out" / name).read_bytes()


def test_an_interrupted_study_goes_on(place, found, tmp_path):
    def interrupt(progress):
        if progress.what == "Forecasting" and progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        canonica.study(place / "study.csv", tmp_path, progress=interrupt, **QUICK)
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    with pytest.raises(CanonicaError, match=r"out: found an unfinished study .* Add --resume"):
        canonica.study(place / "study.csv", tmp_path, **QUICK)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.forecast.nc")}
    assert len(kept) == 2
    again = canonica.study(place / "study.csv", tmp_path, resume=True, **QUICK)
    assert again.gone_on == 3
    pd.testing.assert_frame_equal(again.table, found.table)
    # A finished study lends its results too; what decides them being another, they are made anew.
    other = canonica.study(place / "study.csv", tmp_path, resume=True, seed=1, **QUICK)
    assert other.gone_on == 0
    last = canonica.study(place / "study.csv", tmp_path, resume=True, seed=1, **QUICK)
    assert last.gone_on == 3


def test_own_baselines_are_loudly_said(call, place, tmp_path):
    options = ("--model", "ridge", "--baseline-from", "own", *SESSION)
    _, printed, _ = call("study", place / "study.csv", "--out", tmp_path / "own", *options)
    assert "BASELINES OF THEIR OWN" in printed
    summary = json.loads((tmp_path / "own" / "summary.json").read_text())
    assert "OWN" in summary["baseline_warning"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--reference", "none"), "--reference: found 'none'"),
        (("--quantity", "speed"), "quantities: found speed"),
        (("--model", "best"), "--model: found 'best'"),
        (("--baseline-from", "none"), "--baseline-from: found 'none'"),
        (("--resume",), "--resume: found no study"),
    ],
)
def test_what_makes_no_sense_is_refused(call, place, tmp_path, options, words):
    out = tmp_path / "out"
    code, _, error = call("study", place / "study.csv", "--out", out, *SESSION, *options)
    assert code == 2
    assert words in " ".join(error.split())
    assert not out.exists()
