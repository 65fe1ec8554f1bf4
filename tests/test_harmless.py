"""Names from files command no terminal, calculate in no spreadsheet, and stop no analysis."""

import csv

import pytest

from canonica import pipelines
from canonica._harmless import cell, visible
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.recordings import Reading, write
from canonica.report import write_recordings_csv

LONG = "culture" * 50


def test_names_are_shortened_and_stay_apart():
    names = UniqueNames()
    found = [names.unique(name) for name in (LONG, f"{LONG}2", "ä" * 300, LONG, "short")]
    assert len(set(found)) == 5
    assert all(len(name.encode()) <= 110 for name in found)
    assert found[0].startswith("cultureculture")
    assert found[-1] == "short"
    assert UniqueNames().unique(LONG) == found[0]  # in every call the same


@pytest.mark.parametrize("text", ["\x1b[2J", "\x07", "\x9b31m", "a\rb", "\u202egnp.exe"])
def test_control_characters_are_shown_not_sent(text):
    shown = visible(f"name {text}")
    assert shown.isprintable()
    assert "\\" in shown


def test_other_text_stays_as_it_is():
    for text in ("bic 10 µM", "文化\n", "a\tb", "[bold]", ""):
        assert visible(text) == text


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1"])
def test_formulas_are_quoted_in_tables(text, tmp_path):
    assert cell(-1) == -1
    write_recordings_csv(tmp_path / "t.csv", [{"name": text, "error": -0.5}])
    with (tmp_path / "t.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {"name": f"'{text}", "error": "-0.5"}


def test_hostile_names_and_conditions_pass_through(call, cultures, tmp_path):
    hostile = cultures[0].assign_attrs(name=f"=\x1b[31m{LONG}", condition="=\x1b[2J[/x]$^$")
    write(tmp_path / "one.parquet", hostile)
    out = tmp_path / "r"
    code, printed, errors = call("analyze", tmp_path / "one.parquet", "--out", out)
    assert code == 0, errors
    assert "\x1b[2J" not in printed + errors
    assert "\\x1b[2J[/x]" in printed
    with (out / "recordings.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["condition"].startswith("'=\\x1b")
    code, printed, errors = call("validate", tmp_path / "one.parquet")
    assert "\x1b[2J" not in printed + errors


@pytest.mark.slow
def test_a_long_name_does_not_stop_the_others(cultures, tmp_path):
    write(tmp_path / "a.parquet", cultures[0].assign_attrs(name=LONG))
    write(tmp_path / "b.parquet", cultures[1])
    models = {"model": "ridge", "against": ["persistence"]}
    found = pipelines.forecast(tmp_path, tmp_path / "r", **models, reading=Reading())
    assert len(found.recordings) == 2
