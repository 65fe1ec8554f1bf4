"""Every public function of canonica, found by walking its packages."""

import inspect
import pkgutil
from importlib import import_module

import canonica


def public_packages():
    """Return the packages whose names are for users: those without an underscore."""
    names = [
        module.name
        for module in pkgutil.walk_packages(canonica.__path__, "canonica.")
        if module.ispkg and not any(part.startswith("_") for part in module.name.split("."))
    ]
    return [import_module(name) for name in ("canonica", *names)]


def public_functions():
    """Return each function that a package lists in `__all__`, by the shortest name it has."""
    names = {}
    for package in public_packages():
        for name in getattr(package, "__all__", ()):
            function = getattr(package, name)
            if inspect.isfunction(inspect.unwrap(function)):
                names.setdefault(function, []).append(f"{package.__name__}.{name}")
    shortest = {
        min(each, key=lambda name: (name.count("."), name)): function
        for function, each in names.items()
    }
    return {name.removeprefix("canonica."): shortest[name] for name in sorted(shortest)}
