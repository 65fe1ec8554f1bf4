"""Policies: sequences of moves, and prior beliefs about them."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from canonica._checks import checked_array, checked_size
from canonica._errors import CanonicaError, how_many

MOST_POLICIES = 1_000_000  # whose counts, for a hundred states, fill gigabytes
MOST_MOVES = 10 * MOST_POLICIES  # in all sequences together


def sequences(moves: int, length: int) -> Int[np.ndarray, "policy length"]:
    """Return all sequences of `length` out of `moves` moves, the first move varying slowest.

    Parameters
    ----------
    moves, length : int
        How many moves there are, and how many make a sequence.

    Returns
    -------
    (policy, length)
        Numbers of moves, from 0 on.

    Raises
    ------
    CanonicaError
        If there are none, or more than a million sequences.

    Examples
    --------
    >>> sequences(moves=2, length=2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    moves = checked_size("moves", moves, most=MOST_POLICIES)
    length = checked_size("length", length, most=MOST_POLICIES)
    if length * np.log(moves) > np.log(MOST_POLICIES) or length * moves**length > MOST_MOVES:
        raise CanonicaError(
            f"moves, length: found {how_many(moves, 'move')}, {length} long; expected no more than "
            f"{MOST_POLICIES:,} sequences. Choose a shorter length."
        )
    return np.array(list(itertools.product(range(moves), repeat=length)), np.int32)


def first_move_prior(
    policies: Int[np.ndarray, "policy length"],
    probability: Float[np.ndarray, " move"] | Sequence[float],
) -> Float[np.ndarray, "2 policy"]:
    """Return the decision prior E that gives each first move its probability.

    Parameters
    ----------
    policies : (policy, length)
        As `sequences` makes them, or any selection.
    probability : (move,)
        Of each first move, shared evenly by the policies that begin with it.

    Returns
    -------
    (2, policy)
        ``E[1]``, and ``E[0] = 1 - E[1]``.

    Raises
    ------
    CanonicaError
        If probabilities are negative or do not sum to 1, or no policy begins with a move that
        has one.

    References
    ----------
    [CB22] Methods; section 5 of the theory.

    Examples
    --------
    >>> import numpy as np
    >>> first_move_prior(sequences(2, 2), np.array([0.2, 0.8]))[1].tolist()
    [0.1, 0.1, 0.4, 0.4]
    """
    probability = checked_array(
        "probability", probability, dims=["move"], lowest=0, highest=1, advice="Let them sum to 1."
    )
    if not np.isclose(probability.sum(), 1):
        raise CanonicaError(
            f"probability: found {probability.tolist()}; expected numbers that sum to 1."
        )
    policies = checked_array("policies", policies, dims=["policy", "length"], lowest=0)
    if (policies != np.floor(policies)).any() or policies.max() >= MOST_POLICIES:
        raise CanonicaError("policies: found numbers that are no moves; expected 0, 1, 2, ...")
    first = policies[:, 0].astype(np.int64)
    sharing = np.bincount(first, minlength=len(probability))
    if len(sharing) > len(probability) or (probability[sharing == 0] > 0).any():
        raise CanonicaError(
            f"probability: found {len(probability)} for first moves {np.unique(first).tolist()}; "
            "expected one for each move."
        )
    share = (probability / np.maximum(sharing, 1))[first]
    return np.stack([1 - share, share])
