"""What the documentation shows runs as it stands, and points to what is there."""

import re
from pathlib import Path

import pytest

from canonica.cli import app
from canonica.recordings import write
from canonica.simulate import spike_trains

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
READABLE = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")]
LONG = (  # pages that compile much
    "README.md",
    "agents.md",
    "calibration.md",
    "forecast.md",
    "recovery.md",
    "separation.md",
    "worlds.md",
)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in LONG else [])
        for page in READABLE
    ],
)
def test_code_runs_as_it_stands(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "canonica-demo" in page.read_text(encoding="utf-8"):
        example = tmp_path / "canonica-demo" / "recordings" / "culture-1.nwb"
        write(example, spike_trains(2, sessions=12))
    exec(compile(python_of(page), str(page), "exec"), {})  # noqa: S102


def python_of(page):
    """Return the page's Python, everything else blank, so that line numbers are the page's."""
    lines, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        lines.append(line if inside and not fence else "")
        inside = line == "```python" if fence else inside
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"make ([a-z-]+)(?=[`\s])", page.read_text(encoding="utf-8")):
            if f"`make {target}" in page.read_text() or f"$ make {target}" in page.read_text():
                assert f"\n{target}:" in makefile, target


def test_commands_that_are_named_exist():
    known = {command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"`?canonica ([a-z]+) .*--out", text)) <= known
