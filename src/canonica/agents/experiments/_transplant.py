"""A decision prior read from behaviour, and what it foretells of learning elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._errors import CanonicaError, listed
from canonica._provenance import versions
from canonica._statistics import FEWEST_UNITS, bootstrap_interval, percentiles
from canonica.agents.designs._maze_agent import agent_with_prior
from canonica.agents.experiments._decision_log import LENGTH, observed_decisions
from canonica.agents.experiments._learning_summary import BLOCK, STATISTICS, block_draws, blocks
from canonica.agents.experiments._maze_experiment import (
    MAX_STEPS,
    TRIALS,
    Chain,
    Progress,
    World,
    decision_prior_from_moves,
    maze_experiment,
    run_chains,
    smoothed_frequency,
)
from canonica.agents.network._policies import sequences
from canonica.agents.worlds._maze import HEIGHT, MOVES, WIDTH, WINDOW

By = Literal["first_move", "policy"]
PRIORS_RIGHT = (0.15, 0.25, 0.35)
STUDY_MAZES, STUDY_TRIALS = 6, 30
LOG_MAZES = 10
NORMAL_95 = 1.959964  # standard deviations either side


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
    policies = sequences(len(MOVES), LENGTH)
    if by == "first_move":
        counts = _counted(decisions, "move_count", "move", estimation_trials)
        return np.stack([decision_prior_from_moves(count, policies) for count in counts])
    if by != "policy":
        raise CanonicaError(f"by: found {by!r}; expected 'first_move' or 'policy'.")
    if "policy_count" not in decisions:
        raise CanonicaError(
            "by: found 'policy', but decisions whose first moves alone are known; expected "
            "'first_move', or a log with a column policy."
        )
    return smoothed_frequency(_counted(decisions, "policy_count", "policy", estimation_trials))


def _counted(
    decisions: xr.Dataset, name: str, kind: str, trials: int
) -> Int[np.ndarray, "agent decision"]:
    if not 1 <= trials <= decisions.sizes["trial"]:
        raise CanonicaError(
            f"estimation_trials: found {trials}; expected 1 to {decisions.sizes['trial']}, the "
            "trials that were observed."
        )
    first = decisions[name].isel(trial=slice(trials)).sum("trial")
    return first.transpose("agent", kind).to_numpy().astype(np.int64)


def transplant(
    source: xr.Dataset,
    *,
    estimation_trials: int = 1,
    by: By = "first_move",
    mazes: int | None = None,
    trials: int | None = None,
    max_steps: int | None = None,
    height: int | None = None,
    width: int | None = None,
    window: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how fresh agents learn that decide as others were seen to.

    The decision prior of each observed agent is estimated from its decisions alone, and given to
    fresh agents in mazes that it has not met. Estimates differ from agent to agent as chance has
    it, so that the spread of predictions holds that of the estimates.

    Parameters
    ----------
    source : xarray.Dataset
        A result of `maze_experiment` by the published agent, or a `decision_log`.
    estimation_trials, by
        As in `estimated_priors`.
    mazes : int
        New mazes, a fresh agent in each; agents that were observed are taken in turn. Without
        it, one for each observed agent, or 10 for a log.
    trials : int
        To be predicted; without it, as many as were observed, or 100 if that is one alone.
    max_steps, height, width, window : int
        As in `maze_experiment`; without them, those of the source.
    seed : int
        Decides everything random; without it, that of the source, in mazes of later numbers.
    progress : function of (int, int), optional
        Called with the number of trials done and their total.

    Returns
    -------
    xarray.Dataset
        With a dimension `group` of length 1: `predicted_steps`, `predicted_reached` (maze,
        trial); `observed_steps`, `observed_reached` (agent, trial), NaN where nothing was
        observed; `donor` (maze,), whose prior a fresh agent has;
        `estimated_decision_prior` (agent, policy), `estimated_first_move` (agent, move) and
        `decisions_observed` (agent,), behind each; `true_prior_right` where it is known.

    Raises
    ------
    CanonicaError
        If the source is nothing of the kind, or a setting is out of range.

    References
    ----------
    [CB22] Fig. 5; section 5 of the theory.
    """
    decisions, name = _decisions_of(source)
    priors = estimated_priors(decisions, estimation_trials=estimation_trials, by=by)
    known = decisions.attrs
    world = World(
        seed=_first_known(seed, known.get("seed"), 0),
        height=_first_known(height, known.get("height"), HEIGHT),
        width=_first_known(width, known.get("width"), WIDTH),
        window=_first_known(window, known.get("window"), WINDOW),
        max_steps=_first_known(max_steps, known.get("max_steps"), MAX_STEPS),
    )
    observed = decisions.sizes["trial"]
    trials = trials if trials is not None else observed if observed > 1 else TRIALS
    simulated = "maze" in source.dims
    count = mazes if mazes is not None else len(priors) if simulated else LOG_MAZES
    for setting, value in {"mazes": count, "trials": trials}.items():
        if value < 1:
            raise CanonicaError(f"{setting}: found {value}; expected at least 1.")
    taken = source["maze"].to_numpy().max() if simulated and seed in (None, known["seed"]) else 0
    numbers = np.arange(count) + int(taken) + 1
    donors = np.arange(count) % len(priors)
    with jax.enable_x64(True):
        policies = sequences(len(MOVES), LENGTH)
        worlds = world.mazes(numbers.tolist())
        chains = [
            Chain(number, agent_with_prior(maze, policies, np.stack([1 - E, E])), maze)
            for number, maze, E in zip(numbers.tolist(), worlds, priors[donors], strict=True)
        ]
        found = run_chains(chains, world, trials, progress=progress)
    settings = {"estimation_trials": estimation_trials, "by": by, **vars(world)}
    return _dataset(
        decisions, priors, found, numbers=numbers, donors=donors, name=name, settings=settings
    )


