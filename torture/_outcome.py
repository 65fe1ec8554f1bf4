"""What came of one attempt to break something."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Bad = Literal[
    "segfault",
    "hang",
    "late",
    "traceback",
    "raw error",
    "argument not named",
    "wrong exit code",
    "half a result",
    "stuck folder",
    "leftover",
    "differs",
    "silent omission",
    "silent NaN",
    "memory",
]
BAD: tuple[Bad, ...] = get_args(Bad)  # what must never come out, whatever is done


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Parameters
    ----------
    seed : int
        Decides everything random.
    minutes : float
        Of fuzzing.
    rounds : int
        How often every command meets every signal, and the scale of all else that is counted.
    short : bool
        Whether all of it has to be done in two minutes: a sample of everything.
    """

    seed: int
    minutes: float
    rounds: int
    short: bool


@dataclass(frozen=True)
class Outcome:
    """One attempt.

    Parameters
    ----------
    case : str
        What was done, so that it can be done again.
    verdict : str
        One of `BAD`, or in a word how it was survived.
    detail : str
        What was seen, where it is bad.
    """

    case: str
    verdict: str
    detail: str = ""

    @property
    def bad(self) -> bool:
        """Whether this must not be."""
        return self.verdict in BAD


def tally(outcomes: Iterable[Outcome]) -> str:
    """Return how often each verdict was met."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
