"""Reading in a process of its own, so that a damaged file can neither crash nor hang this one.

Libraries for HDF5, MATLAB and Parquet end the whole process, or never return, where a file is
damaged in certain places. So files are read by another process, which has a limit of time and of
memory; if it dies, the file has one clear error, and the next file gets a new process.

One process reads many files, one after the other; as many are kept as are in use at once. They load
neither JAX nor anything else that reading does not need, and end when this process does.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canonica._errors import RecordingError
from canonica._files import shown
from canonica.recordings.isolation._file_progress import FileProgress, Paced, progress_told_to
from canonica.recordings.isolation._worker import NEXT, READY, STOP, Answer, Request, receive, send

OFF = "CANONICA_READ_IN_PROCESS"  # environment variable: read in this process, as for debugging
SECONDS = 120.0  # that a small file may take to its first, or next, recording
PER_MIB = 1.0  # seconds more for each MiB of the file, as from a slow disk
MEMORY = 4 << 30  # bytes that a small file may take
PER_BYTE = 16  # times its size, that a large file may take
IDLE = 4  # processes that are kept for the next file
OTHERS = ("PYTEST", "JAX_", "XLA_", "TF_", "TPU_")  # variables of what is not loaded to read
GRACE = 5.0  # seconds after which a process is killed that should have ended itself
START = (
    "import sys; sys.path[:] = {path!r}; "
    "from canonica.recordings.isolation._worker import main; main()"
)


@dataclass(frozen=True)
class Limits:
    """What reading a file may take.

    Parameters
    ----------
    seconds : float
        Until its first, or next, recording, or word of how much has been read.
    memory : int
        Bytes, beside what the process has at the start. Linux only.
    """

    seconds: float = SECONDS
    memory: int = MEMORY

    @classmethod
    def of(cls, path: Path) -> "Limits":
        """Return limits that a sound file of this size keeps."""
        try:
            inside = path.rglob("*") if path.is_dir() else (path,)  # Zarr keeps files in folders
            size = sum(file.stat().st_size for file in inside)
        except OSError:
            size = 0
        return cls(SECONDS + PER_MIB * size / (1 << 20), max(MEMORY, PER_BYTE * size))


def isolated(
    function: Callable[..., Iterator[Any]],
    path: Path,
    *arguments: Any,
    limits: Limits | None = None,
    progress: Callable[[FileProgress], object] | None = None,
) -> Generator[Any, None, None]:
    """Yield what a function yields of a file, in a process of its own.

    Parameters
    ----------
    function : callable
        Of (path, *arguments), at the top of a module.
    path : path
        The file.
    *arguments
        What can be pickled.
    limits : Limits, optional
        By default, what a sound file of this size keeps.
    progress : callable, optional
        Told now and then how much has been read, by functions that tell, if it takes long.

    Raises
    ------
    RecordingError
        As the function raises it; or if its process died, or took too long.
    """
    limits = limits or Limits.of(path)
    request = _request(function, path, arguments, limits)
    worker = None if os.environ.get(OFF) else _POOL.take(request)
    if worker is None:  # no process can be started here: better so than not at all
        yield from _in_this_process(function(path, *arguments), path, progress)
        return
    kept = False  # whether the process can read another file
    try:
        worker.ask(request)
        answer = worker.answer(path, limits, progress)
        while answer.kind == "item":
            try:
                yield answer.value
            except GeneratorExit:  # nobody wants more of this file
                worker.send(STOP)
                kept = True
                raise
            worker.send(NEXT)
            answer = worker.answer(path, limits, progress)
        kept = not isinstance(answer.value, MemoryError)
        if answer.kind == "error":
            raise _as_ours(answer.value, path)
    finally:
        _POOL.give_back(worker) if kept else worker.kill()


def _in_this_process(
    items: Iterator[Any], path: Path, progress: Callable[[FileProgress], object] | None
) -> Iterator[Any]:
    def heard(*told: Any) -> None:
        if progress is not None:
            progress(FileProgress(path, *told))

    while True:
        with progress_told_to(Paced(heard)):  # but not of what is done with an item
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


def begin_reading() -> None:
    """Start a process that will read files, and loads what it needs for that at the same time."""
    if not os.environ.get(OFF):
        _POOL.start_one()


def ask_ahead(function: Callable[..., Iterator[Any]], path: Path, *arguments: Any) -> None:
    """Have a process that waits for a file read the one that `isolated` will be called for.

    It does so while this process does something else, such as loading what comes after. What it
    reads is not held here. If another file, or the same with other arguments, is then asked for,
    another process reads that.

    Parameters
    ----------
    function, path, *arguments
        As `isolated` will be called.
    """
    _POOL.ask_one(_request(function, path, arguments, Limits.of(path)))


def forget_ahead() -> None:
    """End a process that reads what `ask_ahead` asked for, if nobody came for it."""
    _POOL.forget_ahead()


def _request(
    function: Callable[..., Iterator[Any]], path: Path, arguments: tuple[Any, ...], limits: Limits
) -> Request:
    return Request(function, path, arguments, _folder(), limits.seconds, limits.memory)


def end_reading() -> None:
    """End the processes that wait for a file, each of 0.2 GB: what follows may need the memory."""
    _POOL.close()


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return None


def _as_ours(error: Exception, path: Path) -> Exception:
    if not isinstance(error, MemoryError):
        return error
    return RecordingError(
        shown(path),
        None,
        found="a file that asks for more memory than there is, or than it should need",
        expected="recordings that fit",
        advice="It is damaged, or has to be split.",
    )


class _Worker:
    """A process of its own that reads one file after the other."""

    def __init__(self) -> None:
        self._settings = _settings()
        code = START.format(path=self._settings[1])
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # an interrupt from the keyboard is for us: we end it
        )
        self._requests: Any = self._process.stdin
        self._answers: Any = self._process.stdout
        self._ready = False
        self._ahead: tuple[Request, object] | None = None  # what it reads, and how the file was

    @property
    def reads_ahead(self) -> bool:
        """Whether it reads, or has read, what nobody has asked for yet."""
        return self._ahead is not None

    def is_for(self, request: Request) -> bool:
        """Whether it has nothing else to do than this request, of the file as it is now."""
        return self._ahead is None or self._ahead == (request, _state_of(request.path))

    def ask(self, request: Request) -> None:
        """Ask for a file, unless that was done ahead of time."""
        if self._ahead is None:
            self.send(tuple(request))
        self._ahead = None

    def ask_ahead(self, request: Request) -> None:
        """Ask for a file, whose answer will be asked for by `ask`."""
        before = _state_of(request.path)
        self.ask(request)
        self._ahead = request, before

    def has_started(self) -> bool:
        """Wait until it listens; return whether that was possible."""
        with suppress(EOFError):
            self._ready = self._ready or receive(self._answers) == READY
        return self._ready

    @property
    def fits(self) -> bool:
        """Whether it lives, in the surroundings that it was started in."""
        return self._process.poll() is None and self._settings == _settings()

    def send(self, value: object) -> None:
        """Send a request; if it is dead, that will show in its answer."""
        with suppress(OSError):  # a broken pipe, which Windows calls an invalid argument
            send(self._requests, value)

    def answer(
        self, path: Path, limits: Limits, progress: Callable[[FileProgress], object] | None
    ) -> Answer:
        """Return what the process answers, or kill it; pass on how much it has read till then.

        Raises
        ------
        RecordingError
            If it died, or did not answer in time.
        """
        answer = self._heard(path, limits)
        while answer.kind == "progress":
            if progress is not None:
                progress(FileProgress(path, *answer.value))
            answer = self._heard(path, limits)
        for message, category in answer.warned:
            warnings.warn(message, category, stacklevel=4)
        return answer

    def _heard(self, path: Path, limits: Limits) -> Answer:
        """Return the next answer, or word of progress, or kill the process."""
        late = threading.Timer(limits.seconds + GRACE, self._process.kill)
        late.daemon = True
        late.start()
        try:
            return receive(self._answers)
        except EOFError as error:
            code = self._process.wait()
            slow = not late.is_alive() or code == -getattr(signal, "SIGALRM", 0)
            raise _died(path, limits, code, slow=slow) from error
        finally:
            late.cancel()

    def kill(self) -> None:
        """End the process, and close the pipes to it."""
        self._process.kill()
        for stream in (self._requests, self._answers):
            with suppress(OSError):
                stream.close()
        self._process.wait()


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with the content of a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _died(path: Path, limits: Limits, code: int, *, slow: bool) -> RecordingError:
    if slow:
        found = f"a file that could not be read in {limits.seconds:.3g} s"
    elif code < 0:
        found = f"a file that ends the process that reads it (signal {-code})"
    else:
        found = f"a file that ends the process that reads it (exit code {code})"
    return RecordingError(
        shown(path),
        None,
        found=found,
        expected="a complete file",
        advice="It is damaged, or cut short: copy it again and compare its size with the "
        "original's, or export it again.",
    )


def _settings() -> tuple[dict[str, str], list[str]]:
    """Return what a process takes from us when it starts, and what it reads may depend on."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    return variables, list(sys.path)


