"""How labels could as well have been distributed over units: all ways, or many at random."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

MOST_EXACT = 2**15  # arrangements, up to which every one is tried
DRAWN = 2**14 - 1  # at random, of more
AT_A_TIME = 2**20  # labels that are looked at together: bounds memory, however many units there are


class Arrangements(NamedTuple):
    """Ways to distribute the labels of units, within strata.

    Attributes
    ----------
    codes : (arrangement, unit)
        The label that each unit has, as a number from 0, in as few bytes as hold it. The first
        arrangement is as it was.
    exact : bool
        Whether these are all that there are, each once; else they are drawn at random.
    """

    codes: Int[np.ndarray, "arrangement unit"]
    exact: bool

    def each(self, statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return a statistic of every arrangement, found for some of them at a time."""
        pieces = _pieces(*self.codes.shape)
        return np.concatenate([statistic(self.codes[piece]) for piece in pieces])


def arrangements(codes: Sequence[int], strata: Sequence[int], *, seed: int = 0) -> Arrangements:
    """Return how labels could as well have been distributed over units of the same stratum.

    Parameters
    ----------
    codes : (unit,)
        The label of each unit, as a number from 0.
    strata : (unit,)
        The stratum of each unit, as a number: labels change places within strata only.
    seed : int
        Decides what is drawn, where there are more than 32,768.

    Returns
    -------
    Arrangements

    Examples
    --------
    >>> arrangements([0, 1, 1], [0, 0, 0]).codes.tolist()
    [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    return _arrangements(tuple(map(int, codes)), tuple(map(int, strata)), seed)


def number_of_arrangements(codes: Sequence[int], strata: Sequence[int]) -> int:
    """Return in how many ways the codes can be arranged within strata.

    Examples
    --------
    >>> number_of_arrangements([0, 0, 0, 1, 1, 1], [0] * 6)
    20
    """
    return math.prod(_multinomial(own) for own in _by_stratum(codes, strata).values())


@lru_cache(maxsize=32)  # every quantity of a comparison has the same
def _arrangements(codes: tuple[int, ...], strata: tuple[int, ...], seed: int) -> Arrangements:
    observed = np.array(codes, np.min_scalar_type(-1 - max(codes)))
    if number_of_arrangements(codes, strata) > MOST_EXACT:
        return Arrangements(_drawn(observed, np.array(strata), seed), exact=False)
    found = observed[None]
    for stratum, own in _by_stratum(codes, strata).items():
        ways = _every_way(own)
        found = np.repeat(found, len(ways), axis=0)
        found[:, np.array(strata) == stratum] = np.tile(ways, (len(found) // len(ways), 1))
    as_it_was = np.flatnonzero((found == observed).all(axis=1))[0]
    found[[0, as_it_was]] = found[[as_it_was, 0]]
    return Arrangements(found, exact=True)


def _by_stratum(codes: Sequence[int], strata: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for code, stratum in zip(codes, strata, strict=True):
        found.setdefault(stratum, []).append(code)
    return found


def _multinomial(codes: Sequence[int]) -> int:
    counts = Counter(codes).values()
    return math.factorial(len(codes)) // math.prod(map(math.factorial, counts))


def _every_way(codes: Sequence[int]) -> Int[np.ndarray, "way unit"]:
    """Return every distinct order of the codes."""
    first, *rest = sorted(set(codes))
    if not rest:
        return np.array([codes])
    others = _every_way([code for code in codes if code != first])
    places = np.array(list(combinations(range(len(codes)), len(codes) - others.shape[1])))
    free = np.ones((len(places), len(codes)), bool)
    np.put_along_axis(free, places, values=False, axis=1)
    ways = np.full((len(places), len(others), len(codes)), first)
    columns = np.nonzero(free)[1].reshape(len(places), 1, -1)
    np.put_along_axis(ways, np.broadcast_to(columns, (len(places), *others.shape)), others, axis=2)
    return ways.reshape(-1, len(codes))


def _drawn(
    codes: Int[np.ndarray, " unit"], strata: Int[np.ndarray, " unit"], seed: int
) -> Int[np.ndarray, "arrangement unit"]:
    """Return what was, and arrangements drawn at random."""
    generator = np.random.default_rng(seed)
    # Units in random order, but stratum by stratum, take the labels in their own order.
    by_stratum = np.argsort(strata, kind="stable")
    found = np.empty((1 + DRAWN, len(codes)), codes.dtype)
    found[0] = codes
    for piece in _pieces(DRAWN, len(codes)):
        drawn = found[1:][piece]
        within = np.broadcast_to(strata, drawn.shape)
        shuffled = np.lexsort((generator.random(drawn.shape), within))
        np.put_along_axis(drawn, shuffled, np.broadcast_to(codes[by_stratum], drawn.shape), axis=1)
    return found


def _pieces(rows: int, units: int) -> Iterator[slice]:
    """Yield rows, some at a time."""
    step = max(1, AT_A_TIME // max(1, units))
    return (slice(start, start + step) for start in range(0, rows, step))
