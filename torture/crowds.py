"""Many processes that write to the same folder at once: one of them wins, and wholly."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from torture._jobs import JOBS, OTHER, Job, write_inputs
from torture._outcome import Effort, Outcome
from torture._results import hidden, results

AT_ONCE = 4


def crowds(effort: Effort) -> Iterator[Outcome]:
    """Start commands of two kinds of results at once; yield whether one of them is there."""
    by_name = {job.name: job for job in JOBS}
    names = ["convert"] if effort.short else ["convert", "analyze", "culture"]
    for name in names:
        for _ in range(effort.rounds):
            with TemporaryDirectory() as place:
                yield _crowd(by_name[name], Path(place))


def _crowd(job: Job, place: Path) -> Outcome:
    write_inputs(place)
    complete = []
    for variant in (1, OTHER):
        alone = place / f"alone-{variant}"
        alone.mkdir()
        job.start(place, alone, variant=variant).ended()
        complete.append(results(alone))
    together = place / "together"
    together.mkdir()
    commands = [
        job.start(place, together, job.again, variant=(1, OTHER)[number % 2])
        for number in range(AT_ONCE)
    ]
    ends = [command.ended() for command in commands]
    case = f"{AT_ONCE} times {job.name} into one place"
    for end in ends:
        if end.trouble or end.code not in (0, 1, 2):
            return Outcome(case, end.trouble or "wrong exit code", end.last_words)
    if all(end.code == 2 for end in ends):  # noqa: PLR2004
        return Outcome(case, "stuck folder", ends[0].last_words)
    if results(together) not in complete:
        return Outcome(case, "half a result", ", ".join(results(together)))
    if hidden(together):
        return Outcome(case, "leftover", ", ".join(hidden(together)))
    return Outcome(case, "whole")
