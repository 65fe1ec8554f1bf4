"""A study from table to comparisons: complete, repeatable, going on where it stopped."""

import io
import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

import canonica
from canonica import CanonicaError
from canonica.recordings import Reading
from canonica.report import comparisons_table

SESSION = ("--trials-per-session", 64)
READ = {"reading": Reading(trials_per_session=64)}
QUICK = {"model": "ridge", **READ}


def test_a_study_is_complete(study_folder, studied):
    out = study_folder / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted([*studied.files, "summary.json"])
    assert len(studied.table) == 3
    assert [one.source.endswith("broken.mat") for one in studied.failures] == [True]
    assert [row["file"].endswith("lost.mat") for row in studied.excluded] == [True]
    table = pd.read_parquet(out / "cultures.parquet")
    pd.testing.assert_frame_equal(table, studied.table)
    assert pd.read_csv(out / "cultures.csv")["condition"].tolist()[2] == "'=drug"
    rows = json.loads((out / "comparisons.json").read_text())
    assert [row["p_value"] for row in rows] == [one.p_value for one in studied.comparisons]
    assert len(pd.read_csv(out / "comparisons.csv")) == len(rows)
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["failures"]) == 1
    assert summary["conclusions"] == studied.sentences
    assert "Nothing differs by more than chance explains" in studied.sentences[0]
    assert "Analysing and forecasting" in (out / "study.log").read_text()
    # One baseline: the reference's.
    assert len(set(table["baseline"])) == 1
    assert summary["baseline_warning"] is None


