"""Ratios of benchmarks are kept, one way for all, and the page names where they come from."""

import csv
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "benchmarks").glob("*.py"))
REMEMBERS = re.compile(r"remember\(\s*\"(\w+)\"")


@pytest.fixture
def history():
    spec = importlib.util.spec_from_file_location("history", ROOT / "benchmarks" / "history.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def aims():
    """Return the rows of the table of aims, as cells."""
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    section = text.split("## Aims, and where they stand")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_rows_are_added_and_the_latest_is_found(history, tmp_path):
    path = tmp_path / "history.csv"
    history.remember("one", {"a, b": 1.23456, "c": 1000.0}, path)
    history.remember("two", {"a, b": 5.0}, path)
    history.remember("one", {"a, b": 2.0}, path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(history.COLUMNS)
    assert [row[2:] for row in rows[1:]] == [
        ["one", "a, b", "1.23"],
        ["one", "c", "1e+03"],
        ["two", "a, b", "5"],
        ["one", "a, b", "2"],
    ]
    latest = history.latest(path)
    assert {key: row["ratio"] for key, row in latest.items()} == {
        ("one", "a, b"): "2",
        ("one", "c"): "1e+03",
        ("two", "a, b"): "5",
    }


def test_every_script_keeps_its_ratios_under_its_own_name():
    keeping = {}
    for script in SCRIPTS:
        if script.stem != "history":
            text = script.read_text(encoding="utf-8")
            keeping |= {script.stem: REMEMBERS.findall(text)} if "remember(" in text else {}
    assert len(keeping) >= 8
    assert keeping == {stem: [stem] for stem in keeping}
    kept = {row["benchmark"] for row in rows_of_history()}
    assert kept <= keeping.keys()


def rows_of_history():
    with (ROOT / "benchmarks" / "history.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_aim_names_a_script_that_keeps_its_ratios():
    named = [re.findall(r"`benchmarks/(\w+)\.py`", row[1]) for row in aims()]
    assert all(len(one) == 1 for one in named)
    for (stem,) in named:
        assert "remember(" in (ROOT / "benchmarks" / f"{stem}.py").read_text(encoding="utf-8")


def test_the_latest_ratio_of_an_aim_is_that_of_the_history(history):
    said = [row[3] for row in aims()]
    latest = history.latest()
    kept = {benchmark for benchmark, _ in latest}
    for row, cell in zip(aims(), said, strict=True):
        (stem,) = re.findall(r"`benchmarks/(\w+)\.py`", row[1])
        if cell == "not in the history":
            continue
        assert stem in kept
        number, figure = re.fullmatch(r"([\d.]+) \((.+)\)", cell).groups()
        assert float(latest[stem, figure]["ratio"]) == float(number)
