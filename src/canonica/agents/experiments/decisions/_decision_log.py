"""Decisions that were observed, from a user's own log."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Int

from canonica._checks import checked_path, checked_size
from canonica._errors import CanonicaError, how_many
from canonica.agents.designs._maze_agent import POLICY_LENGTH
from canonica.agents.experiments.decisions._decision_table import DecisionTable
from canonica.agents.network._policies import sequences
from canonica.agents.worlds._maze import MOVES


def decision_log(path: str | Path, *, max_steps: int = 20_000) -> xr.Dataset:
    """Return the decisions in a table of a user's own, one row for each step.

    Parameters
    ----------
    path : Path
        CSV with a header line; comma, semicolon or tab between columns. `trial`: 1, 2, ... for
        each agent. `move`: up, down, left, right, or 0 to 3 in that order; or `policy`: 0 to 255,
        whose first move is made; or both. Optional: `agent`, any names (without it, one agent);
        `step`, numbers that follow each other within a trial (without it, the order of the rows).
        Other columns are left alone.
    max_steps : int
        When a trial's time was up: one with so many steps did not reach the goal.

    Returns
    -------
    xarray.Dataset
        `move_count` (agent, trial, move), `steps` and `reached` (agent, trial); `policy_count`
        (agent, trial, policy) where policies are known. Of trials as many as every agent has.

    Raises
    ------
    CanonicaError
        If anything is amiss: file, line, column, what was found and what was expected.
    """
    max_steps = checked_size("max_steps", max_steps)
    table = DecisionTable(checked_path("path", path))
    agents, names = table.names("agent")
    trials = table.integers("trial", smallest=1)
    policies = table.integers("policy", smallest=0, largest=len(MOVES) ** POLICY_LENGTH - 1)
    moves = table.moves()
    if trials is None:
        table.fail_header("trial")
    if policies is not None:
        first = sequences(len(MOVES), POLICY_LENGTH)[:, 0][policies]
        if moves is not None:
            table.check(moves == first, "move", "the first move of the row's policy")
        moves = first
    if moves is None:
        table.fail_header("move or policy")
    _check_trials(table, agents, trials, names)
    count = min(int(trials[agents == k].max()) for k in range(len(names)))
    kept = trials <= count
    shape = (len(names), count)
    at = (agents[kept], trials[kept] - 1)
    _check_steps(table, agents, trials)
    move_count = np.zeros((*shape, len(MOVES)), np.int64)
    np.add.at(move_count, (*at, moves[kept]), 1)
    steps = move_count.sum(axis=2)
    if (steps > max_steps).any():
        raise CanonicaError(
            f"{table.source}: found a trial of "
            f"{how_many(int(steps.max()), 'step')}; expected {max_steps:,} at "
            "most. Say when a trial's time was up (max_steps)."
        )
    each = ("agent", "trial")
    variables: dict[str, Any] = {
        "move_count": ((*each, "move"), move_count),
        "steps": (each, steps),
        "reached": (each, steps < max_steps),
    }
    if policies is not None:
        policy_count = np.zeros((*shape, len(MOVES) ** POLICY_LENGTH), np.int64)
        np.add.at(policy_count, (*at, policies[kept]), 1)
        variables["policy_count"] = ((*each, "policy"), policy_count)
    coordinates = {"agent": names, "trial": np.arange(1, count + 1), "move": list(MOVES)}
    return xr.Dataset(variables, coordinates, {"max_steps": max_steps, "log": table.source})


def _check_trials(
    table: DecisionTable,
    agents: Int[np.ndarray, " row"],
    trials: Int[np.ndarray, " row"],
    names: Sequence[str],
) -> None:
    """Check that trials of each agent are counted from 1 without gaps."""
    for k, name in enumerate(names):
        rows = np.flatnonzero(agents == k)
        present = np.unique(trials[rows])
        wrong = np.flatnonzero(present != np.arange(1, len(present) + 1))
        if len(wrong):
            row = int(rows[np.argmax(trials[rows] == present[wrong[0]])])
            table.fail(
                row, "trial", f"trial {wrong[0] + 1} of agent {name} before it, with none left out"
            )


def _check_steps(
    table: DecisionTable, agents: Int[np.ndarray, " row"], trials: Int[np.ndarray, " row"]
) -> None:
    """Check that steps follow each other within each trial, from 0 or 1."""
    steps = table.integers("step", smallest=0)
    if steps is None:
        return
    order = np.lexsort((steps, trials, agents))
    same = (np.diff(agents[order]) == 0) & (np.diff(trials[order]) == 0)
    gap = np.flatnonzero(same & (np.diff(steps[order]) != 1))
    if len(gap):
        before, row = int(order[gap[0]]), int(order[gap[0] + 1])
        table.fail(row, "step", f"{steps[before] + 1}, after {steps[before]} in the same trial")
    begins = order[np.concatenate([[True], ~same])]
    late = begins[steps[begins] > 1]
    if len(late):
        table.fail(int(late[0]), "step", "the trial to begin with step 0 or 1")
