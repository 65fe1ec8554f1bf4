"""Little memory, full and read-only disks, caches that cannot be written."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from canonica.recordings import write
from torture._command import Ended, run
from torture._outcome import Effort, Outcome
from torture._sound_files import culture

LITTLE_MEMORY = (3, 4, 6)  # GiB of address space, of which JAX alone takes two
SMALLEST_FILES = (2_000, 100_000)  # bytes that no file may grow beyond, as if the disk were full
LIMITED = """
import resource, sys
memory, file_size = int(sys.argv.pop(1)), int(sys.argv.pop(1))
if memory:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
if file_size:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
"""
COMMANDS = ("analyze {sound} --out {out}", "convert {sound} {out}.mat")


def limits(effort: Effort) -> Iterator[Outcome]:
    """Yield what came of each; of a full disk alone if it is to be short."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        write(folder / "culture.nwb", culture(effort.seed))
        yield from _full_disks(folder, short=effort.short)
        if effort.short:
            return
        yield from _little_memory(folder)
        yield _read_only(folder)
        yield _unwritable_cache(folder)


def _full_disks(folder: Path, *, short: bool) -> Iterator[Outcome]:
    for size in SMALLEST_FILES[:1] if short else SMALLEST_FILES:
        for command in COMMANDS[1:] if short else COMMANDS:
            case = f"{command.split()[0]} where no file can grow beyond {size // 1000} kB"
            yield _limited(case, command, folder, file_size=size)


def _little_memory(folder: Path) -> Iterator[Outcome]:
    for gigabytes in LITTLE_MEMORY:
        for command in COMMANDS:
            case = f"{command.split()[0]} with {gigabytes} GiB of address space"
            yield _limited(case, command, folder, memory=gigabytes << 30)


def _limited(
    case: str, command: str, folder: Path, *, memory: int = 0, file_size: int = 0
) -> Outcome:
    with TemporaryDirectory() as place:
        out = Path(place) / "out"
        words = command.format(sound=folder / "culture.nwb", out=out).split()
        end = run([str(memory), str(file_size), *words], before=LIMITED)
        left = list(Path(place).iterdir())
    outcome = _judged(case, end, codes=(0, 1, 2))
    if end.code not in (0, 1) and left and not outcome.bad:
        return Outcome(case, "half a result", str(left))
    return outcome


def _read_only(folder: Path) -> Outcome:
    case = "analyze into a folder that cannot be written"
    if os.geteuid() == 0:
        return Outcome(case, "not tried", "root may write everywhere")
    locked = folder / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    end = run(["analyze", folder / "culture.nwb", "--out", locked / "out"])
    return _judged(case, end, codes=(2,))


def _unwritable_cache(folder: Path) -> Outcome:
    nowhere = "/proc/none"
    environment = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "MPLCONFIGDIR": nowhere}
    end = run(["validate", folder / "culture.nwb"], environment=environment)
    return _judged("validate where no cache can be written", end, codes=(0, 1))


def _judged(case: str, end: Ended, *, codes: tuple[int, ...]) -> Outcome:
    if end.trouble:
        return Outcome(case, end.trouble, end.last_words)
    if "MemoryError" in end.text:
        return Outcome(case, "memory", end.last_words)
    if end.code not in codes:
        return Outcome(case, "wrong exit code", end.last_words)
    return Outcome(case, "refused" if end.code not in (0, 1) else "done")
