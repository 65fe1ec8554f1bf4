"""How long a user waits: whole processes of the command line, from the call to the prompt.

    python benchmarks/waiting.py [--quick] [--only COMMAND ...] [--repeats 5] [--out FILE]

Measured, each the shortest of several runs: `canonica validate` and `canonica analyze` of one
MATLAB file of six simulated cultures (100 sessions of 256 trials, 64 electrodes, 32 inputs), and
`canonica forecast` of one of them. Three times each:

- nothing kept: `CANONICA_COMPILATION_CACHE=0`;
- first run: what is compiled is kept, and nothing was before;
- later runs: what the first run kept is there.

The floor, in the same turn, is a process that imports what no analysis can do without (NumPy,
xarray, JAX, matplotlib's figures, h5netcdf) and ends. Beside seconds by the clock stands the time
of processors, of all processes that the command started: others disturb that less. Its ratios to
that of the floor go to `history.csv`.

`--quick`: cultures of 12 sessions, once each; for a look, not for figures to report.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from history import remember
from rich import box
from rich.console import Console
from rich.table import Table

from canonica._cores import cores
from canonica.recordings import write_matlab
from canonica.simulate import culture

CULTURES, SESSIONS, QUICK_SESSIONS = 6, 100, 12
FLOOR = "import numpy, xarray, jax.numpy, matplotlib.figure, h5netcdf"
OFF = {"CANONICA_COMPILATION_CACHE": "0"}
AIMS = {  # seconds on two cores: the first time, and later
    "validate": (2.0, 2.0),
    "analyze": (None, 4.0),
    "forecast": (10.0, 5.0),
}


def write_inputs(folder: Path, sessions: int) -> dict[str, list[str]]:
    """Write the recordings, and return the command lines without their folder for results."""
    cultures = [
        culture(seed, sessions=sessions, name=f"c{seed}") for seed in range(2, 2 + CULTURES)
    ]
    write_matlab(folder / "six.mat", cultures)
    write_matlab(folder / "one.mat", cultures[:1])
    six, one = str(folder / "six.mat"), str(folder / "one.mat")
    return {
        "validate": ["validate", six],
        "analyze": ["analyze", six],
        "forecast": ["forecast", one],
    }


class Waited(NamedTuple):
    """Seconds from the start of a process to its end: by the clock, and of all processors."""

    clock: float
    processors: float

    def over(self, floor: "Waited") -> "Waited":
        """Return both as multiples of those of another process."""
        return Waited(self.clock / floor.clock, self.processors / floor.processors)


def shortest(every: Iterable[Waited]) -> Waited:
    """Return the fewest seconds of several runs, by the clock and of processors."""
    return Waited(*(min(column) for column in zip(*every, strict=True)))


def processor_seconds() -> float:
    """Return the time of processors of all processes that this one started and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds_of(code: list[str], **settings: str) -> Waited:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JAX_COMPILATION_CACHE", "CANONICA_COMPILATION"))
    }
    command = [sys.executable, *code]
    start, before = time.perf_counter(), processor_seconds()
    done = subprocess.run(  # noqa: S603
        command, env=environment | settings, check=False, capture_output=True, text=True
    )
    waited = Waited(time.perf_counter() - start, processor_seconds() - before)
    if done.returncode > 1:  # 1: usable, with warnings
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return waited


def measured(arguments: list[str], place: Path, repeats: int) -> dict[str, Waited]:
    """Return the shortest time of a command by what was kept before it."""
    found: dict[str, list[Waited]] = {"nothing kept": [], "first run": [], "later runs": []}
    for turn in range(repeats):
        home = place / f"home-{turn}"
        own = {name: str(home) for name in ("XDG_CACHE_HOME", "LOCALAPPDATA")}
        for number, (kept, settings) in enumerate(
            zip(found, (OFF, {}, {}), strict=True)  # a home of its own for every turn
        ):
            code = ["-m", "canonica", *arguments]
            if arguments[0] != "validate":
                code += ["--out", str(place / f"out-{turn}-{number}")]
            found[kept].append(seconds_of(code, **own, **settings))
    return {kept: shortest(every) for kept, every in found.items()}


def main(out: Path | None, only: Sequence[str], repeats: int, *, quick: bool) -> None:
    with TemporaryDirectory() as folder:
        commands = write_inputs(Path(folder), QUICK_SESSIONS if quick else SESSIONS)
        results, floors = {}, []
        for name in only:
            arguments = commands[name]
            place = Path(folder) / name
            place.mkdir()
            floors += [seconds_of(["-c", FLOOR]) for _ in range(repeats)]
            results[name] = measured(arguments, place, repeats)
    floor = shortest(floors)
    table = Table(box=box.MARKDOWN)
    for heading in ("", *next(iter(results.values())), "aim, first", "aim, later"):
        table.add_column(heading, justify="right")
    for name, seconds in results.items():
        cells = [
            f"{one.clock:.1f} s ({one.processors:.1f} s, {one.over(floor).processors:.1f}x)"
            for one in seconds.values()
        ]
        aims = ["" if aim is None else f"{aim:.0f} s" for aim in AIMS[name]]
        table.add_row(name, *cells, *aims)
    console = Console(width=120)
    console.print(table)
    console.print(
        f"Shortest of {repeats}, {cores()} cores; in brackets the time of processors, and how many "
        f"times that of importing alone ({floor.clock:.1f} s, {floor.processors:.1f} s).",
        highlight=False,
        soft_wrap=True,
    )
    if not quick:
        ratios = {
            f"{name}, {kept}, over importing alone": one.over(floor).processors
            for name, seconds in results.items()
            for kept, one in seconds.items()
        }
        remember("waiting", ratios)
    if out is not None:
        found = {"cores": cores(), "repeats": repeats, "floor": floor, "seconds": results}
        out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each; the shortest counts")
    parser.add_argument("--only", nargs="+", choices=AIMS, default=list(AIMS), help="commands")
    parser.add_argument("--out", type=Path, help="JSON file for the numbers")
    arguments = parser.parse_args()
    repeats = 1 if arguments.quick else arguments.repeats
    main(arguments.out, arguments.only, repeats, quick=arguments.quick)
