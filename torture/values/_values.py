"""Call every public function with one bad value after another, in a process that may die."""

import inspect
import multiprocessing
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from canonica import CanonicaError
from torture._outcome import Effort, Outcome
from torture.values._bad import bad_values
from torture.values._good import COSTLY, LEFT_OUT, SAID, arguments, good_arguments
from torture.values._public import public

LONGEST = 120.0  # seconds of one call, on a machine with much else to do
PREPARING = 600.0  # seconds until there is what functions are called with
MEMORY = 24 << 30  # bytes of address space
SOUND = " with good values"
EXAMPLES, FEW = 20, 3  # of each function in a round, and in a short try
SHORT = (
    "canonica.recordings.from_spikes",
    "canonica.recordings.read",
    "canonica.reverse_engineering.reverse_engineer",
    "canonica.simulate.culture",
)


def values(effort: Effort) -> Iterator[Outcome]:
    """Yield what came of each call."""
    names = [name for name in public() if name not in LEFT_OUT]
    names = [name for name in names if name in SHORT] if effort.short else names
    examples = FEW if effort.short else EXAMPLES * effort.rounds
    while names:
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(there, names, examples, effort.seed), daemon=True
        )
        process.start()
        there.close()
        at = yield from _received(here)
        process.kill()
        process.join()
        names = names[names.index(at) + 1 :] if at in names else []


def _received(connection: Connection) -> Iterator[Outcome]:
    """Yield outcomes as they come; return the name of the function at which they ceased."""
    name, case, limit = "", "before the first call", PREPARING
    try:
        while connection.poll(limit):
            message = connection.recv()
            if isinstance(message, Outcome):
                yield message
            elif message is None:
                return None
            else:
                name, case = message
                limit = PREPARING if case.endswith(SOUND) else LONGEST
    except EOFError:
        yield Outcome(case, "segfault", "the process is gone")
        return name
    yield Outcome(case, "hang", f"more than {limit:.0f} s")
    return name


def _serve(connection: Connection, names: list[str], examples: int, number: int) -> None:
    """Call functions, and tell what is being called and what came of it."""
    warnings.simplefilter("ignore")
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  (not on every system)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with TemporaryDirectory() as place:
        known, every = arguments(Path(place)), public()
        os.chdir(place)  # where what an empty path stands for may be written
        for name in names:
            good = good_arguments(name, every[name], known)
            _try(connection, name, every[name], good, examples=examples, number=number)
    connection.send(None)


def _try(
    connection: Connection,
    name: str,
    function: Callable[..., Any],
    good: dict[str, Any],
    *,
    examples: int,
    number: int,
) -> None:
    """Call one function with good values once, and then with one bad value at a time.

    Where no good values are known, as of what only other functions make, all that it needs is bad.
    """
    connection.send((name, f"{name}{SOUND}"))
    parameters = _parameters(function)
    needed = {key for key, about in parameters.items() if about.default is about.empty} - set(good)
    allowed = set(SAID.get(name, ()))
    if not needed and name.rpartition(".")[2] not in COSTLY:
        try:
            allowed |= set(_not_numbers(function(**good)))
        except Exception as error:  # noqa: BLE001
            connection.send(Outcome(name, "raw error", f"good values: {error!r}"[:500]))
            return
    choices = {
        key: found
        for key, about in parameters.items()
        if (found := bad_values(about.annotation, good.get(key))) is not None
    }
    if not choices:
        return

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=tuple(HealthCheck),  # type: ignore[arg-type]
    )
    @given(st.data())
    def attempt(draw: st.DataObject) -> None:
        chosen = sorted(needed & set(choices)) or [draw.draw(st.sampled_from(sorted(choices)))]
        bad = {key: draw.draw(choices[key]) for key in chosen}
        case = f"{name}({', '.join(f'{key}={_shown(value)}' for key, value in bad.items())})"
        connection.send((name, case))
        connection.send(_called(case, function, {**good, **bad}, bad, allowed))

    attempt()


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters that are there once."""
    return {
        key: about
        for key, about in inspect.signature(function, eval_str=True).parameters.items()
        if about.kind not in (about.VAR_KEYWORD, about.VAR_POSITIONAL)
    }


def _called(
    case: str,
    function: Callable[..., Any],
    given: dict[str, Any],
    bad: dict[str, Any],
    allowed: set[str],
) -> Outcome:
    try:
        found = function(**given)
        if inspect.isgenerator(found):
            found = list(found)
    except CanonicaError as error:
        wrong = what_is_wrong_with(str(error), bad)
        return Outcome(case, wrong, str(error)[:300]) if wrong else Outcome(case, "refused")
    except MemoryError as error:
        return Outcome(case, "memory", repr(error))
    except Exception as error:  # noqa: BLE001
        return Outcome(case, "raw error", repr(error)[:300])
    new = set(_not_numbers(found)) - allowed
    if new:
        return Outcome(case, "silent NaN", ", ".join(sorted(new)))
    return Outcome(case, "taken")


def what_is_wrong_with(message: str, bad: Mapping[str, Any]) -> str | None:
    """Return what a refusal lacks: what was found, what was expected, and of which argument.

    A file is named by its path, and a part of a recording by what xarray calls it.
    """
    if "found" not in message or "expected" not in message:
        return "raw error"
    if "found shape" in message:  # of two arrays that do not fit each other it names one
        return None
    names = {*bad}
    for value in bad.values():
        parts = value if isinstance(value, list) else [value]
        names |= {part[:40] for part in parts if isinstance(part, str) and part}
    if any(isinstance(value, xr.Dataset) for value in bad.values()):
        names |= {"recording", "variable", "attribute", "coordinate", "dimension"}
    named = any(re.search(rf"(^|\W){re.escape(name)}(\W|$)", message) for name in names)
    return None if named else "argument not named"


def _not_numbers(found: object, name: str = "result") -> Iterator[str]:
    """Yield the names of all in a result that is NaN."""
    if isinstance(found, xr.Dataset):
        for variable in found.variables:
            yield from _not_numbers(found[variable].to_numpy(), str(variable))
    elif isinstance(found, list | tuple):
        for part in found:
            yield from _not_numbers(part, name)
    elif isinstance(found, float | np.ndarray) or hasattr(found, "__jax_array__"):
        values = np.asarray(found)
        if values.dtype.kind == "f" and np.isnan(values).any():
            yield name


def _shown(value: object) -> str:
    if isinstance(value, xr.Dataset):
        return (
            f"Dataset of {', '.join(map(str, value.variables)) or 'nothing'}, {dict(value.sizes)}"
        )
    return repr(value)[:80]
