"""Recordings -> network -> generative model -> forecast -> score.

A protocol is a value with its settings; its steps are a file each: `_ensembles` (1, 2),
`_normalisation` (3), `_estimation` (4, 5), `_published_forecast` (6), `_score` (7), and
`_references`, the simpler predictions that a forecast has to beat. `forecasting` holds forecasts
made before the fact, with intervals, scores and evidence for plasticity; `phenotype` reads the
lesions of a network that acts from its choices.
"""

from typing import TYPE_CHECKING

from canonica._lazy import lazily

if TYPE_CHECKING:
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
        InitialResponse,
        ensemble_response,
    )
    from canonica.reverse_engineering.published_protocol._outcomes import results
    from canonica.reverse_engineering.published_protocol._published_protocol import (
        PublishedProtocol,
    )
    from canonica.reverse_engineering.published_protocol._sweep import sweep

# Loaded when first asked for: a command that needs one part does not wait for the others.
_HOMES = {
    "Baseline": "canonica.reverse_engineering.published_protocol._baselines",
    "BaselineFrom": "canonica.reverse_engineering.published_protocol._baselines",
    "ConditionSummary": "canonica.reverse_engineering._summary",
    "ERRORS": "canonica.reverse_engineering._summary",
    "EnsembleResponse": "canonica.reverse_engineering.published_protocol._ensembles",
    "InitialResponse": "canonica.reverse_engineering.published_protocol._ensembles",
    "FORECAST_MODELS": "canonica.reverse_engineering.forecasting",
    "ForecastModel": "canonica.reverse_engineering.forecasting",
    "GivenBaseline": "canonica.reverse_engineering.published_protocol._baselines",
    "LAST_SESSIONS": "canonica.reverse_engineering._summary",
    "PROTOCOLS": "canonica.reverse_engineering._protocol",
    "PublishedProtocol": "canonica.reverse_engineering.published_protocol._published_protocol",
    "Spread": "canonica.reverse_engineering._summary",
    "Validation": "canonica.reverse_engineering._validation",
    "attempt": "canonica.reverse_engineering._failures",
    "baselines": "canonica.reverse_engineering.published_protocol._baselines",
    "check_conditions": "canonica.reverse_engineering.published_protocol._baselines",
    "condition_summary": "canonica.reverse_engineering._summary",
    "difference": "canonica.reverse_engineering.forecasting",
    "electrode_statistics": "canonica.reverse_engineering.published_protocol._electrode_statistics",
    "ensemble_response": "canonica.reverse_engineering.published_protocol._ensembles",
    "forecast": "canonica.reverse_engineering.forecasting",
    "forecast_responses": "canonica.reverse_engineering.forecasting",
    "own_baselines": "canonica.reverse_engineering.published_protocol._baselines",
    "paired_comparison": "canonica.reverse_engineering.forecasting",
    "pooled": "canonica.reverse_engineering.forecasting",
    "recording_summary": "canonica.reverse_engineering._summary",
    "results": "canonica.reverse_engineering.published_protocol._outcomes",
    "reverse_engineer": "canonica.reverse_engineering._reverse_engineer",
    "reverse_engineer_responses": "canonica.reverse_engineering._responses",
    "score": "canonica.reverse_engineering.forecasting",
    "score_responses": "canonica.reverse_engineering.forecasting",
    "summary": "canonica.reverse_engineering.conditions",
    "sweep": "canonica.reverse_engineering.published_protocol._sweep",
    "validate": "canonica.reverse_engineering._validation",
}

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
    "InitialResponse",
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

__getattr__, __dir__ = lazily(__name__, _HOMES, __all__)
