"""Commands ended before each step in which files move or go: the next call finds its way.

A process that is killed leaves the files as they are at that moment. So one run, which copies its
folder before each of these steps, gives what all kills would leave. Signals that a program hears of
are sent in earnest.
"""

import random
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from torture._command import run
from torture._jobs import JOBS, OTHER, Job, write_inputs
from torture._outcome import Effort, Outcome
from torture._results import half, hidden, results, state
from torture.kills import how_it_ended, recovered

# Has a function called before each step inside the working folder, with the number of the step.
STEPS = """
import os, sys
steps = {"os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}
place, number = os.getcwd(), 0

def before(event, arguments):
    global number
    if event not in steps or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return
    if os.path.abspath(os.fsdecode(arguments[0])).startswith(place + os.sep):
        number += 1
        do(number)

"""
COPIED = f"""{STEPS}
import shutil
copies = sys.argv.pop(1)

def do(number):
    shutil.copytree(place, copies + str(number))

sys.addaudithook(before)
"""
SIGNALLED = f"""{STEPS}
step, which = int(sys.argv.pop(1)), int(sys.argv.pop(1))

def do(number):
    if number == step:
        os.kill(os.getpid(), which)

sys.addaudithook(before)
"""
HEARD = (signal.SIGINT, signal.SIGTERM)
FEW = 1  # steps of each command after which another call is made, for each round


def renames(effort: Effort) -> Iterator[Outcome]:
    """End every command before each of its steps, where earlier results are to be replaced."""
    draw = random.Random(effort.seed)  # noqa: S311
    few, heard = FEW * effort.rounds, HEARD[:1] if effort.short else HEARD
    for job in JOBS[1:2] if effort.short else JOBS:
        with TemporaryDirectory() as place:
            copies = yield from _killed(job, Path(place), few, draw)
            for which in heard:
                yield _signalled(job, Path(place), which, draw.randint(1, max(copies, 1)))


def _killed(job: Job, place: Path, few: int, draw: random.Random) -> Generator[Outcome, None, int]:
    """Yield what came of every kill, and of so many calls after it; return the number of kills.

    Calls are made after kills that leave results torn, some of them old and some new, and others.
    """
    write_inputs(place)
    earlier, copies = place / "earlier", place / "step "
    earlier.mkdir()
    run(job.arguments(place, variant=OTHER), folder=earlier)
    old = results(earlier)
    whole = place / "whole"
    if job.again or not old:
        shutil.copytree(earlier, whole)
    else:
        whole.mkdir()
    end = run([str(copies), *job.arguments(place, job.again)], folder=whole, before=COPIED)
    if end.code not in (0, 1):
        yield Outcome(job.name, end.trouble or "wrong exit code", end.last_words)
        return 0
    new = results(whole)
    kinds = {state(copy): copy for copy in sorted(place.glob(f"{copies.name}*"), key=_number)}
    torn = [copy for copy in kinds.values() if results(copy) not in (old, new)]
    others = [copy for copy in kinds.values() if copy not in torn]
    tried = [draw.choice(some) for some in (torn, others) if some for _ in range(few)]
    for copy in kinds.values():
        case = f"{job.name}, SIGKILL before {copy.name}"
        wrong = half(results(copy), old, new)
        if wrong:
            yield Outcome(case, "half a result", wrong)
        elif copy in tried:
            yield recovered(case, job, copy, new)
        else:
            yield Outcome(case, "whole")
    return len(kinds)


def _signalled(job: Job, place: Path, which: signal.Signals, step: int) -> Outcome:
    """Return what came of a signal at a step, after `_killed` has made what there should be."""
    case = f"{job.name}, {which.name} before step {step}"
    earlier, folder = place / "earlier", place / f"{which.name} {step}"
    if job.again:
        shutil.copytree(earlier, folder)
    else:
        folder.mkdir()
    numbers = [str(step), str(int(which))]
    end = run([*numbers, *job.arguments(place, job.again)], folder=folder, before=SIGNALLED)
    # It was not waited for since the signal, but from the start: how soon it ends, kills tell.
    wrong = how_it_ended(end, which)
    if wrong and wrong != "late":
        return Outcome(case, wrong, end.last_words)
    old, new, found = results(earlier), results(place / "whole"), results(folder)
    wrong = half(found, old, new)
    if wrong:
        return Outcome(case, "half a result", wrong)
    torn = found not in (old, new, {})
    if torn and "--figure" not in job.words:  # a recording and its figure are two files
        return Outcome(case, "half a result", ", ".join(found))
    return recovered(case, job, folder, new) if torn or hidden(folder) else Outcome(case, "whole")


def _number(copy: Path) -> int:
    return int(copy.name.split()[-1])
