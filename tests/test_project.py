"""What stands around the code agrees with it: continuous integration, versions, release notes."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from pkgutil import resolve_name

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted((ROOT / ".github").rglob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def parsed(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_forms_are_yaml(form):
    assert isinstance(parsed(form), dict)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_what_the_makefile_offers(workflow):
    steps = [step for job in parsed(workflow)["jobs"].values() for step in job["steps"]]
    commands = [step["run"].split() for step in steps if "run" in step]
    assert commands
    for command in commands:
        assert command[0] == "make"
        assert set(command[1:]) <= TARGETS


def test_all_pythons_that_are_promised_are_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classifiers = [re.fullmatch(r".*:: (3\.\d+)", said) for said in project["classifiers"]]
    promised = {match[1] for match in classifiers if match}
    (workflow,) = WORKFLOWS
    assert set(parsed(workflow)["jobs"]["test"]["strategy"]["matrix"]["python"]) == promised
    assert project["requires-python"] == ">=" + min(promised, key=lambda name: int(name[2:]))


def leaves(tree):
    """Return the texts at the ends of nested lists and mappings."""
    if isinstance(tree, str):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree
    return [leaf for part in parts for leaf in leaves(part)]


def test_every_page_is_built_and_every_room_has_a_reference():
    docs = ROOT / "docs"
    found = [*docs.rglob("*.md"), *docs.rglob("*.ipynb")]
    pages = {page.relative_to(docs).as_posix() for page in found}
    assert sorted(leaves(parsed(ROOT / "mkdocs.yml")["nav"])) == sorted(pages)
    reference = (docs / "reference.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "src" / "canonica").glob("[a-z]*/__init__.py")}
    assert set(re.findall(r"^::: canonica\.(\w+)$", reference, re.MULTILINE)) == rooms - {"cli"}


def newest_release():
    """Return version, date and text of the topmost release in the changelog."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.split(r"^## (.*)$\n", changelog, flags=re.MULTILINE)[1:]
    assert headings[0] == "[Unreleased]"
    version, date = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", headings[2]).groups()
    return version, date, headings[3]


def test_the_citation_is_of_the_newest_release():
    citation = parsed(ROOT / "CITATION.cff")
    version, date, _ = newest_release()
    assert (citation["version"], str(citation["date-released"])) == (version, date)


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
def test_release_notes_are_the_section_of_the_changelog():
    version, _, text = newest_release()
    found = notes_of(version)
    assert found.returncode == 0
    assert found.stdout == text
    unknown = notes_of(version[:-1])  # the start of a version that is there
    assert unknown.returncode != 0
    assert "says nothing of" in unknown.stderr


def notes_of(version):
    """Run make as a release does, and return what came of it."""
    return subprocess.run(
        ["make", "release-notes", f"VERSION={version}"],  # noqa: S607
        cwd=ROOT,
        # Not as a part of the make that runs these tests, which would say where it is.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_long_examples_are_there():
    from conftest import LONG_EXAMPLES

    for name in LONG_EXAMPLES:
        assert ">>>" in resolve_name(name).__doc__, name
