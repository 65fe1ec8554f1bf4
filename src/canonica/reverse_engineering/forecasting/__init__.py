"""Forecasts made before the fact: models as values, their scores, and evidence for plasticity."""

from canonica.reverse_engineering.forecasting._calibration import (
    calibration_summary,
    culture_false_alarms,
    detection_summary,
    plasticity_calibration,
    plasticity_detection,
)
from canonica.reverse_engineering.forecasting._canonical import Canonical, Frozen
from canonica.reverse_engineering.forecasting._forecast import forecast, forecast_normalised
from canonica.reverse_engineering.forecasting._known import (
    NORMALISATIONS,
    Known,
    Normalised,
    normalised,
    protocol_of,
)
from canonica.reverse_engineering.forecasting._models import FORECAST_MODELS
from canonica.reverse_engineering.forecasting._predicted import ForecastModel, Predicted
from canonica.reverse_engineering.forecasting._quantiles import QUANTILES
from canonica.reverse_engineering.forecasting._score import score, score_normalised
from canonica.reverse_engineering.forecasting._simulated import Truth, simulated_known

__all__ = [
    "FORECAST_MODELS",
    "NORMALISATIONS",
    "QUANTILES",
    "Canonical",
    "ForecastModel",
    "Frozen",
    "Known",
    "Normalised",
    "Predicted",
    "Truth",
    "calibration_summary",
    "culture_false_alarms",
    "detection_summary",
    "forecast",
    "forecast_normalised",
    "normalised",
    "plasticity_calibration",
    "plasticity_detection",
    "protocol_of",
    "score",
    "score_normalised",
    "simulated_known",
]
