"""The house stays as it is built: imports go down only, and it loads lazily."""

import ast
import inspect
import sys
from collections import Counter
from pathlib import Path

import pytest
from public_functions import public_functions

import canonica

SOURCE = Path(canonica.__file__).parent
FLOOR = {
    "model": 1,
    "data": 1,
    "recordings": 2,
    "simulate": 2,
    "agents": 2,
    "lesions": 2,
    "networks": 2,
    "reverse_engineering": 3,
    "studies": 4,
    "report": 5,
    "plot": 6,
    "pipelines": 6,
    "cli": 7,
}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    """Yield everything that is imported, in functions too, by its whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_only(path):
    place = path.relative_to(SOURCE).parts
    if len(place) == 1 and place[0] in ("__init__.py", "__main__.py"):
        return  # the front door leads everywhere
    here = place[0] if len(place) > 1 else None
    for name in imported(parsed(path)):
        package, _, inside = name.partition(".")
        there = inside.split(".")[0]
        if package != "canonica" or there not in FLOOR or there == here:
            continue
        assert here is not None, f"{path.name} is under every floor and knows none"
        assert FLOOR[there] < FLOOR[here], f"{here} must not import {there}"


def class_names():
    """Yield the name of every class, without the underscore of those that are private."""
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_")


def test_no_class_has_the_name_of_another():
    assert [name for name, times in Counter(class_names()).items() if times > 1] == []


AGENT_ROOMS = {"network": 1, "worlds": 1, "planning": 1, "designs": 2, "experiments": 3}


@pytest.mark.parametrize("room", AGENT_ROOMS)
def test_networks_know_no_world_and_worlds_no_agent(room):
    for path in (SOURCE / "agents" / room).rglob("*.py"):
        for name in imported(parsed(path)):
            package, _, inside = name.partition("canonica.agents.")
            there = inside.split(".")[0]
            if package or not inside or there == room:
                continue
            assert there in AGENT_ROOMS, f"{path.name} goes through the front door, {name}"
            assert AGENT_ROOMS[there] < AGENT_ROOMS[room], f"{room} must not import {there}"


def test_model_knows_no_files_labels_or_plots():
    known = {"canonica", "collections", "equinox", "functools", "jax", "jaxtyping", "math"}
    known |= {"numpy", "typing"}
    for path in (SOURCE / "model").glob("*.py"):
        used = {name.split(".")[0] for name in imported(parsed(path))}
        assert used <= known, path.name


def test_everything_public_is_there():
    for name in canonica.__all__:
        assert getattr(canonica, name) is not None
    assert set(canonica.__all__) <= set(dir(canonica))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = canonica.nonsense


def holds_arguments_against_its_signature(function):
    while hasattr(function, "__wrapped__"):
        code = getattr(function, "__code__", None)  # which JAX's own wrappers lack
        if code is not None and code.co_filename.endswith("canonica/_arguments.py"):
            return True
        function = function.__wrapped__
    return False


def test_what_is_refused_is_documented():
    found = public_functions()
    checked = {
        name: one
        for name, one in found.items()
        if holds_arguments_against_its_signature(one) and inspect.signature(one).parameters
    }
    assert len(checked) > len(found) / 2
    silent = [
        name
        for name, function in checked.items()
        if "Raises\n------" not in (inspect.getdoc(function) or "")
    ]
    assert silent == []


# What a command may use: pipelines that do the work, tables to print, values that options make.
COMMANDS_USE = {
    "canonica": {"pipelines"},
    "canonica._cores": {"cores"},
    "canonica._errors": {"CanonicaError", "RecordingError", "how_many", "listed"},
    "canonica._files": {"check_there", "remove_unfinished", "results_in_place", "sha256", "shown"},
    "canonica._harmless": {"visible"},
    "canonica._version": {"__version__"},
    "canonica.recordings": {"Finding", "Reading", "SpikeTrains"},
    "canonica.recordings._read": {"read_ahead"},
    "canonica.recordings.isolation._isolated": {"begin_reading", "forget_ahead"},
    "canonica.recordings.nwb._experiment": {"MARKED_UNKNOWN", "METADATA"},
    "canonica.reverse_engineering": {
        "BaselineFrom",
        "GivenBaseline",
        "PublishedProtocol",
        "Validation",
    },
    "canonica.studies.lesions.tasks": {"Task"},
}
TABLES = ("_table", "_sentences")  # of canonica.report
# Standard modules that only work needs: files, formats, many at once.
WORK = {
    "concurrent",
    "csv",
    "hashlib",
    "json",
    "math",
    "random",
    "shutil",
    "statistics",
    "tempfile",
}
LIBRARIES = {"canonica", "rich", "typer"} | sys.stdlib_module_names - WORK


@pytest.mark.parametrize("path", sorted((SOURCE / "cli").glob("*.py")), ids=lambda path: path.name)
def test_commands_do_no_work_of_their_own(path):
    tree = parsed(path)
    used = {name.split(".")[0] for name in imported(tree)}
    assert used <= LIBRARIES, used - LIBRARIES
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        names = {alias.name for alias in node.names}
        if node.module == "canonica.report":
            assert all(name.endswith(TABLES) for name in names), names
        elif node.module.startswith("canonica.pipelines."):
            pytest.fail(f"{node.module} is no door")
        elif not node.module.startswith(("canonica.cli", "canonica.pipelines")):
            known = COMMANDS_USE.get(node.module)
            if node.module.partition(".")[0] == "canonica":
                assert known is not None, node.module
                assert names <= known, names - known


@pytest.mark.parametrize("folder", ["pipelines", "agents", "simulate", "reverse_engineering"])
def test_nobody_but_commands_prints_or_knows_the_terminal(folder):
    for path in (SOURCE / folder).rglob("*.py"):
        tree = parsed(path)
        assert not {name for name in imported(tree) if name.split(".")[0] in ("rich", "typer")}
        called = {node.func.id for node in ast.walk(tree)
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
        assert "print" not in called, path
