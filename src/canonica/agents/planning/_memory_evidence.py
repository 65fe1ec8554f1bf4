"""How much better a world is predicted by remembering more, and what is remembered for it."""

import math
from collections.abc import Sequence

from canonica.agents.planning._followed import Consequence, Followed
from canonica.agents.planning._memories import MEMORIES

CLEAR = 3.0  # nats: evidence of 20 to 1


def evidence_of(
    outcome: Consequence, pairs: Sequence[int], followed: Sequence[Followed], *, kinds: int
) -> list[float]:
    """Return how much better each memory predicts an outcome than its parent, in nats.

    Each predicts by its own counts and one prior count of what less memory predicts; it is held
    against the frequency with less memory, with the weight of as many counts as it has itself. (As
    many as less memory has would predict better where it remembers in vain, and worse in noise.)
    Whether first outcomes are new to less memory is noted in `followed`, which does not yet count
    this one.

    Parameters
    ----------
    outcome : Consequence
        What followed.
    pairs : sequence of int
        The pair of state and action that it followed, by each memory.
    followed : sequence of Followed
        Counts, by each memory.
    kinds : int
        How many different outcomes there were, of any pair.
    """
    predicted: list[float] = []
    evidence: list[float] = []
    for memory, counts, pair in zip(MEMORIES, followed, pairs, strict=True):
        times = counts.times[pair]
        prior = 1 / kinds if memory.parent is None else predicted[memory.parent]
        predicted.append((times * counts.frequency(pair, outcome) + prior) / (times + 1))
        if memory.parent is None:
            evidence.append(0.0)
            continue
        less, same = followed[memory.parent], pairs[memory.parent]
        counts.compare(pair, outcome, less, same)
        control = (times * less.frequency(same, outcome) + prior) / (times + 1)
        evidence.append(math.log(predicted[-1] / control))
    return evidence


def memory_chosen(evidence: Sequence[float]) -> int:
    """Return the memory that the evidence is clear for, all along the way from remembering nothing.

    Parameters
    ----------
    evidence : sequence of float
        For each memory over its parent, in nats.
    """
    total = [0.0] * len(MEMORIES)
    chosen = [0] * len(MEMORIES)  # the best of a memory and its parents
    for number, memory in enumerate(MEMORIES):
        if memory.parent is None:
            continue
        total[number] = total[memory.parent] + evidence[number]
        best = chosen[memory.parent]
        chosen[number] = number if total[number] > total[best] + CLEAR else best
    return max(chosen, key=lambda number: total[number])
