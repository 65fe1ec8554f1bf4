"""The forecast of one recording: made, scored beside others, and what is held of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._memory import hand_back
from canonica.pipelines._forecast_plan import ForecastPlan
from canonica.pipelines._observed_responses import with_observed
from canonica.pipelines._recording_rows import Row
from canonica.report import (
    PlasticityFinding,
)
from canonica.reverse_engineering.forecasting import (
    ForecastModel,
    Likelihood,
    Normalised,
    Predictions,
    forecast_normalised,
    score_normalised,
)

PROVENANCE = ("origin", "input_file", "input_sha256", "canonica_version", "jax_version")


@dataclass
class RecordingForecast:
    """What one recording contributes to tables and figures: little, so that many can be held."""

    row: Row
    scores: dict[str, dict[str, float]]
    part: xr.Dataset
    plasticity: PlasticityFinding | None
    likelihood: Likelihood | None

    @property
    def condition(self) -> str:
        """The group that the recording belongs to."""
        return str(self.row["condition"])


def forecast_and_scores(
    recording: Normalised, plan: ForecastPlan, models: Sequence[ForecastModel]
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the chosen model's forecast, and beside the scores of all models what was observed.

    The chosen model is the first.
    """
    made: Predictions = []  # by single models: those that are stacked need not forecast anew

    def by(model: ForecastModel) -> xr.Dataset:
        forecast = forecast_normalised(recording, plan.protocol, model, seed=plan.seed, made=made)
        hand_back()
        return forecast

    first, *others = models
    chosen = by(first)
    scores = [_scored(chosen, recording), *(_scored(by(one), recording) for one in others)]
    return chosen, with_observed(_of_models(scores, chosen), chosen, recording)


def _scored(forecast: xr.Dataset, recording: Normalised) -> xr.Dataset:
    """Return the scores of a forecast; a model that fails on a recording fails this one only."""
    model = forecast.attrs["model"]
    try:
        scores = score_normalised(forecast, recording)
    except RecordingError:
        raise
    except CanonicaError as error:
        raise _unusable(recording, model, str(error)) from error
    bad = [str(name) for name in scores if not np.isfinite(scores[name]).all()]
    if bad:
        raise _unusable(recording, model, f"scores that are NaN or infinite ({listed(bad)})")
    return scores


def _unusable(recording: Normalised, model: str, found: str) -> RecordingError:
    return RecordingError(
        recording.ensembles.label,
        None,
        found=f"in the forecast of the model {model}: {found}",
        expected="a forecast that can be scored",
        advice="Leave out the model (--against), or the recording.",
    )


def _of_models(scores: Sequence[xr.Dataset], chosen: xr.Dataset) -> xr.Dataset:
    """Return the scores with a dimension for the model, the chosen one first."""
    names = [str(one.attrs["model"]) for one in scores]
    joined = xr.concat(scores, dim="model", combine_attrs="override", join="exact")
    joined = joined.assign_coords(model=("model", names, {"long_name": "forecasting model"}))
    common = {key: value for key, value in scores[0].attrs.items() if key != "model"}
    origin = {key: chosen.attrs[key] for key in PROVENANCE if key in chosen.attrs}
    joined.attrs = common | origin
    return joined
