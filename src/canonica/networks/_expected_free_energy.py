"""Plans for problems that are too large to be solved: expected free energy at a horizon."""

from itertools import product

import numpy as np
from jaxtyping import Float
from scipy.special import xlogy

from canonica._arguments import checked_arguments
from canonica._checks import checked_size, refusal
from canonica.networks._joint_pomdp import JointPomdp, joint
from canonica.networks._pomdp import Pomdp
from canonica.networks._solution import Solution
from canonica.networks._solve import first_beliefs, joint_outcomes

MOST_POLICIES = 4_096


@checked_arguments
def expected_free_energy(problem: Pomdp, *, horizon: int = 3) -> Solution:
    """Return all sequences of actions up to a horizon, with minus their expected free energy.

    Of a sequence of actions this is the reward that it leads to, and how much its observations
    tell of states, both expected. What they tell is the divergence of observations in a state
    from those expected at the start of the problem, so that every state has its share and a
    network can hold it in its synapses; it is thus no less than what they will tell in truth.

    Parameters
    ----------
    problem : Pomdp
        Rewards and preferences count in nats. Later steps count as much as earlier ones.
    horizon : int
        Actions of a sequence; of A actions there are A ** horizon sequences, 4,096 at most.

    Returns
    -------
    Solution
        A policy for every sequence.

    Raises
    ------
    CanonicaError
        If there are too many sequences.

    References
    ----------
    Friston, FitzGerald, Rigoli, Schwartenbeck & Pezzulo, *Active inference: a process theory*,
    Neural Computation 29(1), 2017.

    Examples
    --------
    >>> import numpy as np
    >>> problem = Pomdp(
    ...     A=[np.ones((1, 2))], B=[np.tile(np.eye(2)[:, :, None], 2)], reward=np.eye(2)
    ... )
    >>> expected_free_energy(problem, horizon=2).values.tolist()  # sequences 00, 01, 10, 11
    [[2.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 2.0]]
    """
    length = checked_size("horizon", horizon)
    whole = joint(problem)
    actions, states = whole.reward.shape
    if actions**length > MOST_POLICIES:
        raise refusal(
            "horizon", f"{length}, for {actions} actions", f"{MOST_POLICIES:,} sequences at most"
        )
    one_step = whole.reward + informed(whole)
    later = np.zeros((1, states))
    for _ in range(length):  # from the last action to the first
        after = np.einsum("ast,pt->aps", whole.transition, later)
        later = (one_step[:, None] + after).reshape(-1, states)
    first = np.array([sequence[0] for sequence in product(range(actions), repeat=length)])
    start = first_beliefs(problem, whole, joint_outcomes(whole))
    return Solution(later, first, start, "expected free energy")


def informed(problem: JointPomdp) -> Float[np.ndarray, "action state"]:
    """Return each state's share of what the observations after an action tell, in nats."""
    found = np.zeros(problem.reward.shape)
    predicted = np.einsum("s,ast->at", problem.start, problem.transition)
    for likelihood in problem.likelihoods:
        expected = np.log(np.maximum(predicted @ likelihood.T, 1e-300))
        certain = xlogy(likelihood, likelihood).sum(axis=0)
        told = certain - expected @ likelihood  # (action, state after it)
        found += np.einsum("ast,at->as", problem.transition, told)
    return found
