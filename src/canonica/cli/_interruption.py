"""An end by a signal: always and soon, with its exit code and a word on what was kept.

Python tells a signal to the main thread, between two of its steps. Compiled code can keep that
thread for long, and what it then raises can be lost on its way through a library. So a thread
watches: where the process has not ended by itself in a moment, the thread ends it.
"""

import atexit
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from canonica._files import remove_unfinished, results_in_place, shown

ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
GRACE = 1.2  # seconds for the process to end by itself
LAST = 0.7  # seconds for the watching thread to say what was kept
IMPORTS = "<frozen importlib."  # where the code of imports is said to lie
SHOW_CURSOR = "\r\x1b[2K\x1b[?25h"  # which a bar of progress had hidden


def nothing() -> str:
    """Return what is said of an interruption where nothing is kept."""
    return "interrupted; nothing was written."


@dataclass
class Interruption:
    """What holds for the whole process.

    Parameters
    ----------
    number : int or None
        Of the signal that came first.
    said : bool
        Whether it has been said what was kept.
    words : callable
        Returns what is to be said.
    """

    number: int | None = None
    said: bool = False
    words: Callable[[], str] = nothing


interruption = Interruption()


def if_interrupted(words: Callable[[], str] = nothing) -> None:
    """Have an interruption say what this function returns; of nothing that was kept, without.

    Results that are in place by then are named instead.
    """
    results_in_place(anew=True)
    interruption.words = words


def last_words() -> str:
    """Return the line that tells of the interruption, which is then not told again."""
    interruption.said = True
    done = ", ".join(map(shown, results_in_place()))
    return f"interrupted; results are complete: {done}." if done else interruption.words()


def interruptible(main: Callable[[], None]) -> None:
    """Run the command line to the end of the process.

    Exits without taking down the threads of libraries, which can crash where they are at work.

    Parameters
    ----------
    main : callable
        The command line. It ends by `SystemExit`.
    """
    _fill_closed_streams()
    ended = threading.Event()
    _watch(ended)
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        if interruption.number is None:
            raise
        code = 128 + interruption.number  # it is what a library made of the interruption
    if interruption.number is not None:
        if not interruption.said:
            _write(last_words() if code else "interrupted when all was done; it is complete.")
        code = 128 + interruption.number
    with suppress(Exception):
        atexit._run_exitfuncs()  # noqa: SLF001  (the interpreter would, but for what follows)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # None where it was closed
            stream.flush()
    ended.set()
    os._exit(code)


def _fill_closed_streams() -> None:
    """Have what is printed to a closed stream go nowhere.

    Otherwise the next file to be opened would take the stream's place.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _watch(ended: threading.Event) -> None:
    """Have signals end the process, but those that whoever started it wants ignored."""
    listening, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)

    sys.unraisablehook = _unless_ending(sys.unraisablehook)

    def wait() -> None:
        number = _ending(listening)
        threading.Thread(target=_at_once, args=(listening,), daemon=True).start()
        if not ended.wait(GRACE):
            _force(number)
        told.close()

    threading.Thread(target=wait, daemon=True).start()


def _unless_ending(show: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return `show`, but for what a signal raised where nothing can be raised, as in a destructor.

    There it is lost, and the watching thread ends the process: nobody has to read of it.
    """

    def shown(lost: Any) -> None:
        if not isinstance(lost.exc_value, KeyboardInterrupt | SystemExit):
            show(lost)

    return shown


def _raise(number: int, frame: FrameType | None) -> None:
    """End the main thread from wherever it is, cleaning up on the way out."""
    first = interruption.number is None
    interruption.number = interruption.number or number
    if not first or _imports(frame):
        return  # it is on its way out already, or the watching thread is to end it
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _imports(frame: FrameType | None) -> bool:
    """Return whether a module is being imported.

    What is raised there can be lost: compiled modules that call Python abort the process (those
    that nanobind makes, JAX's among them, with code 134), others take it for an error of theirs.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTS):
            return True
        frame = frame.f_back
    return False


def _ending(listening: socket.socket) -> int:
    """Wait for a signal that ends the process, and return its number."""
    while True:
        for number in listening.recv(16):
            if number in ENDING and signal.getsignal(number) is not signal.SIG_IGN:
                return number


def _at_once(listening: socket.socket) -> None:
    """End without a moment more where a second signal comes."""
    _force(_ending(listening))


def _force(number: int) -> None:
    timer = threading.Timer(LAST, os._exit, [128 + number])
    timer.daemon = True
    timer.start()
    with suppress(Exception):
        remove_unfinished()
        if not interruption.said:
            _write(last_words())
    os._exit(128 + number)


def _write(words: str) -> None:
    """Write an error message without the console, whose lock somebody may hold."""
    before = SHOW_CURSOR if sys.stderr.isatty() else ""
    with suppress(OSError):
        os.write(2, f"{before}error: {words}\n".encode())
