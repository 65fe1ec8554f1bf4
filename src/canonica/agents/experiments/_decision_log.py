"""Decisions that were observed: of simulated agents, or from a user's own log."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Int

from canonica._errors import CanonicaError, listed
from canonica._files import shown
from canonica.agents.network._policies import sequences
from canonica.agents.worlds._maze import MOVES

LENGTH = 4  # moves of a policy
DELIMITERS = ",;\t"
COLUMNS = ("agent", "trial", "step", "move", "policy")
HEADER = 1  # lines before the first row


def observed_decisions(result: xr.Dataset) -> xr.Dataset:
    """Return the decisions in a result of `maze_experiment`, as `decision_log` gives them."""
    missing = {"decision_count", "policy_moves", "steps", "reached"} - set(result)
    if missing:
        raise CanonicaError(
            f"result: found no {listed(sorted(missing))}; expected a result of maze_experiment."
        )
    first = result["policy_moves"].to_numpy()[:, 0]
    begins = (first[:, None] == np.arange(len(MOVES))).astype(np.int64)
    policies = result["decision_count"].transpose("maze", "trial", "policy").to_numpy()
    each = ("agent", "trial")
    return xr.Dataset(
        {
            "move_count": ((*each, "move"), policies @ begins),
            "policy_count": ((*each, "policy"), policies),
            "steps": (each, result["steps"].transpose("maze", "trial").to_numpy()),
            "reached": (each, result["reached"].transpose("maze", "trial").to_numpy()),
        },
        {
            "agent": [f"maze {number}" for number in result["maze"].to_numpy()],
            "trial": result["trial"].to_numpy(),
            "move": list(MOVES),
        },
        result.attrs,
    )


def decision_log(path: Path, *, max_steps: int = 20_000) -> xr.Dataset:
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
    table = _Table(Path(path))
    agents, names = table.names("agent")
    trials = table.integers("trial", smallest=1)
    policies = table.integers("policy", smallest=0, largest=len(MOVES) ** LENGTH - 1)
    moves = table.moves()
    if trials is None:
        table.fail_header("trial")
    if policies is not None:
        first = sequences(len(MOVES), LENGTH)[:, 0][policies]
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
            f"{table.source}: found a trial of {steps.max():,} steps; expected {max_steps:,} at "
            "most. Say when a trial's time was up (max_steps)."
        )
    each = ("agent", "trial")
    variables: dict[str, Any] = {
        "move_count": ((*each, "move"), move_count),
        "steps": (each, steps),
        "reached": (each, steps < max_steps),
    }
    if policies is not None:
        policy_count = np.zeros((*shape, len(MOVES) ** LENGTH), np.int64)
        np.add.at(policy_count, (*at, policies[kept]), 1)
        variables["policy_count"] = ((*each, "policy"), policy_count)
    coordinates = {"agent": names, "trial": np.arange(1, count + 1), "move": list(MOVES)}
    return xr.Dataset(variables, coordinates, {"max_steps": max_steps, "log": table.source})


class _Table:
    """Columns of text, and where in the file each row stands."""

    def __init__(self, path: Path) -> None:
        self.source = shown(path)
        if not path.is_file():
            raise CanonicaError(f"{self.source}: found no such file; expected a decision log.")
        try:
            with path.open(encoding="utf-8-sig") as file:
                header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            _check_header(self.source, header.split(delimiter))
            self.rows = pd.read_csv(
                path,
                sep=delimiter,
                dtype=str,
                encoding="utf-8-sig",
                skip_blank_lines=False,
                keep_default_na=False,
            )
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise CanonicaError(
                f"{self.source}: found no table in it ({str(error).strip()}); expected CSV text "
                "with a header line."
            ) from error
        if not isinstance(self.rows.index, pd.RangeIndex):
            raise CanonicaError(
                f"{self.source}, line 2: found more fields than in the header; expected as many."
            )
        self.rows.columns = [str(name).strip().lower() for name in self.rows.columns]
        lines = np.arange(len(self.rows)) + HEADER + 1
        blank = (self.rows.fillna("") == "").all(axis=1).to_numpy(dtype=bool)
        self.rows, self.lines = self.rows[~blank], lines[~blank]
        if not len(self.rows):
            raise CanonicaError(f"{self.source}: found no rows; expected a step in each.")

    def column(self, name: str) -> pd.Series | None:
        """Return a column as text; None where there is none."""
        if name not in self.rows:
            return None
        return pd.Series(self.rows[name]).fillna("").str.strip()

    def names(self, name: str) -> tuple[Int[np.ndarray, " row"], list[str]]:
        """Return which of the names each row has, and the names in order of appearance."""
        text = self.column(name)
        if text is None:
            return np.zeros(len(self.rows), np.int64), ["1"]
        self.check((text != "").to_numpy(), name, "a name")
        numbers, names = pd.factorize(text)
        return numbers.astype(np.int64), [str(one) for one in names]

    def integers(
        self, name: str, *, smallest: int, largest: int | None = None
    ) -> Int[np.ndarray, " row"] | None:
        """Return a column of whole numbers within limits."""
        text = self.column(name)
        if text is None:
            return None
        upto = "or more" if largest is None else f"to {largest}"
        expected = f"a whole number, {smallest} {upto}"
        self.check(text.str.fullmatch(r"\d{1,9}").to_numpy(dtype=bool), name, expected)
        numbers = text.astype(np.int64).to_numpy()
        within = (numbers >= smallest) & (largest is None or numbers <= largest)
        self.check(within, name, expected)
        return numbers

    def moves(self) -> Int[np.ndarray, " row"] | None:
        """Return the moves, by name or number."""
        text = self.column("move")
        if text is None:
            return None
        known: Mapping[str, int] = {
            **{move: k for k, move in enumerate(MOVES)},
            **{str(k): k for k in range(len(MOVES))},
        }
        numbers = text.str.lower().map(known)
        expected = f"{', '.join(MOVES)}, or 0 to {len(MOVES) - 1}"
        self.check(numbers.notna().to_numpy(dtype=bool), "move", expected)
        return numbers.to_numpy(np.int64)

    def check(self, good: Bool[np.ndarray, " row"], name: str, expected: str) -> None:
        """Raise an error at the first row that is not good."""
        if not good.all():
            self.fail(int(np.argmin(good)), name, expected)

    def fail(self, row: int, name: str, expected: str) -> NoReturn:
        """Raise the error of a row."""
        text = self.column(name)
        found = "nothing" if text is None or not text.iloc[row] else repr(text.iloc[row])
        raise CanonicaError(
            f"{self.source}, line {self.lines[row]}, column {name}: found {found}; expected "
            f"{expected}. Correct the file."
        )

    def fail_header(self, missing: str) -> NoReturn:
        """Raise the error of a header without a column."""
        raise CanonicaError(
            f"{self.source}, line 1: found columns {listed(self.rows.columns)}; expected a column "
            f"{missing}. A log has agent, trial, step, and move or policy."
        )


def _check_header(source: str, fields: Sequence[str]) -> None:
    names = [field.strip().strip('"').strip().lower() for field in fields]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise CanonicaError(
            f"{source}, line 1: found column {twice[0]} twice; expected it once. Rename one."
        )


def _check_trials(
    table: _Table,
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
    table: _Table, agents: Int[np.ndarray, " row"], trials: Int[np.ndarray, " row"]
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
