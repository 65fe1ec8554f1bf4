"""The same command twice: the same bytes, but for what is declared to differ."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from canonica.recordings import write_matlab
from torture._command import LONGEST, run
from torture._jobs import JOBS, Job, write_inputs
from torture._outcome import Effort, Outcome
from torture._results import results
from torture._sound_files import culture
from torture.kills import KEPT, recovered

FEW = 2  # jobs, for a short try
PUBLISHED = "HEAD/invitro/response_data_ctrl.mat"  # of a file whose content nobody knows beforehand
PIECES = ("checkpoint", "nc")  # suffixes of what is kept of a command that is under way
POLL = 0.02


def repeats(effort: Effort) -> Iterator[Outcome]:
    """Run every command twice, with other hashes of text; yield whether each file is the same.

    A command that keeps what it has is interrupted as well, and goes on.
    """
    jobs = JOBS[:FEW] if effort.short else JOBS
    with TemporaryDirectory() as place:
        inputs = Path(place)
        write_inputs(inputs)
        for job in jobs:
            yield from _compared(job, inputs)
        if not effort.short:
            with _served(inputs) as address:
                words = f"fetch isomura2023 --conditions ctrl --folder out --base-url {address}"
                yield from _compared(Job("fetch", words), inputs)


def _compared(job: Job, inputs: Path) -> Iterator[Outcome]:
    found = []
    for number in (1, 2):
        folder = inputs / job.name / f"run-{number}"
        folder.mkdir(parents=True)
        seed = {"PYTHONHASHSEED": str(number)}
        end = run(job.arguments(inputs), folder=folder, environment=seed)
        if end.code not in (0, 1):
            yield Outcome(job.name, end.trouble or "wrong exit code", end.last_words)
            return
        found.append(results(folder))
    for name in sorted({name for one in found for name in one}):
        same = found[0].get(name) == found[1].get(name)
        yield Outcome(f"{job.name}: {name}", "the same" if same else "differs")
    if job.resumable:
        yield _gone_on_with(job, inputs, found[0])


def _gone_on_with(job: Job, inputs: Path, whole: dict[str, str]) -> Outcome:
    """Interrupt a command as soon as it keeps something, and have it go on."""
    folder = inputs / f"{job.name}-interrupted"
    folder.mkdir()
    command = job.start(inputs, folder)
    begin = time.monotonic()
    while not (_keeps_something(folder) or results(folder)) and time.monotonic() - begin < LONGEST:
        time.sleep(POLL)
    command.signal(signal.SIGTERM)
    command.ended()
    return recovered(f"{job.name}, interrupted", job, folder, whole)


def _keeps_something(folder: Path) -> bool:
    places = [place for name in KEPT for place in folder.glob(f"**/{name}*")]
    return any(list(place.rglob(f"*.{suffix}")) for place in places for suffix in PIECES)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a published file on this machine, and return its address."""
    path = folder / "served" / PUBLISHED
    path.parent.mkdir(parents=True)
    write_matlab(path, [culture(1).recording()])
    handler = partial(_Quiet, directory=folder / "served")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the library's word)
        """Print nothing of requests."""
