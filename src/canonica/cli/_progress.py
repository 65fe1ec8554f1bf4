"""Progress of anything that takes more than a moment, shown on the terminal."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from canonica._harmless import visible
from canonica.cli._app import messages

if TYPE_CHECKING:
    from canonica.pipelines import Progress as Told

PAUSE = 5.0  # seconds at least between two lines on one kind of work
PIECES = (
    SpinnerColumn(),
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)
BYTES = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    DownloadColumn(),
    TransferSpeedColumn(),
    TimeRemainingColumn(),
)


class _Bars:
    """A bar for each kind of work, from when it is told of, and for a file while it is read."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._tasks: dict[str | Path, TaskID] = {}
        self._within: dict[str | Path, TaskID] = {}

    def __call__(self, told: "Told") -> None:
        words = visible(f"{told.what} {told.item}".rstrip())
        if told.within is not None:
            self._show(self._within, told.within, words, told)
            if told.done == told.total:
                self._shown.remove_task(self._within.pop(told.within))
            return
        while self._within:  # of a file that goes on it comes back, of one that failed not
            self._shown.remove_task(self._within.popitem()[1])
        self._show(self._tasks, told.what, words, told)

    def _show(
        self, tasks: dict[str | Path, TaskID], name: str | Path, words: str, told: "Told"
    ) -> None:
        if name not in tasks:
            tasks[name] = self._shown.add_task(words, total=told.total)
        self._shown.update(tasks[name], description=words, completed=told.done, total=told.total)


class _Lines:
    """A line when a kind of work begins, and then now and then: for files and pipes."""

    def __init__(self) -> None:
        self._what = ""
        self._said = defaultdict[bool, float](lambda: -PAUSE)  # of work, and within its pieces

    def __call__(self, told: "Told") -> None:
        now = time.monotonic()
        within = told.within is not None
        new = not within and told.what != self._what
        if new or now > self._said[within] + PAUSE:
            self._what = self._what if within else told.what
            self._said[within] = now
            messages.print(str(told), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(*, of_bytes: bool = False) -> Iterator[_Bars | _Lines]:
    """Give what a pipeline tells of its progress.

    Bars on standard error, gone when done; plain lines where that is no terminal.
    """
    if not messages.is_terminal:
        yield _Lines()
        return
    columns = BYTES if of_bytes else PIECES
    with Progress(*columns, console=messages, transient=True) as shown:
        yield _Bars(shown)
