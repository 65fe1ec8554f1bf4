"""Recordings -> network -> generative model -> forecast -> score.

A protocol is a value with its settings; its steps are a file each: `_ensembles` (1, 2),
`_normalisation` (3), `_estimation` (4, 5), `_published_forecast` (6), `_score` (7), and
`_references`, the simpler predictions that a forecast has to beat. `forecasting` holds forecasts
made before the fact, with intervals, scores and evidence for plasticity; `phenotype` reads the
lesions of a network that acts from its choices.
"""

from canonica.reverse_engineering._failures import attempt
from canonica.reverse_engineering._protocol import PROTOCOLS
from canonica.reverse_engineering._responses import reverse_engineer_responses
from canonica.reverse_engineering._reverse_engineer import reverse_engineer
from canonica.reverse_engineering._summary import (
    ERRORS,
    LAST_SESSIONS,
    ConditionSummary,
    Spread,
    condition_summary,
    recording_summary,
)
from canonica.reverse_engineering._validation import Validation, validate
from canonica.reverse_engineering.conditions import summary
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    ForecastModel,
    difference,
    forecast,
    forecast_responses,
    paired_comparison,
    pooled,
    score,
    score_responses,
)
from canonica.reverse_engineering.published_protocol._baselines import (
    Baseline,
    BaselineFrom,
    GivenBaseline,
    baselines,
    check_conditions,
    own_baselines,
)
from canonica.reverse_engineering.published_protocol._electrode_statistics import (
    electrode_statistics,
)
from canonica.reverse_engineering.published_protocol._ensembles import (
    EnsembleResponse,
    ensemble_response,
)
from canonica.reverse_engineering.published_protocol._outcomes import results
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol
from canonica.reverse_engineering.published_protocol._sweep import sweep

__all__ = [
    "ERRORS",
    "FORECAST_MODELS",
    "LAST_SESSIONS",
    "PROTOCOLS",
    "Baseline",
    "BaselineFrom",
    "ConditionSummary",
    "EnsembleResponse",
    "ForecastModel",
    "GivenBaseline",
    "PublishedProtocol",
    "Spread",
    "Validation",
    "attempt",
    "baselines",
    "check_conditions",
    "condition_summary",
    "difference",
    "electrode_statistics",
    "ensemble_response",
    "forecast",
    "forecast_responses",
    "own_baselines",
    "paired_comparison",
    "pooled",
    "recording_summary",
    "results",
    "reverse_engineer",
    "reverse_engineer_responses",
    "score",
    "score_responses",
    "summary",
    "sweep",
    "validate",
]
