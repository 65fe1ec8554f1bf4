"""What is to be forecast, by which model, and against which others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from canonica._checks import checked_choice
from canonica._errors import CanonicaError, listed
from canonica.reverse_engineering import BaselineFrom, GivenBaseline, PublishedProtocol
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    THRESHOLDS,
    ForecastModel,
    settings_of,
)

NORMALISED = {
    "causal": "Normalisation causal: ensembles, means and scales come from the initial sessions, "
    "so that forecasts are blind to the later ones.",
    "published": "Normalisation published: ensembles, means and scales come from all sessions, so "
    "that forecasts are NOT blind to the future.",
}


@dataclass(frozen=True)
class ForecastPlan:
    """The model that forecasts, those it is compared with, and their settings.

    Parameters
    ----------
    model : ForecastModel
        Whose forecast is written.
    others : tuple of ForecastModel
        That it is compared with.
    protocol : PublishedProtocol
        Thresholds, and how many sessions are initial.
    normalisation : str
        ``"causal"`` or ``"published"``.
    baseline : float, mapping, BaselineFrom or None
        As in `reverse_engineer`.
    seed : int
        Decides everything random.
    """

    model: ForecastModel
    others: tuple[ForecastModel, ...]
    protocol: PublishedProtocol
    normalisation: str
    baseline: GivenBaseline
    seed: int

    def __post_init__(self) -> None:
        checked_choice("normalisation", self.normalisation, NORMALISED)

    @classmethod
    def of(
        cls,
        model: str | ForecastModel,
        against: Sequence[str | ForecastModel] | None,
        **settings: Any,
    ) -> "ForecastPlan":
        """Return the plan with models, or those of these names; all others where none is given.

        Raises
        ------
        CanonicaError
            If there is no model of a name, or one is to be compared with itself.
        """
        chosen = _model("model", model)
        usual = [name for name in FORECAST_MODELS if name != chosen.name]
        named = usual if against is None else against
        others = {one.name: one for one in (_model("against", name) for name in named)}
        if chosen.name in others:
            raise CanonicaError(
                f"against: found the model itself, {chosen.name}; expected others. Leave it out."
            )
        return cls(chosen, tuple(others.values()), **settings)

    @property
    def models(self) -> tuple[ForecastModel, ...]:
        """The model of the forecast, then those it is compared with."""
        return self.model, *self.others

    @property
    def causal(self) -> bool:
        """Whether nothing of later sessions' responses is known."""
        return self.normalisation == "causal"

    @property
    def caveat(self) -> str:
        """What the normalisation means for the forecasts, in words."""
        return NORMALISED[self.normalisation]

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the forecast, as summary.json lists them."""
        thresholds = {name: getattr(self.protocol, name) for name in THRESHOLDS}
        return {
            "model": self.model.name,
            "against": [other.name for other in self.others],
            **settings_of(self.model),
            "initial_sessions": self.protocol.initial_sessions,
            "normalisation": self.normalisation,
            "baseline": f"that of condition {self.baseline.condition}"
            if isinstance(self.baseline, BaselineFrom)
            else self.baseline,
            **thresholds,
            "seed": self.seed,
        }


def _model(setting: str, model: str | ForecastModel) -> ForecastModel:
    if not isinstance(model, str):
        return model
    if model not in FORECAST_MODELS:
        known = listed(FORECAST_MODELS, len(FORECAST_MODELS))
        raise CanonicaError(f"{setting}: found {model!r}; expected one of {known}.")
    return FORECAST_MODELS[model]
