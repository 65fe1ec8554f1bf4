"""What is public: found in the package itself, so that nothing new is forgotten."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from types import ModuleType
from typing import Any

import canonica

# By package or name, why bad values are not drawn for it here.
ELSEWHERE = {
    "canonica.agents": "tests/test_agent_boundary.py draws them, for every agent and world",
    "canonica.cli": "the command line is tried by all other parts",
    "canonica.model": "its functions run in compiled code; tests/test_boundary.py draws them",
}


def public() -> dict[str, Callable[..., Any]]:
    """Return every public function, and every class of settings, by its shortest name."""
    found: dict[Callable[..., Any], str] = {}
    for room in _rooms():
        for name in getattr(room, "__all__", ()):
            value = getattr(room, name)
            if inspect.isfunction(value) or _is_settings(value):
                found.setdefault(value, f"{room.__name__}.{name}")
    names = sorted((name, value) for value, name in found.items())
    return {name: value for name, value in names if not name.startswith(tuple(ELSEWHERE))}


def _rooms() -> Iterator[ModuleType]:
    """Yield the package and all packages in it that are public, those further up first."""
    yield canonica
    names = [about.name for about in pkgutil.walk_packages(canonica.__path__, "canonica.")]
    for name in sorted(names, key=lambda name: name.count(".")):
        if not any(part.startswith("_") for part in name.split(".")):
            yield importlib.import_module(name)


def _is_settings(value: object) -> bool:
    """Return whether it is a record that users make: all that is in it may be left out."""
    if not (inspect.isclass(value) and is_dataclass(value)):
        return False
    made: Any = value  # a type checker knows nothing of what the decorator adds
    if not made.__dataclass_params__.frozen:
        return False
    return all({one.default, one.default_factory} != {MISSING} for one in fields(value))