def transplant_study(
    prior_right: Sequence[float] = PRIORS_RIGHT,
    *,
    mazes: int = STUDY_MAZES,
    trials: int = STUDY_TRIALS,
    progress: Progress | None = None,
    estimation_trials: int = 1,
    by: By = "first_move",
    **world: Any,
) -> xr.Dataset:
    """Return transplants of agents whose decision prior is known, one group for each.

    Parameters
    ----------
    prior_right : sequence of float
        Prior probabilities e of a move to the right; each meets the same mazes.
    mazes, trials : int
        Of the originals and as many again for the fresh agents, in other mazes.
    progress : function of (int, int), optional
        Called with the number of trials done and their total.
    estimation_trials, by
        As in `estimated_priors`.
    **world
        `seed`, `height`, `width`, `window` and `max_steps` of `maze_experiment`.

    Returns
    -------
    xarray.Dataset
        Of `transplant`, along `group`.

    References
    ----------
    [CB22] Fig. 5; section 5 of the theory.
    """
    if not prior_right or len(set(prior_right)) < len(prior_right):
        raise CanonicaError(
            f"prior_right: found {list(prior_right)}; expected different numbers, one at least."
        )
    if estimation_trials > trials:
        raise CanonicaError(
            f"estimation_trials: found {estimation_trials}; expected {trials} at most, the trials "
            "of each agent."
        )
    parts: list[xr.Dataset] = []
    each = mazes * trials
    for k, e in enumerate(prior_right):
        originals = maze_experiment(
            prior_right=e,
            mazes=mazes,
            trials=trials,
            progress=_shifted(progress, 2 * k * each, 2 * len(prior_right) * each),
            **world,
        )
        parts.append(
            transplant(
                originals,
                estimation_trials=estimation_trials,
                by=by,
                progress=_shifted(progress, (2 * k + 1) * each, 2 * len(prior_right) * each),
            )
        )
    return xr.concat(parts, dim="group", join="override", combine_attrs="override")


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    return None if progress is None else lambda done, _: progress(before + done, total)


