"""Every command, ended by every signal at random moments: what is left is whole, or nothing."""

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from torture._command import Ended, run
from torture._jobs import JOBS, Job, write_inputs
from torture._outcome import Effort, Outcome
from torture._results import Results, half, hidden, results

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
KEPT = (".canonica-unfinished", ".canonica-study")  # by commands that can be gone on with
SOON = 2.5  # seconds in which an interrupted command has to be gone: two, on a busy machine
PATIENCE = 30.0
LATER = 1.02  # of the time that a command takes: some signals come when all is done


@dataclass(frozen=True)
class Whole:
    """What a job makes when nobody interrupts it.

    Parameters
    ----------
    results : dict
        Its files.
    seconds : float
        What it takes.
    starting : float
        What any command takes to start. Before that, the interpreter itself is starting, and no
        program has a say in how it ends.
    """

    results: Results
    seconds: float
    starting: float


def kills(effort: Effort) -> Iterator[Outcome]:
    """Interrupt every command with every signal, `rounds` times each."""
    moments = random.Random(effort.seed)  # noqa: S311
    with TemporaryDirectory() as place:
        inputs = Path(place)
        write_inputs(inputs)
        starting = run(["--version"]).seconds
        for job in JOBS[:1] if effort.short else JOBS:
            folder = inputs / job.name
            folder.mkdir()
            end = run(job.arguments(inputs), folder=folder)
            if end.code not in (0, 1):
                yield Outcome(job.name, end.trouble or "wrong exit code", end.last_words)
                continue
            whole = Whole(results(folder), end.seconds, starting)
            for number in range(effort.rounds * len(SIGNALS)):
                moment = moments.uniform(starting, max(end.seconds * LATER, starting))
                folder = inputs / f"{job.name} {number}"
                folder.mkdir()
                which = SIGNALS[number % len(SIGNALS)]
                yield _killed(job, folder, whole, which=which, moment=moment)


def _killed(
    job: Job, folder: Path, whole: Whole, *, which: signal.Signals, moment: float
) -> Outcome:
    inputs = folder.parent
    case = f"{job.name}, {which.name} after {moment:.2f} s"
    command = job.start(inputs, folder)
    time.sleep(moment)
    command.signal(which)
    end = command.ended(PATIENCE)
    wrong = how_it_ended(end, which)
    if wrong:
        return Outcome(case, wrong, end.last_words)
    wrong = half(results(folder), whole.results)
    if wrong:
        return Outcome(case, "half a result", wrong)
    if any(folder.iterdir()):
        return recovered(case, job, folder, whole.results)
    return Outcome(case, "nothing left")


def how_it_ended(end: Ended, which: signal.Signals) -> str | None:
    """Return what is wrong with the end of a command that was sent a signal; None if nothing is."""
    if end.trouble:
        return end.trouble
    if which is not signal.SIGKILL and end.seconds > SOON:
        return "late"
    code = -which if which is signal.SIGKILL else 128 + which
    return None if end.code in (code, 0, 1) else "wrong exit code"


def recovered(case: str, job: Job, folder: Path, whole: Results) -> Outcome:
    """Return whether the next call makes of what is left what there would have been."""
    resume = job.resumable and any(name in " ".join(hidden(folder)) for name in KEPT)
    more = ("--resume" if resume else "", job.again if results(folder) or not resume else "")
    end = job.start(folder.parent, folder, *more).ended()
    if end.trouble:
        return Outcome(case, end.trouble, end.last_words)
    if end.code not in (0, 1):
        return Outcome(case, "stuck folder", end.last_words)
    if results(folder) != whole:
        differing = {name for name, _ in results(folder).items() ^ whole.items()}
        return Outcome(case, "differs", f"after another call: {', '.join(sorted(differing))}")
    if hidden(folder):
        return Outcome(case, "leftover", f"after another call: {', '.join(hidden(folder))}")
    return Outcome(case, "resumed" if resume else "done again")
