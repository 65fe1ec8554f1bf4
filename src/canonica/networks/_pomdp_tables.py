"""The tables of a `.pomdp` file, later lines over earlier ones."""

import numpy as np
from jaxtyping import Float, Int

from canonica.networks._pomdp_preamble import CLOSE, Preamble, numbers
from canonica.networks._pomdp_statements import Statement, Word, fault

LARGEST_REWARDS = 10**8  # numbers of one action


class Probabilities:
    """Conditional probabilities, (action, state, outcome), and the line that set each row last.

    Parameters
    ----------
    keyword : "T" or "O"
        What sets them.
    known : Preamble
        With the names.
    start : (state,)
        What the word ``reset`` stands for in a row of transitions.
    """

    def __init__(self, keyword: str, known: Preamble, start: Float[np.ndarray, " state"]) -> None:
        self.keyword, self.known, self.start = keyword, known, start
        self.kinds = ("actions", "states", "states" if keyword == "T" else "observations")
        shape = tuple(known.size(kind) for kind in self.kinds)
        self.table: Float[np.ndarray, "action state outcome"] = np.zeros(shape)
        self.lines: Int[np.ndarray, "action state"] = np.zeros(shape[:2], int)

    def set(self, one: Statement) -> None:
        """Set what a statement says: a number, a row or a matrix."""
        at = [self.known.place(*pair) for pair in zip(one.places, self.kinds, strict=False)]
        if not 1 <= len(one.places) <= len(self.kinds):
            found = f"{len(one.places)} places between colons"
            raise fault(one.keyword.line, found, f"{', '.join(self.kinds)}, or fewer from the left")
        shape = self.table.shape[len(at) :]
        values = self._values(one, shape)
        if len(at) < len(self.kinds) - 1:
            at.append(list(range(self.table.shape[1])))
        lines = [word.line for word in one.values] or [one.keyword.line]
        self.lines[np.ix_(*at[:2])] = lines[-1]
        if len(at) == len(self.kinds):
            self.table[np.ix_(*at)] = values
        else:
            self.table[np.ix_(*at)] = np.broadcast_to(values, self.table[np.ix_(*at)].shape)

    def _values(self, one: Statement, shape: tuple[int, ...]) -> np.ndarray:
        word = one.values[0].text if len(one.values) == 1 else ""
        if shape and word == "uniform":
            return np.full(shape, 1 / shape[-1])
        if len(shape) == 2 and word == "identity" and self.keyword == "T":  # noqa: PLR2004
            return np.eye(*shape)
        if shape and word == "reset" and self.keyword == "T":
            return np.broadcast_to(self.start, shape)
        return numbers(_expected(one, shape), lowest=0, highest=1).reshape(shape)

    def checked(self, end: int) -> Float[np.ndarray, "action state outcome"]:
        """Return the table, every row of which has to add up to 1."""
        totals = self.table.sum(axis=2)
        off = np.argwhere(np.abs(totals - 1) > CLOSE)
        if len(off):
            action, state = off[0]
            names = self.known.names
            where = f"{self.keyword} of action {names['actions'][action]}"
            where += f", state {names['states'][state]}"
            line = int(self.lines[action, state])
            if line == 0:
                raise fault(end, f"no {where}", f"a line that sets it ({len(off)} such rows)")
            found = f"probabilities of {where} that add up to {totals[action, state]:g}"
            raise fault(line, found, "1")
        return self.table / totals[..., None]


def _expected(one: Statement, shape: tuple[int, ...]) -> tuple[Word, ...]:
    count = int(np.prod(shape))
    if len(one.values) != count:
        line = one.values[-1].line if one.values else one.keyword.line
        raise fault(
            line, f"{len(one.values)} values", f"{count} numbers, or a word that stands for them"
        )
    return one.values


def expected_reward(
    found: list[Statement],
    known: Preamble,
    transition: Float[np.ndarray, "action state state"],
    observation: Float[np.ndarray, "action state observation"],
) -> Float[np.ndarray, "action state"]:
    """Return the expected reward of each action in each state; 0 where nothing is said."""
    kinds = ("actions", "states", "states", "observations")
    reward = np.zeros(transition.shape[:2])
    deep = [_depth(one, kinds) for one in found]
    for action in range(len(transition)):
        mine = [
            (one, depth)
            for one, depth in zip(found, deep, strict=True)
            if action in known.place(one.places[0], "actions")
        ]
        wide = [max((depth for _, depth in mine), default=0) >= axis for axis in (2, 3)]
        full = (known.size("states"), known.size("states"), known.size("observations"))
        shape = (full[0], *(size if on else 1 for size, on in zip(full[1:], wide, strict=True)))
        if np.prod(shape) > LARGEST_REWARDS:
            line = mine[0][0].keyword.line
            raise fault(line, "rewards of every next state and observation", "fewer states then")
        table = np.zeros(shape)
        for one, _ in mine:
            _set_reward(table, one, known)
        seen = (table * (observation[action][None] if wide[1] else 1.0)).sum(axis=2)
        reward[action] = (seen * transition[action]).sum(axis=1)
    return known.sign * reward


def _depth(one: Statement, kinds: tuple[str, ...]) -> int:
    """Return the last axis of the rewards that a statement tells apart."""
    if not 2 <= len(one.places) <= len(kinds):  # noqa: PLR2004
        found = f"{len(one.places)} places between colons"
        raise fault(one.keyword.line, found, "action, state, and mostly next state and observation")
    if len(one.places) < len(kinds):
        return len(kinds) - 1
    return max(axis for axis in range(len(kinds)) if axis < 2 or one.places[axis].text != "*")  # noqa: PLR2004


def _set_reward(table: np.ndarray, one: Statement, known: Preamble) -> None:
    kinds = ("states", "states", "observations")
    at = [known.place(*pair) for pair in zip(one.places[1:], kinds, strict=False)]
    shape = tuple(known.size(kind) for kind in kinds[len(at) :])
    values = numbers(_expected(one, shape)).reshape(shape)
    at.extend(list(range(known.size(kind))) for kind in kinds[len(at) :])
    at = [rows if size > 1 else [0] for rows, size in zip(at, table.shape, strict=True)]
    table[np.ix_(*at)] = values
