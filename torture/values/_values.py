"""Call every public function with one bad value after another, in a process that may die."""

import inspect
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
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
from torture.values._good import COSTLY, arguments, functions, good_arguments

LONGEST = 60.0  # seconds of one call
MEMORY = 24 << 30  # bytes of address space
EXAMPLES, FEW = 20, 3  # of each function in a round, and in a short try
SHORT = (
    "canonica.recordings.from_spikes",
    "canonica.recordings.read",
    "canonica.reverse_engineering.reverse_engineer",
    "canonica.simulate.culture",
)


def values(effort: Effort) -> Iterator[Outcome]:
    """Yield what came of each call."""
    names = [name for name in sorted(functions()) if not effort.short or name in SHORT]
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
    name, case = "", "before the first call"
    try:
        while connection.poll(LONGEST):
            message = connection.recv()
            if isinstance(message, Outcome):
                yield message
            elif message is None:
                return None
            else:
                name, case = message
    except EOFError:
        yield Outcome(case, "segfault", "the process is gone")
        return name
    yield Outcome(case, "hang", f"more than {LONGEST:.0f} s")
    return name


def _serve(connection: Connection, names: list[str], examples: int, number: int) -> None:
    """Call functions, and tell what is being called and what came of it."""
    warnings.simplefilter("ignore")
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  (not on every system)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with TemporaryDirectory() as place:
        known, every = arguments(Path(place)), functions()
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
    """Call one function with good values once, and then with one bad value at a time."""
    connection.send((name, f"{name} with good values"))
    allowed = set()
    if name.rpartition(".")[2] not in COSTLY:
        try:
            allowed = set(_not_numbers(function(**good)))
        except Exception as error:  # noqa: BLE001
            connection.send(Outcome(name, "not tried", f"good values: {error!r}"[:500]))
            return
    choices = {
        parameter: found
        for parameter, about in inspect.signature(function, eval_str=True).parameters.items()
        if about.kind not in (about.VAR_KEYWORD, about.VAR_POSITIONAL)
        and (found := bad_values(about.annotation, good.get(parameter))) is not None
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
        parameter = draw.draw(st.sampled_from(sorted(choices)))
        value = draw.draw(choices[parameter])
        case = f"{name}({parameter}={_shown(value)})"
        connection.send((name, case))
        connection.send(_called(case, function, {**good, parameter: value}, allowed))

    attempt()


def _called(
    case: str, function: Callable[..., Any], given: dict[str, Any], allowed: set[str]
) -> Outcome:
    try:
        found = function(**given)
        if inspect.isgenerator(found):
            found = list(found)
    except CanonicaError as error:
        ours = "found" in str(error) and "expected" in str(error)
        return Outcome(case, "refused") if ours else Outcome(case, "raw error", str(error)[:300])
    except MemoryError as error:
        return Outcome(case, "memory", repr(error))
    except Exception as error:  # noqa: BLE001
        return Outcome(case, "raw error", repr(error)[:300])
    new = set(_not_numbers(found)) - allowed
    if new:
        return Outcome(case, "silent NaN", ", ".join(sorted(new)))
    return Outcome(case, "taken")


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
