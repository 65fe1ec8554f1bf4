"""How much better a world is predicted by remembering more, and what is remembered for it."""

import math
from collections.abc import Sequence
from operator import add
from typing import NamedTuple

from canonica.agents.planning._followed import Consequence, Followed, Met
from canonica.agents.planning._memories import MEMORIES

PARENTS = tuple(memory.parent for memory in MEMORIES)
CLEAR = 3.0  # nats: evidence of 20 to 1


class MemoryEvidence(NamedTuple):
    """How much better each memory has predicted than its parent, in nats.

    Attributes
    ----------
    outcomes : list of float
        Of what was seen and what reward came, together.
    rewards : list of float
        Of what reward came, whatever was seen.
    """

    outcomes: list[float]
    rewards: list[float]

    @classmethod
    def none(cls) -> "MemoryEvidence":
        """Return that of an agent which has seen nothing."""
        return cls([0.0] * len(MEMORIES), [0.0] * len(MEMORIES))

    def with_more(self, more: "MemoryEvidence") -> "MemoryEvidence":
        """Return the sums after another outcome."""
        return MemoryEvidence(
            list(map(add, self.outcomes, more.outcomes)), list(map(add, self.rewards, more.rewards))
        )


def evidence_of(
    outcome: Consequence,
    pairs: Sequence[int],
    followed: Sequence[Followed],
    *,
    kinds: int,
    grades: int,
) -> MemoryEvidence:
    """Return how much better each memory predicts an outcome than its parent, in nats.

    Once as a whole, and once its reward alone. Each predicts by its own counts and one prior count
    of what less memory predicts; it is held against the frequency with less memory, with the
    weight of as many counts as it has itself. (As many as less memory has would predict better
    where it remembers in vain, and worse in noise.) Whether first outcomes are new to less memory
    is noted in `followed`, which does not yet count this one.

    Parameters
    ----------
    outcome : Consequence
        What followed.
    pairs : sequence of int
        The pair of state and action that it followed, by each memory.
    followed : sequence of Followed
        Counts, by each memory.
    kinds, grades : int
        How many different outcomes and rewards there were, of any pair.
    """
    met: list[Met] = []
    for parent, counts, pair in zip(PARENTS, followed, pairs, strict=True):
        met.append(counts.met(pair, outcome))
        if parent is not None and not met[-1].times:
            counts.compare(pair, outcome, followed[parent], pairs[parent])
    times, whole, reward = zip(*met, strict=True)
    return MemoryEvidence(_over_parents(times, whole, kinds), _over_parents(times, reward, grades))


def _over_parents(times: Sequence[int], frequency: Sequence[float], kinds: int) -> list[float]:
    predicted: list[float] = []
    evidence: list[float] = []
    for parent, n, own in zip(PARENTS, times, frequency, strict=True):
        prior = 1 / kinds if parent is None else predicted[parent]
        predicted.append((n * own + prior) / (n + 1))
        if parent is None or own == frequency[parent] or not n:
            evidence.append(0.0)  # both say the same
            continue
        control = (n * frequency[parent] + prior) / (n + 1)
        evidence.append(math.log(predicted[-1] / control))
    return evidence


def memory_chosen(evidence: MemoryEvidence) -> int:
    """Return what to remember.

    Of the memories that predict rewards as well as the best, all but what is not clear, it is the
    one that predicts whole outcomes best, as far as the evidence for that is clear all along the
    way from remembering less. What tells rewards comes first: a memory that foretells what matters
    for nothing is no reason to forget what does.

    Parameters
    ----------
    evidence : MemoryEvidence
        For each memory over its parent, in nats.
    """
    reward = _totals(evidence.rewards)
    total = _totals(evidence.outcomes)
    good = [one >= max(reward) - CLEAR for one in reward]
    chosen: list[int | None] = []  # the best of a memory and its parents
    for number, memory in enumerate(MEMORIES):
        best = None if memory.parent is None else chosen[memory.parent]
        better = best is None or total[number] > total[best] + CLEAR
        chosen.append(number if good[number] and better else best)
    return max((one for one in chosen if one is not None), key=lambda number: total[number])


def _totals(evidence: Sequence[float]) -> list[float]:
    """Return the evidence of each memory over remembering nothing."""
    total: list[float] = []
    for memory, own in zip(MEMORIES, evidence, strict=True):
        total.append(0.0 if memory.parent is None else total[memory.parent] + own)
    return total
