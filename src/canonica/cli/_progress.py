"""Progress of anything that takes more than a moment, shown on the terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    """A bar for each kind of work, from when it is first told of."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, told: "Told") -> None:
        words = visible(f"{told.what} {told.item}".rstrip())
        if told.what not in self._tasks:
            self._tasks[told.what] = self._shown.add_task(words, total=told.total)
        self._shown.update(
            self._tasks[told.what], description=words, completed=told.done, total=told.total
        )


class _Lines:
    """A line when a kind of work begins, and then now and then: for files and pipes."""

    def __init__(self) -> None:
        self._what, self._said = "", -PAUSE

    def __call__(self, told: "Told") -> None:
        now = time.monotonic()
        if told.what != self._what or now > self._said + PAUSE:
            self._what, self._said = told.what, now
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
