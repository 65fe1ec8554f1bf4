"""Forecasts made before the fact: models as values, their scores, and evidence for plasticity."""

from canonica.reverse_engineering.forecasting._calibration import (
    calibration_summary,
    culture_false_alarms,
    detection_summary,
    plasticity_calibration,
    plasticity_detection,
)
from canonica.reverse_engineering.forecasting._canonical import Canonical, Frozen
from canonica.reverse_engineering.forecasting._comparison import PairedComparison, paired_comparison
from canonica.reverse_engineering.forecasting._evidence import CLEAR, PRIOR_PLASTIC, Evidence
from canonica.reverse_engineering.forecasting._forecast import (
    THRESHOLDS,
    forecast,
    forecast_normalised,
)
from canonica.reverse_engineering.forecasting._hierarchy import (
    PooledPlasticity,
    ShareDifference,
    difference,
    pooled_plasticity,
)
from canonica.reverse_engineering.forecasting._known import (
    NORMALISATIONS,
    Known,
    Normalised,
    normalised,
    normalised_ensembles,
    protocol_of,
)
from canonica.reverse_engineering.forecasting._models import FORECAST_MODELS
from canonica.reverse_engineering.forecasting._noise import with_noise
from canonica.reverse_engineering.forecasting._pooling import (
    Likelihood,
    plasticity_likelihood,
    pooled,
    pooled_likelihoods,
)
from canonica.reverse_engineering.forecasting._predicted import (
    ForecastModel,
    Predicted,
    settings_of,
)
from canonica.reverse_engineering.forecasting._quantiles import QUANTILES
from canonica.reverse_engineering.forecasting._score import score, score_normalised
from canonica.reverse_engineering.forecasting._simulated import Truth, simulated_known

__all__ = [
    "CLEAR",
    "FORECAST_MODELS",
    "NORMALISATIONS",
    "PRIOR_PLASTIC",
    "QUANTILES",
    "THRESHOLDS",
    "Canonical",
    "Evidence",
    "ForecastModel",
    "Frozen",
    "Known",
    "Likelihood",
    "Normalised",
    "PairedComparison",
    "PooledPlasticity",
    "Predicted",
    "ShareDifference",
    "Truth",
    "calibration_summary",
    "culture_false_alarms",
    "detection_summary",
    "difference",
    "forecast",
    "forecast_normalised",
    "normalised",
    "normalised_ensembles",
    "paired_comparison",
    "plasticity_calibration",
    "plasticity_detection",
    "plasticity_likelihood",
    "pooled",
    "pooled_likelihoods",
    "pooled_plasticity",
    "protocol_of",
    "score",
    "score_normalised",
    "settings_of",
    "simulated_known",
    "with_noise",
]
