"""The process that reads files for another: a damaged file may take it down, and it alone.

It answers requests from its standard input on its standard output. Arrays travel beside the pickled
object as they are in memory, and are copied once on either side.
"""

import os
import pickle
import signal
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

from canonica._errors import CanonicaError
from canonica.recordings.isolation._file_progress import Paced, progress_told_to

NUMBER = struct.Struct("<Q")
NEXT, STOP = "next", "stop"  # what is asked for after the first answer
READY = "ready"  # said once, when it listens


class Request(NamedTuple):
    """The function that the reading process is to call, and its limits.

    Attributes
    ----------
    function : callable
        Of (path, *arguments), at the top of a module; returns an iterator of answers.
    path : path
        The file.
    arguments : tuple
        What else the function takes.
    folder : str
        Working folder that the path is seen from, if there is one.
    seconds : float
        After so many without an answer, or word of its progress, the process ends itself.
    memory : int
        Bytes that may be taken in addition to what the process has.
    """

    function: Callable[..., Iterator[Any]]
    path: Path
    arguments: tuple[Any, ...]
    folder: str | None
    seconds: float
    memory: int


@dataclass(frozen=True)
class Answer:
    """What one request to read came to.

    Parameters
    ----------
    kind : "item", "error", "end" or "progress"
        The next thing that there is, the error raised instead, or that there is nothing more; or,
        before that, how much has been read.
    value : object
        The thing, the error, or how much of what.
    warned : tuple
        Warnings on the way to it, with their categories.
    """

    kind: str
    value: Any = None
    warned: tuple[tuple[str, type[Warning]], ...] = ()


def send(stream: Any, value: object) -> None:
    """Write an object to the other process, its arrays without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    _write(stream, NUMBER.pack(len(views)))
    for part in (memoryview(content), *views):
        _write(stream, NUMBER.pack(part.nbytes))
        _write(stream, part)


def receive(stream: Any) -> Any:
    """Return the next object that the other process sent.

    Raises
    ------
    EOFError
        If the other process is gone.
    """
    number = NUMBER.unpack(_exactly(stream, NUMBER.size))[0]
    content, *buffers = [
        _exactly(stream, NUMBER.unpack(_exactly(stream, NUMBER.size))[0]) for _ in range(number + 1)
    ]
    return pickle.loads(content, buffers=buffers)  # noqa: S301  (of a process that we started)


def _write(stream: Any, content: Any) -> None:
    """Write all of it to a raw stream, which may take less at a time."""
    view, done = memoryview(content), 0
    while done < view.nbytes:
        done += stream.write(view[done:])


def _exactly(stream: Any, size: int) -> bytearray:
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        read = stream.readinto(view[done:])
        if not read:
            raise EOFError
        done += read
    return content


def main() -> None:
    """Answer requests until there is nobody left to ask."""
    requests, answers = _pipes()
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        send(answers, READY)
        with suppress(Exception):  # if there is anything, the first request will tell
            import canonica.recordings._read  # noqa: F401, PLC0415  (while nobody waits for it)
        while True:
            request = receive(requests)
            _serve(Request(*request), requests, answers)
    os._exit(0)  # without taking down the threads of libraries, which can abort at that


def _pipes() -> tuple[FileIO, FileIO]:
    """Take the standard streams for ourselves: what libraries print must not get in between."""
    requests, answers = FileIO(os.dup(0), "rb"), FileIO(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    os.close(nothing)
    return requests, answers


def _serve(request: Request, requests: Any, answers: Any) -> None:
    """Send one answer after the other, as long as they are asked for."""
    if request.folder is not None:
        os.chdir(request.folder)
    with _limited(request.memory):
        items = iter(request.function(request.path, *request.arguments))

        def tell(*progress: Any) -> None:
            _alarm(0)  # whoever hears it may take their time
            send(answers, Answer("progress", progress))
            _alarm(request.seconds)

        while True:
            with progress_told_to(Paced(tell)):
                answer = _answer(items, request)
            try:
                send(answers, answer)
            except MemoryError:
                answer = Answer("error", MemoryError())
                send(answers, answer)
            if answer.kind != "item" or receive(requests) != NEXT:
                return


def _answer(items: Iterator[Any], request: Request) -> Answer:
    _alarm(request.seconds)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = Answer("item", next(items))
        except StopIteration:
            found = Answer("end")
        except (CanonicaError, OSError, MemoryError) as error:
            error.__traceback__ = None
            found = Answer("error", error)
        except Exception as error:  # noqa: BLE001  (a fault of ours: say what it was)
            import traceback  # noqa: PLC0415

            found = Answer("error", RuntimeError("".join(traceback.format_exception(error))))
    _alarm(0)
    ours = [one for one in caught if issubclass(one.category, UserWarning)]  # meant for the user
    return Answer(found.kind, found.value, tuple((str(one.message), one.category) for one in ours))


def _alarm(seconds: float) -> None:
    """Have the system end this process after a time, even in the midst of a library's loop."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


@contextmanager
def _limited(memory: int) -> Iterator[None]:
    """Limit the memory that may be taken in addition, where the system can."""
    try:
        import resource  # noqa: PLC0415  (not on every system)

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = taken + memory if soft == resource.RLIM_INFINITY else min(taken + memory, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
