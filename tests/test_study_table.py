"""The table that a study begins with: what is read from it, and what is refused."""

import openpyxl
import pandas as pd
import pytest

from canonica import CanonicaError
from canonica.pipelines import StudySettings, StudyWarning
from canonica.pipelines.conditions._study_settings import read_study_file, write_study_file
from canonica.pipelines.conditions._study_table import study_rows
from canonica.recordings import Reading

ROWS = [
    {"file": "a.mat", "recording": "01", "condition": "1E2", "dose": "0", "note": "a, \"b\" = 'c'"},
    {"file": "b.mat", "condition": "NA", "dose": "1e-3", "exclude": "yes"},
    {"file": "b.mat", "recording": "2", "drug": "bic", "dose": "0.5"},
]


def write(frame, path):
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="," if path.suffix == ".csv" else "\t")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".xlsx"])
def test_every_kind_of_table_says_the_same(suffix, tmp_path):
    write(pd.DataFrame(ROWS), tmp_path / f"study{suffix}")
    rows = study_rows(tmp_path / f"study{suffix}")
    assert [row.file for row in rows] == [tmp_path / name for name in ("a.mat", "b.mat", "b.mat")]
    assert [row.condition for row in rows] == ["1E2", "NA", "bic 0.5"]  # as they are written
    assert [row.dose for row in rows] == [0, 1e-3, 0.5]
    assert [row.excluded for row in rows] == [False, True, False]
    assert rows[0].labels["recording"] == "01"


def test_numbers_of_a_frame_are_read_as_they_are_written():
    frame = pd.DataFrame({"file": ["a", "b"], "animal": [1.0, None], "dose": [0, 0.25]})
    first, second = study_rows(frame)
    assert first.labels["animal"] == "1"
    assert "animal" not in second.labels
    assert second.dose == 0.25


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"file": "a", "anmal": "1"}], "found a column 'anmal'; expected 'animal'"),
        ([{"file": "a", "Condition": "1"}], "found a column 'Condition'; expected 'condition'"),
        ([{"condition": "a"}], "expected one named 'file'"),
        ([{"file": "a", "dose": "1 mM"}], "found the dose '1 mM' in row 1"),
        ([{"file": "a", "dose": "-1"}], "found the dose '-1' in row 1"),
        ([{"file": "a"}, {"file": "a"}], "in rows 1 and 2"),
        ([{"file": "a", "exclude": "perhaps"}], "found 'perhaps' in the column exclude"),
        ([{"file": "", "note": "x"}], "found no file in row 1"),
        ([{"file": ""}], "found no rows"),
    ],
)
def test_what_is_meant_otherwise_is_refused(rows, words):
    with pytest.raises(CanonicaError, match=words):
        study_rows(rows)


def test_what_is_not_known_is_said(tmp_path):
    with pytest.warns(StudyWarning, match="temperature"):
        study_rows([{"file": "a", "temperature": "37"}])
    for name, content in (("a.csv", b"\xff\xfe\x00"), ("b.docx", b""), ("c.parquet", b"PAR1")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CanonicaError, match="study: found"):
            study_rows(tmp_path / name)
    with pytest.raises(CanonicaError, match="study: found no way to read"):
        study_rows(tmp_path / "missing.csv")


def test_the_file_of_a_study_holds_all_that_decides_it(tmp_path):
    odd = 'a "quoted" \\ name\u2028\x7f\n\u00e9.mat'
    rows = study_rows([*ROWS, {"file": odd, "note": "x"}], tmp_path)
    settings = StudySettings(
        reference="1E2",
        baseline=2.5,
        quantities=("implicit_prior",),
        seed=3,
        reading=Reading(session_gap=60.0, window=(0.01, 0.05), stimuli=("in_*",)),
    )
    write_study_file(tmp_path / "study.toml", settings, rows)
    assert read_study_file(tmp_path / "study.toml") == (settings, rows)
    (tmp_path / "other.toml").write_text("[study]\nreference = 1\n")
    with pytest.raises(CanonicaError, match=r"study: in .*other\.toml: reference: found 1"):
        read_study_file(tmp_path / "other.toml")
    (tmp_path / "none.toml").write_text("[study]\n")
    with pytest.raises(CanonicaError, match="study: found no settings of a study"):
        read_study_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"baseline": 2.0, "baseline_from": "a"}, "baseline_from: found a baseline too"),
        ({"groupings": ("cage",)}, "groupings: found cage"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, words):
    with pytest.raises(CanonicaError, match=words):
        StudySettings(**wrong)


def workbook(path, cells, *, merged=None, sheets=("Sheet",)):
    book = openpyxl.Workbook()
    for name in sheets[1:]:
        book.create_sheet(name)
    sheet = book.active
    for row in cells:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    book.save(path)
    return path


CELLS = [["file", "condition"], ["a.mat", "ctrl"], ["b.mat", "drug"]]


@pytest.mark.parametrize(
    ("cells", "merged", "words"),
    [
        ([*CELLS, ["c.mat", "=B3"]], None, r"a formula without its value in B4 \(=B3\)"),
        ([*CELLS, ["c.mat", "#REF!"]], None, "the error #REF! in B4"),
        ([*CELLS, ["c.mat", None]], "B3:B4", r"merged cells \(B3:B4\)"),
    ],
)
def test_a_cell_that_hides_what_it_stands_for_is_refused(cells, merged, words, tmp_path):
    path = workbook(tmp_path / "study.xlsx", cells, merged=merged)
    with pytest.raises(CanonicaError, match=words) as refused:
        study_rows(path)
    assert "study.xlsx, sheet 'Sheet'" in str(refused.value)


def test_other_sheets_are_said_not_to_be_read(tmp_path):
    path = workbook(tmp_path / "study.xlsx", CELLS, sheets=("Sheet", "doses", "notes"))
    with pytest.warns(StudyWarning, match=r"3 sheets.*'Sheet'.*'doses', 'notes'"):
        assert [row.condition for row in study_rows(path)] == ["ctrl", "drug"]
