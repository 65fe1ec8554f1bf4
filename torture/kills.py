"""Every command, ended by every signal at random moments: what is left is whole, or nothing."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from torture._command import LONGEST, POLL, Ended, run
from torture._jobs import JOBS, Job, write_inputs
from torture._outcome import Effort, Outcome
from torture._results import Results, half, hidden, results

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
SOON = 2.5  # seconds in which an interrupted command has to be gone: two, on a busy machine
PATIENCE = 30.0
# What an interrupted call can go on with lies in a folder of one of these names.
KEPT = (".canonica-unfinished", ".canonica-study", ".canonica-pieces")
DONE = (".checkpoint", ".nc")
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
            for which in SIGNALS if job.resumable else ():
                folder = inputs / f"{job.name} {which.name}"
                folder.mkdir()
                yield _killed(job, folder, whole, which=which, moment=None)


def _killed(
    job: Job, folder: Path, whole: Whole, *, which: signal.Signals, moment: float | None
) -> Outcome:
    """Send a signal after so many seconds, or as soon as there is something to go on with."""
    when = "when something was kept" if moment is None else f"after {moment:.2f} s"
    case = f"{job.name}, {which.name} {when}"
    command = job.start(folder.parent, folder)
    if moment is None:
        _wait_until(lambda: is_kept(folder))
    else:
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


def is_begun(folder: Path) -> bool:
    """Return whether there is what another call has to be told to go on with."""
    return any(name in path for path in hidden(folder) for name in KEPT)


def is_kept(folder: Path) -> bool:
    """Return whether a part of the work is done, and kept to go on with."""
    return is_begun(folder) and any(path.endswith(DONE) for path in hidden(folder))


def _wait_until(there: Callable[[], bool]) -> None:
    begin = time.monotonic()
    while not there() and time.monotonic() - begin < LONGEST:
        time.sleep(POLL)


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
    resume = job.resumable and is_begun(folder)
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
