"""What an agent may remember of an episode beside what it sees now."""

from collections.abc import Callable
from typing import NamedTuple

NOT_THERE = -1  # in place of an observation or action, near the beginning of an episode


class PastStep(NamedTuple):
    """An observation and what was done then, each by its number."""

    seen: int = NOT_THERE
    action: int = NOT_THERE


class History(NamedTuple):
    """What was seen and done in an episode, as far as it may be remembered.

    Attributes
    ----------
    first : int
        The first observation.
    last, before_last : PastStep
        Before the present observation.
    others : (int, int)
        What was seen before it, while that was another, and what before that, the last first.
    """

    first: int
    last: PastStep = PastStep()
    before_last: PastStep = PastStep()
    others: tuple[int, int] = (NOT_THERE, NOT_THERE)

    def after(self, seen: int, action: int, following: int) -> "History":
        """Return the history one step later, when the observation `following` is present."""
        others = self.others if following == seen else (seen, self.others[0])
        return History(self.first, PastStep(seen, action), self.last, others)


class MemoryRule(NamedTuple):
    """One thing to remember, on top of what the memory before it does.

    Attributes
    ----------
    name : str
        What is remembered.
    parent : int or None
        The memory that remembers less, by its place in the list.
    of : function of History
        What is kept of a history: always as many numbers.
    """

    name: str
    parent: int | None
    of: Callable[[History], tuple[int, ...]]


# Parents come before their children. A trace looks back from the present; a latch holds what an
# episode began with.
MEMORIES = (
    MemoryRule("nothing", None, lambda _: ()),
    MemoryRule("the last step", 0, lambda history: history.last),
    MemoryRule("the last two steps", 1, lambda history: (*history.last, *history.before_last)),
    MemoryRule("the first observation", 0, lambda history: (history.first,)),
    MemoryRule(
        "the first observation and the last step",
        3,
        lambda history: (history.first, *history.last),
    ),
    MemoryRule(
        "the first observation and the last two steps",
        4,
        lambda history: (history.first, *history.last, *history.before_last),
    ),
    MemoryRule("the last two other observations", 0, lambda history: history.others),
)


def lineage(number: int) -> list[int]:
    """Return the places of a memory and of all that remember less, the least first."""
    parent = MEMORIES[number].parent
    return [number] if parent is None else [*lineage(parent), number]
