"""What forecasts of the recordings of one condition have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from canonica.pipelines._forecast_plan import ForecastPlan
from canonica.pipelines._recording_forecast import RecordingForecast
from canonica.report import (
    ForecastSummary,
    PlasticityFinding,
    evidence_sentence,
)
from canonica.reverse_engineering.forecasting import (
    PairedComparison,
    PooledPlasticity,
    Weighted,
    paired_comparison,
    pooled_likelihoods,
)


@dataclass
class ConditionForecast:
    """What the recordings of one condition have in common."""

    summary: ForecastSummary
    comparisons: dict[str, PairedComparison]
    best_other: str | None
    plasticity: list[PlasticityFinding]
    pooled: PooledPlasticity | None
    stacked: Weighted | None
    figure: str
    initial_sessions: int

    @property
    def sentences(self) -> list[str]:
        """The main findings in plain words."""
        found = []
        if self.best_other is not None:
            found.append(f"Squared error: {self.comparisons[self.best_other].sentence}")
        if self.stacked is not None:
            found.append(self.stacked.sentence)
        if self.plasticity:
            found.append(evidence_sentence(self.plasticity, self.initial_sessions))
        return found if self.pooled is None else [*found, self.pooled.sentence]


def condition_forecast(
    recordings: Sequence[RecordingForecast],
    plan: ForecastPlan,
    stacked: Weighted | None,
    figure: str,
) -> ConditionForecast:
    """Return what forecasts of one condition's recordings have in common."""
    condition = recordings[0].condition
    summary = ForecastSummary.of(condition, [one.scores for one in recordings])
    chosen, *others = summary.medians
    errors = {
        model: [one.scores[model]["squared_error"] for one in recordings]
        for model in summary.medians
    }
    comparisons = paired_comparison(errors, chosen, seed=plan.seed)
    best = min(others, key=lambda model: summary.medians[model]["squared_error"], default=None)
    plasticity = [one.plasticity for one in recordings if one.plasticity]
    return ConditionForecast(
        summary,
        comparisons,
        best,
        plasticity,
        _pooled(condition, recordings),
        stacked,
        figure,
        plan.protocol.initial_sessions,
    )


def _pooled(condition: str, recordings: Sequence[RecordingForecast]) -> PooledPlasticity | None:
    """Return what recordings together tell; None where the model says nothing on rates."""
    likelihoods = [one.likelihood for one in recordings if one.likelihood is not None]
    if not likelihoods:
        return None
    return pooled_likelihoods(likelihoods, condition=condition)