def test_the_numbers_are_those_of_single_calls(study_folder, studied):
    recordings = canonica.read(study_folder / "ctrl.mat", trials_per_session=64)
    results = canonica.reverse_engineer(recordings)
    forecasts = canonica.forecast(recordings, model="ridge")
    scores = [canonica.score(*both) for both in zip(forecasts, recordings, strict=True)]
    expected = canonica.summary(results, forecasts, scores)
    same = [name for name in expected if name in studied.table and expected[name].dtype == float]
    assert len(same) > 12
    pd.testing.assert_frame_equal(studied.table.loc[:1, same], expected[same], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("studied")
def test_its_file_repeats_it_and_the_command_does_the_same(call, study_folder, tmp_path):
    file, out = study_folder / "out" / "study.toml", tmp_path / "again"
    code, printed, error = call("study", file, "--out", out, "--report")
    assert code == 1  # a recording failed
    assert "broken.mat" in error.replace("\n", "")
    assert "Nothing differs by more than chance explains" in " ".join(printed.split())
    for name in ("cultures.csv", "comparisons.csv", "comparisons.json"):
        assert (out / name).read_bytes() == (study_folder / "out" / name).read_bytes()
    page = (out / "report.html").read_bytes()
    assert call("report", out)[0] == 0
    assert (out / "report.html").read_bytes() == page


@pytest.mark.slow
def test_an_interrupted_study_goes_on(study_folder, studied, tmp_path):
    def interrupt(progress):
        if progress.what == "Analysing and forecasting" and progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        canonica.study(study_folder / "study.csv", tmp_path, progress=interrupt, **QUICK)
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    with pytest.raises(CanonicaError, match=r"out: found an unfinished study .* Add --resume"):
        canonica.study(study_folder / "study.csv", tmp_path, **QUICK)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.forecast.nc")}
    assert len(kept) == 2
    again = canonica.study(study_folder / "study.csv", tmp_path, resume=True, **QUICK)
    assert again.gone_on == 2
    pd.testing.assert_frame_equal(again.table, studied.table)
    # A finished study lends its results too; what decides them being another, they are made anew.
    other = canonica.study(study_folder / "study.csv", tmp_path, resume=True, seed=1, **QUICK)
    assert other.gone_on == 0
    last = canonica.study(study_folder / "study.csv", tmp_path, resume=True, seed=1, **QUICK)
    assert last.gone_on == 3


@pytest.mark.slow
def test_own_baselines_are_loudly_said(call, study_folder, tmp_path):
    thresholds = ("--minimum-mean", 0.9, "--minimum-session", 0.05, "--minimum-preference", 0.4)
    options = ("--model", "ridge", "--baseline-from", "own", *thresholds, *SESSION)
    _, printed, _ = call("study", study_folder / "study.csv", "--out", tmp_path / "own", *options)
    assert "BASELINES OF THEIR OWN" in printed
    summary = json.loads((tmp_path / "own" / "summary.json").read_text())
    assert "OWN" in summary["baseline_warning"]
    protocol = summary["settings"]["protocol"]
    names = ("minimum_mean_response", "minimum_session_response", "minimum_preference")
    assert [protocol[name] for name in names] == [0.9, 0.05, 0.4]


@pytest.mark.slow
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
def test_what_makes_no_sense_is_refused(call, study_folder, tmp_path, options, words):
    out = tmp_path / "out"
    code, _, error = call("study", study_folder / "study.csv", "--out", out, *SESSION, *options)
    assert code == 2
    assert words in " ".join(error.split())
    assert not out.exists()


@pytest.mark.slow
def test_a_workbook_makes_the_same_study_and_replaces_an_earlier_one(
    call, study_folder, studied, tmp_path
):
    table = pd.read_csv(study_folder / "study.csv", dtype=str, keep_default_na=False)
    with pd.ExcelWriter(study_folder / "study.xlsx", engine="openpyxl") as book:
        table.to_excel(book, index=False)
        for cell in (one for row in book.sheets["Sheet1"].iter_rows() for one in row):
            cell.data_type = "s" if cell.value else "n"  # "=drug" is a name, not a formula
    given = ("study", study_folder / "study.xlsx", "--out", tmp_path / "out", *SESSION)
    model = ("--model", "ridge")
    # What is there is of another study, of one culture, with a note that the user put beside it.
    one = [{"file": study_folder / "drug.mat", "condition": "=drug"}]
    alone = canonica.study(one, tmp_path / "out", model="persistence", **READ)
    assert len(alone.table) == 1
    (tmp_path / "out" / "note.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    code, _, error = call(*given, *model)
    assert code == 2
    assert "--overwrite" in error
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before
    code, _, error = call(*given, *model, "--overwrite")
    assert code == 1  # a recording failed
    assert "broken.mat" in error.replace("\n", "")
    for name in ("cultures.csv", "comparisons.csv", "comparisons.json"):
        assert (tmp_path / "out" / name).read_bytes() == (study_folder / "out" / name).read_bytes()
    assert (tmp_path / "out" / "note.txt").read_text() == "mine"
    there = {path.name for path in (tmp_path / "out").iterdir()}
    assert there == {*studied.files, "summary.json", "note.txt"}


@pytest.mark.slow
def test_rows_name_recordings_and_none_counts_twice(study_folder, tmp_path):
    shutil.copyfile(study_folder / "ctrl.mat", tmp_path / "copy.mat")
    ctrl = study_folder / "ctrl.mat"
    rows = [
        {"file": ctrl, "condition": "rest"},  # what no other row names
        {"file": ctrl, "condition": "named", "recording": "ctrl-2", "animal": "rat 2"},
        {"file": ctrl, "condition": "twice", "recording": "2"},
        {"file": ctrl, "condition": "none", "recording": "ctrl-3"},
        {"file": tmp_path / "copy.mat", "condition": "copied", "recording": "1"},
    ]
    found = canonica.study(rows, tmp_path / "out", model="persistence", **READ)
    table = found.table.set_index("name")
    assert table["condition"].to_dict() == {"ctrl-1": "rest", "ctrl-2": "named"}
    assert table["animal"].to_dict()["ctrl-2"] == "rat 2"
    said = [str(one) for one in found.failures]
    assert len(said) == 3
    assert "in row 3 of the table the same recording as in row 2" in said[0]
    assert "no recording 'ctrl-3' (row 4 of the table)" in said[1]
    assert "copy.mat" in said[2]
    assert "in row 5 of the table the same recording as in row 1" in said[2]


def test_a_reference_that_is_lost_is_said(studied):
    given = replace(studied.settings, reference="rest")
    found = replace(studied, settings=given)
    assert found.sentences[0].startswith("No culture of the reference 'rest' could be analysed: ")
    assert f"compared with {studied.design.reference!r} instead" in found.sentences[0]
    assert found.sentences[1:] == studied.sentences
    same = replace(studied.settings, reference=studied.design.reference)
    assert replace(studied, settings=same).sentences == studied.sentences


def test_the_table_is_legible_in_eighty_columns(studied):
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(comparisons_table(studied.comparisons))
    text = console.export_text()
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert max(map(len, text.splitlines())) <= 80
    words = text.split()
    for one in studied.comparisons:
        assert {f"{one.p_value:.2g}", f"{one.smallest_p_value:.2g}"} <= set(words)
        assert set(one.quantity.split("_")) <= set(words)
