"""Point-based value iteration, with an upper bound that says how good it is."""

from itertools import product

import numpy as np
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size, refusal
from canonica._errors import how_many
from canonica.networks._joint_pomdp import JointPomdp, joint
from canonica.networks._pomdp import Pomdp
from canonica.networks._solution import Solution
from canonica.networks._upper_bound import upper_bound

SAME = 1e-6  # distance of beliefs, or of values, that are the same
MOST_OUTCOMES = 2_000
MOST_WORK = 2 * 10**9  # multiply-adds of one round over all policies


@checked_arguments
def solve(
    problem: Pomdp, *, beliefs: int = 100, rounds: int = 400, bound: bool = True, seed: int = 0
) -> Solution:
    """Return a point-based solution of a problem, for discounted reward.

    Values are backed up at beliefs that can be reached from the start, chosen far from each other,
    until they change no more. They are what acting so is worth, at least; the upper bound, from
    interpolation between the same beliefs, is what nothing can be worth more than.

    Parameters
    ----------
    problem : Pomdp
        With a discount below 1.
    beliefs : int
        That values are backed up at.
    rounds : int
        Of backups, at most.
    bound : bool
        Whether the upper bound is computed, too.
    seed : int
        Of the exploration of beliefs.

    Returns
    -------
    Solution
        Its policies, their values, and `Solution.gap`, how far from the best it may be.

    Raises
    ------
    CanonicaError
        If the discount is 1, or the problem is too large to be solved so.

    References
    ----------
    Pineau, Gordon & Thrun, *Point-based value iteration*, IJCAI 2003; Hauskrecht, *Value-function
    approximations for partially observable Markov decision processes*, Journal of Artificial
    Intelligence Research 13, 2000, for the upper bound.

    Examples
    --------
    Two doors, behind one of them a prize of 1; opening ends nothing, and nothing is heard:

    >>> import numpy as np
    >>> problem = Pomdp(
    ...     A=[np.ones((1, 2))], B=[np.tile(np.eye(2)[:, :, None], 2)], reward=np.eye(2),
    ...     discount=0.5,
    ... )
    >>> round(solve(problem, beliefs=4).value, 3)  # 1/2 in each step: 1/2 + 1/4 + ...
    1.0
    """
    count = checked_size("beliefs", beliefs, most=10_000)
    generator = np.random.default_rng(checked_seed(seed))
    checked_size("rounds", rounds)
    if problem.discount >= 1:
        raise refusal("problem", "a discount of 1", "one below 1", "Later rewards never end.")
    whole = joint(problem)
    seen = joint_outcomes(whole)
    _check_work(whole, seen, count)
    start = first_beliefs(problem, whole, seen)
    points = reachable(whole, seen, _normalised(start), count, generator)
    values, actions = _iterated(whole, seen, points, problem.discount, rounds)
    found = Solution(values, actions, start, "point-based")
    if not bound:
        return found
    at_points = upper_bound(whole, seen, points, problem.discount)
    upper = float(start.sum(axis=1) @ at_points[: len(start)])
    return Solution(values, actions, start, found.method, max(upper, found.value))


def first_beliefs(
    problem: Pomdp, whole: JointPomdp, seen: Float[np.ndarray, "outcome state"]
) -> Float[np.ndarray, "outcome state"]:
    """Return the probability of each first state together with each first outcome."""
    if not problem.observes_at_start:
        return whole.start[None]
    both = whole.start * seen
    return both[both.sum(axis=1) > 0]


def _normalised(beliefs: np.ndarray) -> np.ndarray:
    return beliefs / beliefs.sum(axis=1, keepdims=True)


def joint_outcomes(problem: JointPomdp) -> Float[np.ndarray, "outcome state"]:
    """Return the likelihood of every combination of outcomes that there can be."""
    sizes = [range(len(one)) for one in problem.likelihoods]
    if np.prod([len(one) for one in sizes]) > MOST_OUTCOMES:
        raise refusal("problem", "too many combinations of outcomes", f"{MOST_OUTCOMES:,} at most")
    each = [
        np.prod([one[o] for one, o in zip(problem.likelihoods, outcome, strict=True)], axis=0)
        for outcome in product(*sizes)
    ]
    return np.array([one for one in each if one.max() > 0])


def _check_work(problem: JointPomdp, seen: np.ndarray, beliefs: int) -> None:
    actions, states = problem.reward.shape
    if actions * len(seen) * states * states * beliefs > MOST_WORK * 10:
        found = f"{how_many(states, 'state')}, {how_many(actions, 'action')}, {len(seen)} outcomes"
        raise refusal(
            "problem", found, "a smaller one", "Plan by expected_free_energy, or fewer beliefs."
        )


def successors(
    problem: JointPomdp, seen: np.ndarray, belief: Float[np.ndarray, "point state"]
) -> tuple[Float[np.ndarray, "point action outcome state"], Float[np.ndarray, "..."]]:
    """Return the belief after every action and outcome, and how probable the outcome is."""
    predicted = np.einsum("bs,ast->bat", belief, problem.transition)
    both = predicted[:, :, None, :] * seen
    probability = both.sum(axis=-1)
    return both / np.maximum(probability, 1e-300)[..., None], probability


def reachable(
    problem: JointPomdp,
    seen: np.ndarray,
    first: Float[np.ndarray, "point state"],
    count: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "point state"]:
    """Return the first beliefs and such as can be reached, those furthest from all so far."""
    points = first
    while len(points) < count:
        some = points if len(points) <= count // 4 else generator.permutation(points)[: count // 4]
        after, probability = successors(problem, seen, some)
        new = after[probability > SAME]
        distance = np.abs(new[:, None] - points[None]).sum(axis=-1).min(axis=1)
        if distance.max() < SAME:
            break
        for _ in range(min(max(len(points), 4), count - len(points))):
            furthest = distance.argmax()
            if distance[furthest] < SAME:
                break
            points = np.vstack([points, new[furthest]])
            apart = np.abs(new - new[furthest]).sum(axis=1)
            distance = np.minimum(distance, apart)
    return points


def _iterated(
    problem: JointPomdp, seen: np.ndarray, points: np.ndarray, discount: float, rounds: int
) -> tuple[Float[np.ndarray, "policy state"], np.ndarray]:
    """Return the policies after as many rounds of backups as change anything."""
    actions, states = problem.reward.shape
    worst = problem.reward.min(axis=1)
    values = np.full((1, states), worst.max() / (1 - discount))
    taken = np.array([worst.argmax()])
    before = (points @ values.T).max(axis=1)
    for _ in range(rounds):
        # What each policy is worth after an action and an outcome, by the state before them.
        later = np.einsum("ast,ot,vt->aovs", problem.transition, seen, values, optimize=True)
        chosen = np.einsum("aovs,bs->baov", later, points, optimize=True).argmax(axis=-1)
        a, o = np.ogrid[:actions, : len(seen)]
        worth = later[a, o, chosen].sum(axis=2) * discount + problem.reward
        best = np.einsum("bas,bs->ba", worth, points).argmax(axis=1)
        values = worth[np.arange(len(points)), best]
        values, first = np.unique(values.round(10), axis=0, return_index=True)
        taken = best[first]
        now = (points @ values.T).max(axis=1)
        if np.abs(now - before).max() < SAME * max(1.0, np.abs(now).max()):
            break
        before = now
    return values, taken
