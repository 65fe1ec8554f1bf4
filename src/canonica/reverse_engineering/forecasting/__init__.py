"""Forecasts made before the fact: models as values, their scores, and evidence for plasticity."""

from canonica.reverse_engineering.forecasting._canonical import Canonical, Frozen
from canonica.reverse_engineering.forecasting._forecast import forecast, forecast_normalised
from canonica.reverse_engineering.forecasting._known import (
    Known,
    Normalisation,
    Normalised,
    normalised,
    protocol_of,
)
from canonica.reverse_engineering.forecasting._models import FORECAST_MODELS
from canonica.reverse_engineering.forecasting._predicted import ForecastModel, Predicted
from canonica.reverse_engineering.forecasting._quantiles import QUANTILES
from canonica.reverse_engineering.forecasting._score import score, score_normalised

__all__ = [
    "FORECAST_MODELS",
    "QUANTILES",
    "Canonical",
    "ForecastModel",
    "Frozen",
    "Known",
    "Normalisation",
    "Normalised",
    "Predicted",
    "forecast",
    "forecast_normalised",
    "normalised",
    "protocol_of",
    "score",
    "score_normalised",
]
