"""The preamble of a `.pomdp` file: discount, values, and the names of what there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from jaxtyping import Float

from canonica.networks._pomdp_statements import PREAMBLE, RESERVED, Statement, Word, fault

CLOSE = 1e-5  # that probabilities add up to 1 to
MOST = 5_000  # states, actions, observations


@dataclass(frozen=True)
class Preamble:
    """What a file says first.

    Parameters
    ----------
    discount : float
        Of rewards.
    sign : int
        1 where values are rewards, -1 where they are costs.
    names : mapping
        Of states, actions and observations, in their order.
    """

    discount: float
    sign: int
    names: Mapping[str, tuple[str, ...]]

    def size(self, kind: str) -> int:
        """Return how many there are."""
        return len(self.names[kind])

    def place(self, word: Word, kind: str) -> list[int]:
        """Return the numbers that a word stands for: one by name or number, all by ``*``."""
        names = self.names[kind]
        if word.text == "*":
            return list(range(len(names)))
        if word.text in names:
            return [names.index(word.text)]
        if word.text.isdecimal() and int(word.text) < len(names):
            return [int(word.text)]
        known = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")  # noqa: PLR2004
        raise fault(word.line, repr(word.text), f"one of the {len(names)} {kind}: {known}")


def preamble(found: list[Statement]) -> Preamble:
    """Return what the statements of a preamble say."""
    said: dict[str, Statement] = {}
    for one in found:
        if one.keyword.text in said:
            raise fault(one.keyword.line, f"{one.keyword.text} a second time", "it once")
        said[one.keyword.text] = one
    last = max((one.keyword.line for one in found), default=1)
    for keyword in PREAMBLE:
        if keyword not in said:
            raise fault(
                last, f"no {keyword} in the preamble", f"'{keyword}:' before T, O, R and start"
            )
    (values,) = _count(said["values"], 1)
    if values.text not in ("reward", "cost"):
        raise fault(values.line, repr(values.text), "reward or cost")
    (discount,) = numbers(_count(said["discount"], 1), lowest=0.0, highest=1.0)
    kinds = ("states", "actions", "observations")
    sign = 1 if values.text == "reward" else -1
    return Preamble(float(discount), sign, {kind: _names(said[kind]) for kind in kinds})


def _count(one: Statement, count: int) -> tuple[Word, ...]:
    if len(one.values) != count:
        found = f"{len(one.values)} values of {one.keyword.text}"
        raise fault(one.keyword.line, found, f"{count}")
    return one.values


def _names(one: Statement) -> tuple[str, ...]:
    first, kind = one.values[0], one.keyword.text
    if len(one.values) == 1 and first.text.lstrip("+-").replace(".", "").isdecimal():
        if not first.text.isdecimal() or not 1 <= int(first.text) <= MOST:
            raise fault(
                first.line, repr(first.text), f"a whole number of {kind}, from 1 to {MOST:,}"
            )
        return tuple(str(number) for number in range(int(first.text)))
    names: list[str] = []
    for word in one.values:
        if word.text in RESERVED or not (word.text[0].isalpha() or word.text[0] == "_"):
            raise fault(
                word.line, repr(word.text), f"a name of one of the {kind}, that has no meaning"
            )
        if word.text in names:
            raise fault(word.line, f"{word.text!r} a second time", f"different names of {kind}")
        names.append(word.text)
    return tuple(names)


def numbers(
    words: tuple[Word, ...], *, lowest: float = -np.inf, highest: float = np.inf
) -> Float[np.ndarray, " value"]:
    """Return the numbers that words are."""
    found = np.empty(len(words))
    for at, word in enumerate(words):
        try:
            found[at] = float(word.text)
        except ValueError:
            found[at] = np.nan
        if not isfinite(found[at]) or not lowest <= found[at] <= highest:
            within = "" if np.isinf(lowest) else f" from {lowest:g} to {highest:g}"
            raise fault(word.line, repr(word.text), f"a number{within}")
    return found


def start_of(found: list[Statement], known: Preamble) -> Float[np.ndarray, " state"]:
    """Return the probability of each first state; uniform where nothing is said."""
    states = known.size("states")
    if not found:
        return np.full(states, 1 / states)
    if len(found) > 1:
        raise fault(found[1].keyword.line, "start a second time", "it once")
    (one,) = found
    line, words = one.keyword.line, one.values
    if one.keyword.text != "start":
        chosen = np.zeros(states, bool)
        for word in words:
            chosen[known.place(word, "states")] = True
        chosen = chosen if one.keyword.text == "start include" else ~chosen
        if not chosen.any():
            raise fault(line, "no state to start in", "one at least")
        return chosen / chosen.sum()
    if len(words) == 1 and words[0].text == "uniform":
        return np.full(states, 1 / states)
    single = len(words) == 1 and (states > 1 or words[0].text in known.names["states"])
    if single:
        return np.eye(states)[known.place(words[0], "states")].mean(axis=0)
    if len(words) != states:
        raise fault(line, f"{len(words)} probabilities", f"one for each of {states} states")
    start = numbers(words, lowest=0, highest=1)
    if abs(start.sum() - 1) > CLOSE:
        raise fault(line, f"probabilities that add up to {start.sum():g}", "1")
    return start / start.sum()