def _decisions_of(source: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Return observed decisions, and what to call those who made them."""
    if "move_count" in source:
        return source, "observed"
    agent = source.attrs.get("agent")
    if agent not in ("published", None):
        raise CanonicaError(
            f"source: found decisions of the {agent} agent; expected those of the published one. "
            "The other does not decide by its prior alone, not even in its first trial."
        )
    decisions = observed_decisions(source)
    missing = {"seed", "height", "width", "window", "max_steps", "prior_right"} - set(source.attrs)
    if missing:
        raise CanonicaError(
            f"source: found no {listed(sorted(missing))} among its attributes; expected a result "
            "of maze_experiment."
        )
    return decisions, f"e = {float(source.attrs['prior_right']):g}"


def _first_known(*values: Any) -> int:
    return int(next(value for value in values if value is not None))


def _dataset(
    decisions: xr.Dataset,
    priors: Float[np.ndarray, "agent policy"],
    found: Sequence[Mapping[str, np.ndarray]],
    *,
    numbers: Int[np.ndarray, " maze"],
    donors: Int[np.ndarray, " maze"],
    name: str,
    settings: Mapping[str, Any],
) -> xr.Dataset:
    steps, reached = (np.stack([one[part] for one in found]) for part in ("steps", "reached"))
    trials = steps.shape[1]

    def seen(part: str) -> Float[np.ndarray, "agent trial"]:
        values = decisions[part].transpose("agent", "trial").to_numpy()[:, :trials].astype(float)
        return np.pad(values, ((0, 0), (0, trials - values.shape[1])), constant_values=np.nan)

    first = sequences(len(MOVES), LENGTH)[:, 0]
    by_first = np.stack([priors[:, first == move].sum(axis=1) for move in range(len(MOVES))], 1)
    given = slice(settings["estimation_trials"])
    variables = {
        "predicted_steps": (("maze", "trial"), steps, "predicted moves made"),
        "predicted_reached": (("maze", "trial"), reached, "whether the goal was reached"),
        "observed_steps": (("agent", "trial"), seen("steps"), "observed moves made"),
        "observed_reached": (("agent", "trial"), seen("reached"), "whether the goal was reached"),
        "donor": (("maze",), donors + 1, "number of the agent whose prior a fresh one has"),
        "estimated_decision_prior": (("agent", "policy"), priors, "decision prior E[1]"),
        "estimated_first_move": (("agent", "move"), by_first, "decision prior by first move"),
        "decisions_observed": (
            ("agent",),
            decisions["steps"].isel(trial=given).sum("trial").to_numpy().astype(np.int64),
            "decisions that the prior was estimated from",
        ),
        "true_prior_right": (
            (),
            float(decisions.attrs.get("prior_right", np.nan)),
            "prior probability of a move to the right, as given to the observed agents",
        ),
    }
    return xr.Dataset(
        {
            part: (("group", *dims), np.asarray(values)[None], {"long_name": text, "units": "1"})
            for part, (dims, values, text) in variables.items()
        },
        {
            "group": [name],
            "maze": numbers,
            "agent": decisions["agent"].to_numpy().astype(str),
            "trial": np.arange(1, trials + 1),
            "move": list(MOVES),
        },
        {**settings, **versions()},
    )


def transplant_summary(found: xr.Dataset, *, block: int = BLOCK) -> xr.Dataset:
    """Return predicted and observed learning by blocks of trials, and how far they are apart.

    Parameters
    ----------
    found : xarray.Dataset
        Of `transplant` or `transplant_study`.
    block : int
        Trials in a block.

    Returns
    -------
    xarray.Dataset
        Of `success_rate`, `mean_steps` and `median_steps`: `predicted_...`, `observed_...` and
        `difference_...`, predicted less observed, (group, block), each with its 95 % interval
        (group, block, bound), by bootstrap over fresh agents and over observed ones; NaN where
        nothing was observed, or too few. As far as fresh agents have their priors of different
        others, the interval holds the sampling error of the priors too; fresh agents of a single
        one share its error, which `estimated_prior_right_interval` shows. That and
        `estimated_prior_right` (group,) are of the mean over agents: by bootstrap, or, of too
        few, as for decisions that do not depend on each other.
    """
    groups = [_group_summary(found.isel(group=k), block) for k in range(found.sizes["group"])]
    return xr.concat(groups, dim="group").assign_coords(group=found["group"])


def _group_summary(one: xr.Dataset, block: int) -> xr.Dataset:
    predicted = [
        one[name].transpose("maze", "trial").to_numpy().astype(float)
        for name in ("predicted_steps", "predicted_reached")
    ]
    observed = [
        one[name].transpose("agent", "trial").to_numpy()
        for name in ("observed_steps", "observed_reached")
    ]
    parts = blocks(one.sizes["trial"], block)
    values: dict[str, list[float]] = {}
    intervals: dict[str, list[tuple[float, float]]] = {}
    for first, last in parts:
        rows = slice(first - 1, last)
        drawn = {
            "predicted": block_draws(predicted[0][:, rows], predicted[1][:, rows] > 0, seed=1),
            "observed": _observed_draws(observed[0][:, rows], observed[1][:, rows]),
        }
        for name in STATISTICS:
            a, b = drawn["predicted"][name], drawn["observed"][name]
            for kind, (value, draws) in {
                "predicted": a,
                "observed": b,
                "difference": (a[0] - b[0], a[1] - b[1]),
            }.items():
                values.setdefault(f"{kind}_{name}", []).append(value)
                intervals.setdefault(f"{kind}_{name}_interval", []).append(percentiles(draws))
    right = one["estimated_first_move"].sel(move="right").to_numpy().astype(float)
    interval = _prior_interval(right, one["decisions_observed"].to_numpy())
    first_trial, last_trial = np.array(parts).T
    return xr.Dataset(
        {
            **{name: ("block", rows) for name, rows in values.items()},
            **{name: (("block", "bound"), np.array(rows)) for name, rows in intervals.items()},
            "estimated_prior_right": ((), right.mean()),
            "estimated_prior_right_interval": ("bound", np.array(interval)),
        },
        {
            "first_trial": ("block", first_trial),
            "last_trial": ("block", last_trial),
            "bound": ["low", "high"],
        },
    )


def _observed_draws(
    steps: Float[np.ndarray, "agent trial"], reached: Float[np.ndarray, "agent trial"]
) -> dict[str, tuple[float, np.ndarray]]:
    if np.isnan(steps).any():
        missing = block_draws(np.zeros((1, 1)), np.zeros((1, 1), bool), seed=2)
        return {name: (np.nan, draws) for name, (_, draws) in missing.items()}
    return block_draws(steps, reached > 0, seed=2)


def _prior_interval(
    right: Float[np.ndarray, " agent"], decisions: Int[np.ndarray, " agent"]
) -> tuple[float, float]:
    """Return the interval of the mean prior of a move to the right."""
    if len(right) >= FEWEST_UNITS:
        return bootstrap_interval(right, seed=3)
    error = np.sqrt((right * (1 - right) / np.maximum(decisions, 1)).sum()) / len(right)
    mean = right.mean()
    return float(max(mean - NORMAL_95 * error, 0)), float(min(mean + NORMAL_95 * error, 1))
