"""Forecasts in few numbers: what tables show of each recording, and of a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import xarray as xr
from rich import box
from rich.markup import escape
from rich.table import Table

from canonica._arguments import checked_arguments
from canonica._of_results import of_results
from canonica.reverse_engineering import LAST_SESSIONS
from canonica.reverse_engineering.forecasting import (
    CLEAR,
    NO_SIGN_BELOW,
    Verdict,
    paired_comparison,
    verdict,
)
from canonica.reverse_engineering.forecasting._verdict import few_sessions

LONGEST_NAME = 36  # that figures have room for
LEVEL = 0.9  # of the interval that tables show


@dataclass(frozen=True)
class Column:
    """A score as a table shows it.

    Parameters
    ----------
    heading : str
        What it is called.
    digits : str
        How it is written.
    best : float or None
        The value that a perfect forecast would come closest to; None where there is no such value.
    """

    heading: str
    digits: str
    best: float | None


COLUMNS = {
    "squared_error": Column("squared error", ".4f", 0.0),
    "crps": Column("CRPS", ".4f", 0.0),
    "log_score": Column("log score (nat)", ".3f", np.inf),
    "coverage": Column(f"in {100 * LEVEL:g} % interval", ".1%", LEVEL),
    "width": Column("its width", ".3f", None),
}

Scores = dict[str, dict[str, float]]  # model -> score -> value


@of_results(scores=("horizon", "model", "session"))
def recording_scores(scores: xr.Dataset) -> Scores:
    """Return each model's scores of one recording: means over the last sessions.

    Parameters
    ----------
    scores : xarray.Dataset
        `squared_error`, `crps` and `log_score` (model, session), `coverage` and `width` (model,
        level, session). Of the sessions that were forecast, 10 at most are taken.

    Raises
    ------
    CanonicaError
        If `scores` is not what canonica returns.
    """
    later = scores.isel(session=scores["horizon"].to_numpy() > 0)
    last = later.isel(session=slice(-LAST_SESSIONS, None)).sel(level=LEVEL)
    means = last[list(COLUMNS)].mean("session")
    return {
        str(model): {name: float(means[name].sel(model=model)) for name in COLUMNS}
        for model in scores["model"].to_numpy()
    }


@dataclass(frozen=True)
class ForecastSummary:
    """How well each model forecast the recordings of one condition.

    Parameters
    ----------
    condition : str
        Name of the condition.
    recordings : int
        How many there are.
    medians : dict
        Median over recordings of each score, by model; the first is the one that was chosen.
    best : dict
        By score, the model that is better than every other by more than chance explains, Holm's
        adjustment made; a score of which none is so is left out.
    """

    condition: str
    recordings: int
    medians: Scores
    best: dict[str, str]

    @classmethod
    def of(cls, condition: str, recordings: Sequence[Scores]) -> "ForecastSummary":
        """Return the medians of a condition's scores, and which model is best by each."""
        medians = {
            model: {
                name: float(np.median([one[model][name] for one in recordings])) for name in COLUMNS
            }
            for model in recordings[0]
        }
        best = {name: _best(name, recordings) for name in COLUMNS}
        found = {name: model for name, model in best.items() if model is not None}
        return cls(condition, len(recordings), medians, found)


def _best(name: str, recordings: Sequence[Scores]) -> str | None:
    """Return the model whose score is the best, hardly by chance; None where there is none."""
    ideal = COLUMNS[name].best
    if ideal is None:
        return None
    away = {
        model: [_distance(one[model][name], ideal) for one in recordings] for model in recordings[0]
    }
    lowest = min(away, key=lambda model: np.mean(away[model]))
    against = paired_comparison(away, lowest).values()
    return lowest if against and all(one.better == lowest for one in against) else None


def _distance(value: float, best: float) -> float:
    return -value if best == np.inf else abs(value - best)


@checked_arguments
def forecast_table(summary: ForecastSummary) -> Table:
    """Return the table of one condition: a row for each model, the best of a column bold.

    Where no model is better than all others by more than chance explains, none is bold.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    count = f"{summary.recordings} recording{'s' if summary.recordings > 1 else ''}"
    title = f"[bold]{escape(summary.condition)}[/bold]  (n = {count})"
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in COLUMNS.values():
        table.add_column(column.heading, justify="right")
    for model, values in summary.medians.items():
        cells = (
            _marked(format(values[name], column.digits), summary.best.get(name) == model)
            for name, column in COLUMNS.items()
        )
        table.add_row(escape(model), *cells)
    return table


def _marked(text: str, best: bool) -> str:
    return f"[bold green]{text}[/bold green]" if best else text


def shortened(name: str) -> str:
    """Return a name that a figure has room for, its ends kept."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}"


@dataclass(frozen=True)
class PlasticityFinding:
    """What a forecast found out about one recording's plasticity.

    Parameters
    ----------
    name, condition : str
        Name and condition of the recording.
    probability_plastic : float
        Posterior probability that the network learns at all.
    log_evidence : float
        Logarithm of the Bayes factor of a network that learns to one that is frozen.
    prior_strength_low, prior_strength_median, prior_strength_high : float
        Of the insensitivity to plasticity, given that it learns: median and 90 % interval.
    conclusion, diagnostic_warning : str
        In words; the second is empty where all is well.
    """

    name: str
    condition: str
    probability_plastic: float
    log_evidence: float
    prior_strength_low: float
    prior_strength_median: float
    prior_strength_high: float
    conclusion: str
    diagnostic_warning: str

    @property
    def rate(self) -> tuple[float, float, float]:
        """Rate of plasticity, 1 / prior strength: lower end, median, upper end."""
        strengths = self.prior_strength_high, self.prior_strength_median, self.prior_strength_low
        low, median, high = (1 / strength for strength in strengths)
        return low, median, high

    @property
    def verdict(self) -> Verdict:
        """Whether the evidence is clear, as the conclusion has it."""
        return verdict(self.log_evidence, self.probability_plastic)

    @property
    def values(self) -> dict[str, str | float]:
        """The finding as summary.json and recordings.csv hold it."""
        own = [field.name for field in fields(self) if field.name not in ("name", "condition")]
        rates = zip(("low", "median", "high"), self.rate, strict=True)
        return (
            {key: getattr(self, key) for key in own}
            | {f"plasticity_rate_{end}": rate for end, rate in rates}
            | {"verdict": self.verdict}
        )


@checked_arguments
def plasticity_found(attrs: Mapping[Any, Any]) -> PlasticityFinding | None:
    """Return what the attributes of a forecast say on plasticity; None where they say nothing.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    words = ("name", "condition", "conclusion", "diagnostic_warning")
    names = [field.name for field in fields(PlasticityFinding)]
    if not set(names) <= set(attrs):
        return None
    values: dict[str, Any] = {key: str(attrs[key]) for key in words}
    values |= {key: float(attrs[key]) for key in names if key not in words}
    return PlasticityFinding(**values)


@checked_arguments
def evidence_sentence(found: Sequence[PlasticityFinding], initial_sessions: int) -> str:
    """Return in how many recordings the evidence for plasticity is clear, either way.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    verdicts = [one.verdict for one in found]
    few = few_sessions(initial_sessions)
    return (
        f"Evidence for plasticity: {verdicts.count('plastic')} of {len(found)} clearly plastic "
        f"({CLEAR:g} nats or more), {verdicts.count('no sign')} without a sign of it (probability "
        f"below {NO_SIGN_BELOW:g}), {verdicts.count('undecided')} undecided"
        + (f"; but {few}." if few else ".")
    )
