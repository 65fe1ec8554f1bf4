"""The forecasting models there are, by name; a new one is one file, and one line here."""

from canonica._errors import CanonicaError
from canonica.reverse_engineering.forecasting._predicted import ForecastModel
from canonica.reverse_engineering.forecasting.models._canonical import Canonical, Frozen
from canonica.reverse_engineering.forecasting.models._persistence import Persistence, Repetition
from canonica.reverse_engineering.forecasting.models._published import PublishedForecast
from canonica.reverse_engineering.forecasting.models._regression import Drift, Ridge
from canonica.reverse_engineering.forecasting.models._stacked import Stacked
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

SINGLE_MODELS: tuple[ForecastModel, ...] = (
    Canonical(),
    Frozen(),
    PublishedForecast(),
    Ridge(),
    Drift(),
    Persistence(),
    Repetition(),
)
FORECAST_MODELS: dict[str, ForecastModel] = {
    model.name: model for model in (*SINGLE_MODELS, Stacked(SINGLE_MODELS))
}


def model_named(model: str | ForecastModel, protocol: PublishedProtocol) -> ForecastModel:
    """Return the model of that name, or the model itself where one is given.

    The published forecast, asked for by its name, has the constants of the protocol.

    Raises
    ------
    CanonicaError
        If there is none of that name.
    """
    if not isinstance(model, str):
        return model
    if model not in FORECAST_MODELS:
        known = ", ".join(FORECAST_MODELS)
        raise CanonicaError(f"model: found {model!r}; expected one of {known}, or its value.")
    if model == PublishedForecast.name:
        return PublishedForecast.of(protocol)
    return FORECAST_MODELS[model]