def _new_worker() -> _Worker | None:
    """Return a process that was just started; None where none can be."""
    try:
        return _Worker() if sys.executable else None
    except OSError:
        return None


class _Pool:
    """Reading processes that wait for their next file."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, as after a fork: what is there belongs to the parent."""
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def take(self, request: Request) -> _Worker | None:
        """Return a process for a request; None where none can be started."""
        while True:
            with self._lock:
                worker = next((one for one in self._idle if one.is_for(request)), None)
                if worker is None:
                    break
                self._idle.remove(worker)
            if worker.fits and worker.has_started():
                return worker
            worker.kill()
        worker = _new_worker()
        if worker is None or worker.has_started():
            return worker
        worker.kill()
        return None

    def start_one(self) -> None:
        """Start a process for the first file, unless there is one, and do not wait for it."""
        with self._lock:
            if not self._idle:
                self._idle += filter(None, [_new_worker()])

    def ask_one(self, request: Request) -> None:
        """Ask a process that waits for a file, if there is one, ahead of time."""
        with self._lock:
            for worker in self._idle:
                if worker.fits and worker.is_for(request):
                    worker.ask_ahead(request)
                    return

    def forget_ahead(self) -> None:
        """End those that read what nobody came for."""
        with self._lock:
            ahead = [one for one in self._idle if one.reads_ahead]
            self._idle = [one for one in self._idle if not one.reads_ahead]
        for worker in ahead:
            worker.kill()

    def give_back(self, worker: _Worker) -> None:
        """Keep a process for the next file, if not enough are kept."""
        with self._lock:
            if len(self._idle) < IDLE:
                self._idle.append(worker)
                return
        worker.kill()

    def close(self) -> None:
        """End every process that is waiting for a file."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()


_POOL = _Pool()
atexit.register(_POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL.forget)
