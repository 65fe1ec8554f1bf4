"""The decision prior of agents, estimated from their decisions alone."""

from typing import Literal

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._checks import check_dims, checked_choice, checked_size
from canonica._errors import CanonicaError
from canonica.agents.designs._maze_agent import POLICY_LENGTH
from canonica.agents.network._policies import first_move_prior, sequences
from canonica.agents.worlds._maze import MOVES

By = Literal["first_move", "policy"]


def estimated_priors(
    decisions: xr.Dataset, *, estimation_trials: int = 1, by: By = "first_move"
) -> Float[np.ndarray, "agent policy"]:
    """Return the decision prior E[1] of each agent, from its decisions alone.

    Mean frequencies [CB22], of the first trial: an agent that learns at a trial's end decides
    there by its prior alone, all policies having the same counts; later decisions are of what it
    has learned, too. Frequencies are those of one decision more than was seen, a share of every
    kind, so that nothing is impossible for not having been seen.

    Parameters
    ----------
    decisions : xarray.Dataset
        Of `observed_decisions` or `decision_log`.
    estimation_trials : int
        From how many trials, the first ones.
    by : "first_move" or "policy"
        Whether to count first moves, whose frequency is then shared evenly by the policies that
        begin with them, or each of the 256 policies, which takes many more decisions.

    Returns
    -------
    (agent, policy)
        Each sums to 1.

    Raises
    ------
    CanonicaError
        If there are fewer trials, or policies are not known.

    References
    ----------
    [CB22] Fig. 5; section 5 of the theory.
    """
    check_dims("decisions", decisions, {"move_count": ("agent", "trial", "move")})
    checked_choice("by", by, ("first_move", "policy"))
    policies = sequences(len(MOVES), POLICY_LENGTH)
    if by == "first_move":
        counts = _counted(decisions, "move_count", "move", estimation_trials)
        return np.stack([decision_prior_from_moves(count, policies) for count in counts])
    if "policy_count" not in decisions:
        raise CanonicaError(
            "by: found 'policy', but decisions whose first moves alone are known; expected "
            "'first_move', or a log with a column policy."
        )
    return smoothed_frequency(_counted(decisions, "policy_count", "policy", estimation_trials))


def _counted(
    decisions: xr.Dataset, name: str, kind: str, trials: int
) -> Int[np.ndarray, "agent decision"]:
    observed = decisions.sizes["trial"]
    advice = "No more were observed."
    trials = checked_size("estimation_trials", trials, most=observed, advice=advice)
    first = decisions[name].isel(trial=slice(trials)).sum("trial")
    return first.transpose("agent", kind).to_numpy().astype(np.int64)


def first_move_count(
    decision_count: Int[np.ndarray, "*batch policy"], policies: Int[np.ndarray, "policy length"]
) -> Int[np.ndarray, "*batch move"]:
    """Return how often a policy that begins with each move was drawn."""
    begins = np.asarray(policies)[:, :1] == np.arange(len(MOVES))
    return np.asarray(decision_count, np.int64) @ begins.astype(np.int64)


def decision_prior_from_moves(
    count: Int[np.ndarray, " move"], policies: Int[np.ndarray, "policy length"]
) -> Float[np.ndarray, " policy"]:
    """Return the decision prior E[1] of each policy, as far as first moves tell.

    In the first trial all policies have the same counts, and each decision is a draw from the
    prior alone: their mean frequency estimates it [CB22]. Counted by first moves, as if one more
    decision had been seen, a share of each, so that none is impossible; then shared evenly by the
    policies that begin with each. Decisions are really drawn in proportion to E / (1 - E), by
    which frequencies of first moves differ from E by less than 0.001.

    Parameters
    ----------
    count : (move,)
        How often each first move was made.
    policies : (policy, length)
        Moves of each policy.

    Returns
    -------
    (policy,)
        Sums to 1.

    Examples
    --------
    >>> from canonica.agents import sequences
    >>> decision_prior_from_moves(np.array([1, 1, 2, 0]), sequences(4, 1)).tolist()
    [0.25, 0.25, 0.45, 0.05]
    """
    return first_move_prior(policies, smoothed_frequency(np.asarray(count)))[1]


def smoothed_frequency(
    count: Int[np.ndarray, "*batch kind"],
) -> Float[np.ndarray, "*batch kind"]:
    """Return how frequent each kind is, as if one more had been seen, a share of every kind."""
    kinds = count.shape[-1]
    return (count + 1 / kinds) / (count.sum(axis=-1, keepdims=True) + 1)
