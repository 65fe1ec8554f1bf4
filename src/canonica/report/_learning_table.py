"""How well agents learned, as tables and sentences for the terminal."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import xarray as xr
from rich.table import Table

from canonica._errors import how_many
from canonica._of_results import of_results
from canonica._statistics import FEWEST_UNITS
from canonica.report._simulation_tables import simulation_table

KINDS = {"predicted": "predicted", "observed": "observed", "difference": "apart by"}
COLUMNS = ("goal reached", "mean steps")


@of_results(
    result=("maze", "max_steps", "prior_right", "agent"), summary=("first_trial", "last_trial")
)
def learning_table(result: xr.Dataset, summary: xr.Dataset) -> Table:
    """Return the learning curve of agents in mazes as a table.

    Parameters
    ----------
    result : xarray.Dataset
        Of `maze_experiment`.
    summary : xarray.Dataset
        Its `learning_summary`.

    Raises
    ------
    CanonicaError
        If `result` or `summary` is not what canonica returns.
    """
    return simulation_table(_title(result), _table_rows(summary), {})


@of_results(result=("maze",))
def learning_sentences(result: xr.Dataset, comparison: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what cannot be told, and how a result compares with what was published.

    Raises
    ------
    CanonicaError
        If `result` is not what canonica returns, or another argument is not of the kind that the
        signature says.
    """
    return [*_few(result.sizes["maze"], "mazes"), *map(_against_published, comparison)]


@of_results(result=("maze", "agent", "max_steps"), summary=("first_trial", "last_trial"))
def transplant_table(result: xr.Dataset, summary: xr.Dataset) -> Table:
    """Return what was foretold of one group, and what was observed, as a table.

    Parameters
    ----------
    result : xarray.Dataset
        Of `transplant`, one group of it.
    summary : xarray.Dataset
        Its `transplant_summary`.

    Raises
    ------
    CanonicaError
        If `result` or `summary` is not what canonica returns.
    """
    tables = [_table_rows(summary, f"{kind}_") for kind in KINDS]
    rows = [
        {"trials": row["trials"] if k == 0 else "", "": word} | {x: row[x] for x in COLUMNS}
        for block in zip(*tables, strict=True)
        for k, (row, word) in enumerate(zip(block, KINDS.values(), strict=True))
    ]
    title = (
        f"{result['group'].item()}: {_counted(result.sizes['agent'], 'agent')} observed, "
        f"{_counted(result.sizes['maze'], 'fresh agent')} in other mazes\n"
        "In brackets: 95 % intervals over agents"
    )
    return simulation_table(title, rows, {})


@of_results(
    result=(
        "maze",
        "agent",
        "observed_steps",
        "estimation_trials",
        "true_prior_right",
        "decisions_observed",
    ),
    summary=("estimated_prior_right_interval",),
)
def transplant_sentences(result: xr.Dataset, summary: xr.Dataset) -> list[str]:
    """Return the prior that was estimated of one group, and what cannot be told, in words.

    Raises
    ------
    CanonicaError
        If `result` or `summary` is not what canonica returns.
    """
    agents, mazes = result.sizes["agent"], result.sizes["maze"]
    found = [_estimated(result, summary)]
    if result["observed_steps"].isnull().any():
        found.append(
            "Where fewer trials were observed than predicted, there is nothing to compare with."
        )
    if agents == 1:
        found.append(
            "The intervals of predictions leave out the error of that estimate: one agent alone."
        )
    return found + _few(min(agents, mazes), "agents")


@of_results(summary=("first_trial", "last_trial"))
def trial_names(summary: xr.Dataset) -> list[str]:
    """Return the first and last trial of each block of a summary, as "1-10".

    Raises
    ------
    CanonicaError
        If `summary` is not what canonica returns.
    """
    return [
        str(first) if first == last else f"{first}-{last}"
        for first, last in zip(
            summary["first_trial"].to_numpy(), summary["last_trial"].to_numpy(), strict=True
        )
    ]


def _estimated(result: xr.Dataset, summary: xr.Dataset) -> str:
    estimation = int(result.attrs["estimation_trials"])
    low, high = summary["estimated_prior_right_interval"].to_numpy()
    true = float(result["true_prior_right"])
    decisions = int(result["decisions_observed"].sum())
    return (
        f"Estimated prior of a move to the right: {float(summary['estimated_prior_right']):.4f} "
        f"[{low:.4f}; {high:.4f}]"
        + ("" if math.isnan(true) else f"; it was {true:g}")
        + f". From {decisions:,} decisions, trial{'s 1-' if estimation > 1 else ' '}{estimation}."
    )


def _title(result: xr.Dataset) -> str:
    mazes, steps = result.sizes["maze"], result.attrs["max_steps"]
    return (
        f"{_counted(mazes, 'maze')}, e = {result.attrs['prior_right']:g}, "
        f"{result.attrs['agent']} agent; a failed trial counts {how_many(steps, 'step')}\n"
        "In brackets: 95 % intervals over mazes"
    )


def _table_rows(summary: xr.Dataset, prefix: str = "") -> list[dict[str, str]]:
    rows = []
    for k, trials in enumerate(trial_names(summary)):
        row = {"trials": trials}
        for name, shown_as, percent in (
            ("success_rate", "goal reached", True),
            ("mean_steps", "mean steps", False),
            ("median_steps", "median steps", False),
        ):
            value = float(summary[f"{prefix}{name}"][k])
            bounds = summary[f"{prefix}{name}_interval"][k].to_numpy().tolist()
            row[shown_as] = _with_interval(value, bounds, percent=percent)
        rows.append(row)
    return rows


def _with_interval(value: float, bounds: Iterable[float], *, percent: bool) -> str:
    """Return a number and its interval, or as much of them as there is."""
    if math.isnan(value):
        return "-"
    scale = 100 if percent else 1
    whole = f"{round(value * scale):,}{' %' if percent else ''}"
    if any(map(math.isnan, bounds)):
        return whole
    low, high = (f"{round(bound * scale):,}" for bound in bounds)
    return f"{whole} [{low}; {high}]"


def _against_published(row: Mapping[str, Any]) -> str:
    percent = row["statistic"] == "success_rate"
    scale, unit = (100, " %") if percent else (1, "")
    what = "goal reached in" if percent else "mean steps"
    found, published, low, high = (
        f"{row[name] * scale:,.0f}" for name in ("found", "published", "low", "high")
    )
    inside = "inside" if row["inside"] else "NOT inside"
    return (
        f"Trials {row['trials']}, {what}: {found}{unit}; published [CB22] {published}{unit}, "
        f"{inside} {low} to {high}{unit}"
    )


def _few(units: int, name: str) -> list[str]:
    if units >= FEWEST_UNITS:
        return []
    few = _counted(units, name.removesuffix("s"))
    return [f"No intervals: {few} cannot tell; {FEWEST_UNITS} {name} at least."]


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
