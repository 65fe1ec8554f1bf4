"""Forecasts made before the fact: models as values, their scores, and evidence for plasticity."""

from canonica.reverse_engineering.forecasting._forecast import (
    THRESHOLDS,
    Predictions,
    forecast,
    forecast_normalised,
    shared_models,
)
from canonica.reverse_engineering.forecasting._forecast_responses import (
    forecast_responses,
    score_responses,
)
from canonica.reverse_engineering.forecasting._known import (
    NORMALISATIONS,
    Known,
    Normalised,
    normalised,
    normalised_ensembles,
    protocol_of,
)
from canonica.reverse_engineering.forecasting._predicted import (
    Combined,
    ForecastModel,
    Predicted,
    settings_of,
)
from canonica.reverse_engineering.forecasting._verdict import (
    CLEAR,
    NO_SIGN_BELOW,
    PRIOR_PLASTIC,
    Verdict,
    verdict,
)
from canonica.reverse_engineering.forecasting.comparison._comparison import (
    PairedComparison,
    paired_comparison,
)
from canonica.reverse_engineering.forecasting.comparison._score import score, score_normalised
from canonica.reverse_engineering.forecasting.distribution._noise import with_noise
from canonica.reverse_engineering.forecasting.distribution._quantiles import QUANTILES
from canonica.reverse_engineering.forecasting.models._canonical import Canonical, Frozen
from canonica.reverse_engineering.forecasting.models._models import FORECAST_MODELS
from canonica.reverse_engineering.forecasting.models._stacked import Stacked, Weighted
from canonica.reverse_engineering.forecasting.plasticity._evidence import Evidence
from canonica.reverse_engineering.forecasting.plasticity._hierarchy import (
    PooledPlasticity,
    ShareDifference,
    difference,
    pooled_plasticity,
)
from canonica.reverse_engineering.forecasting.plasticity._pooling import (
    Likelihood,
    plasticity_likelihood,
    pooled,
    pooled_likelihoods,
)

__all__ = [
    "CLEAR",
    "FORECAST_MODELS",
    "NORMALISATIONS",
    "NO_SIGN_BELOW",
    "PRIOR_PLASTIC",
    "QUANTILES",
    "THRESHOLDS",
    "Canonical",
    "Combined",
    "Evidence",
    "ForecastModel",
    "Frozen",
    "Known",
    "Likelihood",
    "Normalised",
    "PairedComparison",
    "PooledPlasticity",
    "Predicted",
    "Predictions",
    "ShareDifference",
    "Stacked",
    "Verdict",
    "Weighted",
    "difference",
    "forecast",
    "forecast_normalised",
    "forecast_responses",
    "normalised",
    "normalised_ensembles",
    "paired_comparison",
    "plasticity_likelihood",
    "pooled",
    "pooled_likelihoods",
    "pooled_plasticity",
    "protocol_of",
    "score",
    "score_normalised",
    "score_responses",
    "settings_of",
    "shared_models",
    "verdict",
    "with_noise",
]
