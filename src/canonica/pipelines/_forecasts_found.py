"""All that forecasts found, and its tables."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from canonica._errors import RecordingError
from canonica.pipelines._condition_forecast import ConditionForecast
from canonica.pipelines._forecast_plan import ForecastPlan
from canonica.pipelines._recording_forecast import RecordingForecast
from canonica.pipelines._recording_rows import Row
from canonica.pipelines.results._results_files import failure_rows, write_summary
from canonica.recordings import Reading
from canonica.report import (
    write_recordings_csv,
)
from canonica.reverse_engineering import (
    LAST_SESSIONS,
    own_baselines,
)
from canonica.reverse_engineering.forecasting import (
    Weighted,
)

TABLE = "recordings.csv"


@dataclass
class Forecasts:
    """What forecasts of recordings found, and wrote.

    Parameters
    ----------
    plan : ForecastPlan
        What was forecast, how, and against what.
    recordings : list of RecordingForecast
        What is held of every recording, sorted by name.
    failures : list of RecordingError
        What could not be read or forecast.
    conditions : list of ConditionForecast
        What the recordings of each condition have in common.
    files : list of str
        Names of the files in the folder, but for summary.json.
    stacked : dict
        By condition, the models with the weights that they have when stacked, where they are.
    """

    plan: ForecastPlan
    recordings: list[RecordingForecast] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)
    conditions: list[ConditionForecast] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    stacked: dict[str, Weighted] = field(default_factory=dict)

    @property
    def baseline_warning(self) -> str | None:
        """What to bear in mind where conditions have baselines of their own; None where not."""
        return own_baselines([one.row for one in self.recordings])


def write_tables(plan: ForecastPlan, reading: Reading, folder: Path, found: Forecasts) -> None:
    """Write what was found as a table of recordings, and summary.json."""
    write_recordings_csv(folder / TABLE, [_flat(one) for one in found.recordings])
    found.files.append(TABLE)
    contents = {
        "settings": plan.settings | {"reading": reading.given},
        "sessions_scored_at_most": LAST_SESSIONS,
        "causal": plan.causal,
        "caveat": plan.caveat,
        "baseline_warning": found.baseline_warning,
        "conditions": [_of_condition(one) for one in found.conditions],
        "recordings": [_of_recording(one) for one in found.recordings],
        "failures": failure_rows(found.failures),
    }
    write_summary(folder, "forecast", contents, found.files)


def _flat(one: RecordingForecast) -> Row:
    scores = {
        f"{model}_{score}": value
        for model, values in one.scores.items()
        for score, value in values.items()
    }
    return one.row | scores | (one.plasticity.values if one.plasticity else {})


def _of_recording(one: RecordingForecast) -> dict[str, Any]:
    plasticity = one.plasticity.values if one.plasticity else None
    return one.row | {"scores": one.scores, "plasticity": plasticity}


def _of_condition(one: ConditionForecast) -> dict[str, Any]:
    return {
        **asdict(one.summary),
        "comparisons": [
            asdict(comparison) | {"conclusion": comparison.sentence}
            for comparison in one.comparisons.values()
        ],
        "best_other": one.best_other,
        "verdicts": Counter(found.verdict for found in one.plasticity),
        "pooled_plasticity": one.pooled
        and asdict(one.pooled) | {"conclusion": one.pooled.sentence},
        "stacked_weights": one.stacked and one.stacked.by_name,
        "conclusions": one.sentences,
        "figure_file": one.figure,
    }
