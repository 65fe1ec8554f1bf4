"""Progress of anything that takes more than a moment, shown on the terminal."""

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

from canonica.cli._app import messages

if TYPE_CHECKING:
    from canonica.pipelines import Progress as Told

PIECES = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)
BYTES = (
    TextColumn("{task.description}"),
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
        words = f"{told.what} {told.item}".rstrip()
        if told.what not in self._tasks:
            self._tasks[told.what] = self._shown.add_task(words, total=told.total)
        self._shown.update(
            self._tasks[told.what], description=words, completed=told.done, total=told.total
        )


@contextmanager
def progress(*, of_bytes: bool = False) -> Iterator[_Bars]:
    """Give what a pipeline tells of its progress; bars on standard error, gone when done."""
    columns = BYTES if of_bytes else PIECES
    with Progress(*columns, console=messages, transient=True) as shown:
        yield _Bars(shown)
