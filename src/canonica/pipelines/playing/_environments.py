"""Environments by name, and their options."""

import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium

from canonica._checks import described, refusal
from canonica._errors import CanonicaError

PYTHONS = {"True": True, "False": False, "None": None}


def environment_named(name: str, options: Mapping[str, Any], **more: Any) -> gymnasium.Env:
    """Return the environment that Gymnasium makes; refuse what it does not."""
    try:
        if ":" in name:
            module, name = name.split(":", 1)
            importlib.import_module(module)
        return gymnasium.make(name, **options, **more)
    except Exception as error:  # whatever an environment of others raises
        raise CanonicaError(
            f"environment: found {name!r}, which Gymnasium does not make "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}); "
            "expected the name of one that is installed, such as FrozenLake-v1, and options that "
            "it takes."
        ) from error


def options_by_name(given: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    """Return options by name; of texts, values are JSON where they are that, and else text."""
    if isinstance(given, Mapping):
        return dict(given)
    options: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise refusal("options", described(text), "name=value, such as is_slippery=false")
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = PYTHONS.get(value, value)
    return options
