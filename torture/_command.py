"""A command, run as a user runs it, and watched: its time, memory and exit code."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What no user should ever see.
RAW = ("Traceback (most recent call last)", "terminate called", "Fatal Python error")
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
LONGEST = 300.0  # seconds that any command here may take
POLL = 0.01
# Shells have commands in the background ignore interrupts, nohup hangups; and we may be one.
HEEDS_INTERRUPTS = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
)
CANONICA = "import runpy; runpy.run_module('canonica', run_name='__main__', alter_sys=True)\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Parameters
    ----------
    code : int or None
        Exit code, negative where a signal ended it; None where it had to be killed.
    text : str
        All that it printed.
    seconds : float
        How long it was waited for.
    peak : int
        Bytes of memory that it, or a process that it started, had at most.
    """

    code: int | None
    text: str
    seconds: float
    peak: int

    @property
    def trouble(self) -> str | None:
        """What is wrong with it, whatever it was asked to do; None if nothing is."""
        if self.code is None:
            return "hang"
        if -self.code in CRASHES or self.code - 128 in CRASHES:
            return "segfault"
        return "traceback" if any(words in self.text for words in RAW) else None

    @property
    def last_words(self) -> str:
        """How it ended, for people."""
        return f"exit {self.code} after {self.seconds:.1f} s: {self.text[-500:].strip()}"


class Command:
    """`canonica` with these arguments, at work.

    Parameters
    ----------
    arguments : sequence of str or path
        What follows `canonica`.
    folder : path, optional
        Where it is run.
    before : str
        Python that the process runs first; it may take arguments from the front of `sys.argv`.
    environment : mapping of str to str, optional
        Variables that are set for it.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        folder: Path | None = None,
        before: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115  (closed when it has been read)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", HEEDS_INTERRUPTS + before + CANONICA, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
            env=os.environ | {"COLUMNS": "200", **(environment or {})},
            cwd=folder,
            start_new_session=True,
        )

    def signal(self, number: int) -> None:
        """Send it a signal; it is there to be sent one until `ended` has been called."""
        os.kill(self._process.pid, number)

    def ended(self, limit: float = LONGEST) -> Ended:
        """Return how it ends; kill it and all it started if it takes longer than `limit`."""
        begin = time.monotonic()
        ended, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        while not ended and time.monotonic() - begin < limit:
            time.sleep(POLL)
            ended, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if not ended:
            os.killpg(self._process.pid, signal.SIGKILL)
            _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._printed.seek(0)
        with self._printed as printed:
            text = printed.read().decode("utf-8", "replace")
        return Ended(
            code=self._process.returncode if ended else None,
            text=text,
            seconds=time.monotonic() - begin,
            peak=usage.ru_maxrss * 1024,
        )


def run(
    arguments: Sequence[str | Path],
    *,
    folder: Path | None = None,
    before: str = "",
    limit: float = LONGEST,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run `canonica` with these arguments and return how that ended."""
    command = Command(arguments, folder=folder, before=before, environment=environment)
    return command.ended(limit)
