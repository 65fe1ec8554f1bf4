"""What the documentation shows runs as it stands, and points to what is there."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer

from canonica.cli import app
from canonica.recordings import write
from canonica.simulate import spike_trains

ROOT = Path(__file__).parents[1]
FRONT = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES = [*FRONT, *sorted((ROOT / "docs").rglob("*.md"))]
FOR_DEVELOPERS = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "contributing").glob("*.md"))]
CODE = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").glob("*.py"), ROOT / "Makefile"]
CODE += [ROOT / "pyproject.toml", ROOT / "CITATION.cff"]
WORDS = {word for path in CODE for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
READABLE = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")]
LONGEST = ("calibration.md", "phenotype.md", "separation.md", "worlds.md")
LONG = (  # pages that compile much
    "README.md",
    "agents.md",
    "analysis.md",
    "efficient.md",
    "export.md",
    "forecast.md",
    "gallery.md",
    "lesions.md",
    "maze.md",
    "model.md",
    "networks.md",
    "nwb.md",
    "playing.md",
    "recovery.md",
    "report.md",
    "study.md",
    "telling-apart.md",
    "transplant.md",
)


def how_long(page):
    """Return the marks of a page's code by how long it takes."""
    thorough, slow = page.name in LONGEST, page.name in LONG
    return [pytest.mark.thorough] if thorough else [pytest.mark.slow] if slow else []


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=page.name, marks=how_long(page)) for page in READABLE],
)
def test_code_runs_as_it_stands(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "canonica-demo" in page.read_text(encoding="utf-8"):
        example = tmp_path / "canonica-demo" / "recordings" / "culture-1.nwb"
        write(example, spike_trains(2, sessions=12))
    exec(compile(python_of(page), str(page), "exec"), {})  # noqa: S102


@pytest.mark.thorough
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if "```py\n" in page.read_text(encoding="utf-8")],
    ids=lambda page: page.name,
)
def test_code_that_needs_published_recordings_runs(page, published, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in published.iterdir():
        (tmp_path / path.name).symlink_to(path)
    exec(compile(python_of(page, "py"), str(page), "exec"), {})  # noqa: S102


def python_of(page, language="python"):
    """Return the page's Python, everything else blank, so that line numbers are the page's."""
    lines, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        lines.append(line if inside and not fence else "")
        inside = line == f"```{language}" if fence else inside
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def fenced(page):
    """Yield language and text of every fenced block of a page."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(.*)\n((?:(?!```).*\n)*)```$", text, re.MULTILINE):
        yield found.groups()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_say_what_they_are(page):
    """So that no Python escapes the tests above; `py` needs recordings that are not here."""
    assert {language for language, _ in fenced(page)} <= {"python", "py", "console", "text"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_would_be_understood(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for program, *arguments in commands(page):
        if program == "make":
            assert all(f"\n{name}:" in makefile for name in arguments if "=" not in name)
        else:
            assert program == "canonica"  # as a user has it on the path
            understood(arguments)


def commands(page):
    """Yield the words of each command that a page shows."""
    for language, text in fenced(page):
        if language == "console":
            for line in text.splitlines():
                if line.startswith("$ "):
                    yield shlex.split(line.removeprefix("$ "), comments=True)


def understood(arguments):
    """Take the arguments apart as the command line does, and stop before anything is done."""
    command = typer.main.get_command(app)
    context = command.make_context("canonica", list(arguments))
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        if not rest:
            break
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


def test_a_command_that_is_not_understood_is_noticed():
    for wrong in (["maze", "--nonsense", "1"], ["maze", "--mazes", "many"], ["amaze"], ["convert"]):
        with pytest.raises(Exception, match="(?i)no such|integer|missing"):
            understood(wrong)


@pytest.mark.parametrize("page", FOR_DEVELOPERS, ids=lambda page: page.name)
def test_what_developers_are_pointed_to_is_there(page):
    """Paths, modules and names in backticks; blocks and what is to be written aside."""
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    for said in re.findall(r"`([^`\n]+)`", text):
        if re.fullmatch(r"canonica(\.\w+)+", said):
            assert is_importable(said), said
        elif re.fullmatch(r"\.{0,2}[\w./-]*(/|\.(py|md|cff|lock|toml))", said):
            places = (ROOT, ROOT / "src" / "canonica", ROOT / "tests")
            assert any((place / said).exists() for place in places), said
        elif name := re.match(r"[A-Za-z_]\w*", said):
            assert name[0] in WORDS, said


def is_importable(dotted):
    """Return whether a dotted name is a module, or what a module holds."""
    try:
        importlib.import_module(dotted)
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        return hasattr(importlib.import_module(module), name)
    return True


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"make ([a-z-]+)(?=[`\s])", text):
            if f"`make {target}" in text or f"$ make {target}" in text:
                assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_that_are_named_exist(page):
    """In the text, where what a command needs may be left out, and E stand for a number."""
    for said in re.findall(r"`canonica ([^`]*)`", page.read_text(encoding="utf-8")):
        try:
            understood([word for word in shlex.split(said) if word not in ("--help", "--version")])
        except Exception as error:  # noqa: BLE001
            assert "o such" not in str(error), said  # noqa: PT017
