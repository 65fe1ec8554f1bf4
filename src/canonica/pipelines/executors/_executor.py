"""What an executor is, and the plainest one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from canonica._errors import RecordingError


class Call(NamedTuple):
    """Something to be done, by itself and the same wherever it is done.

    Attributes
    ----------
    key : str
        Its own among all calls.
    make : callable
        Does it. What it returns, or raises, must survive pickling.
    """

    key: str
    make: Callable[[], Any]


class LostCallError(RecordingError):
    """A call that its workers could not finish, through no fault of its input that we know of."""

    def __init__(self, source: str, variable: str | None = None, **parts: str) -> None:
        told = {
            "found": "that every worker died that was given it",
            "expected": "a result",
            "advice": "It may need more memory than a worker has: give workers more, and --resume.",
        }
        super().__init__(source, variable, **told | parts)


class Executor(Protocol):
    """Does calls, here or elsewhere."""

    def __call__(self, calls: Iterable[Call]) -> Iterator[tuple[str, Any]]:
        """Yield the key of each call with what it returned, as it comes, in any order.

        In the place of what a call returns stands a RecordingError that it raised, or a
        LostCallError where workers died over it; any other error is raised. Calls are drawn from
        the iterable as they are needed, so that few are held at a time.
        """
        ...


def in_order(calls: Iterable[Call]) -> Iterator[tuple[str, Any]]:
    """Do each call in this process, one after the other."""
    for key, make in calls:
        try:
            found = make()
        except RecordingError as error:
            found = error
        yield key, found
