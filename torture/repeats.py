"""The same command twice: the same bytes, but for what is declared to differ."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from torture._command import run
from torture._jobs import JOBS, Job, write_inputs
from torture._outcome import Effort, Outcome
from torture._results import results

FEW = 2  # jobs, for a short try


def repeats(effort: Effort) -> Iterator[Outcome]:
    """Run every command twice, with other hashes of text; yield whether each file is the same."""
    for job in JOBS[:FEW] if effort.short else JOBS:
        with TemporaryDirectory() as place:
            yield from _compared(job, Path(place))


def _compared(job: Job, place: Path) -> Iterator[Outcome]:
    write_inputs(place)
    found = []
    for number in (1, 2):
        folder = place / f"run-{number}"
        folder.mkdir()
        end = run(job.arguments(place), folder=folder, environment={"PYTHONHASHSEED": str(number)})
        if end.code not in (0, 1):
            yield Outcome(job.name, end.trouble or "wrong exit code", end.last_words)
            return
        found.append(results(folder))
    for name in sorted({name for one in found for name in one}):
        same = found[0].get(name) == found[1].get(name)
        yield Outcome(f"{job.name}: {name}", "the same" if same else "differs")
