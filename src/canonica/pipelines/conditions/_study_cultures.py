"""Every culture of a study analysed, forecast and scored: as it is kept, or anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from canonica._errors import RecordingError
from canonica.pipelines._observed_responses import with_observed
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_rows import recording_row
from canonica.pipelines.conditions._study_recordings import StudyCulture
from canonica.pipelines.conditions._study_settings import StudySettings
from canonica.pipelines.conditions._study_store import StudyStore, culture_key
from canonica.reverse_engineering import Baseline, GivenBaseline, attempt, baselines, results
from canonica.reverse_engineering.conditions import culture_quantities
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Normalised,
    forecast_normalised,
    normalised_ensembles,
    score_normalised,
)


@dataclass
class CultureWork:
    """What is to be done with each culture, and what became of it.

    Parameters
    ----------
    settings : StudySettings
        Of the study.
    baseline : float, BaselineFrom or None
        For the analysis and for the forecast.
    store : StudyStore
        Where results are kept.
    told : callable
        Of progress.
    failures : list of RecordingError
        What could not be analysed or forecast.
    gone_on : int
        How many cultures had been analysed before.
    """

    settings: StudySettings
    baseline: GivenBaseline
    store: StudyStore
    told: Told | None
    failures: list[RecordingError] = field(default_factory=list)
    gone_on: int = 0
    _baselines: dict[str, Baseline] = field(default_factory=dict, init=False)

    def quantities(self, cultures: Sequence[StudyCulture]) -> dict[str, dict[str, Any]]:
        """Return origin and quantities of each culture that all could be done with, by name."""
        self._baselines = baselines(
            [one.published for one in cultures], self.settings.protocol, self.baseline
        )
        ready = self._ready(cultures)
        keys = {
            name: self._key(one, ready[name]) for one in cultures if (name := one.name) in ready
        }
        able = [one for one in cultures if one.name in ready]
        analysed = self._analysed(able, keys)
        stage = Stage(self.told, "Forecasting", len(analysed))
        found = {}
        for name, analysis in analysed.items():
            stage.begin(name)
            outcome = attempt(self._forecast, ready[name], keys[name])
            stage.advance()
            if isinstance(outcome, RecordingError):
                self.failures.append(outcome)
                continue
            row = recording_row(analysis)
            del row["name"], row["condition"]
            found[name] = row | {"study_key": keys[name]} | culture_quantities(analysis, *outcome)
        return found

    def _ready(self, cultures: Sequence[StudyCulture]) -> dict[str, Normalised]:
        """Return what is to be forecast, by the name of the culture; note what cannot be."""
        ready = normalised_ensembles(
            [one.causal for one in cultures], self.settings.protocol, "causal", self.baseline
        )
        self.failures += [one for one in ready if isinstance(one, RecordingError)]
        return {
            culture.name: one
            for culture, one in zip(cultures, ready, strict=True)
            if isinstance(one, Normalised)
        }

    def _key(self, one: StudyCulture, ready: Normalised) -> str:
        """Return the key of a culture's result, from all that decides it."""
        published = one.published
        decided_by = {
            "input": published.attrs.get("input_sha256", ""),
            "known": published.fingerprint,
            "name": one.name,
            "condition": published.condition,
            "baselines": [self._baselines[published.condition].value, ready.baseline.value],
            "protocol": self.settings.protocol.settings,
            "reading": self.settings.reading.given,
            "model": self.settings.model,
            "seed": self.settings.seed,
        }
        return culture_key(decided_by)

    def _analysed(
        self, cultures: Sequence[StudyCulture], keys: dict[str, str]
    ) -> dict[str, xr.Dataset]:
        """Return the analysis of each culture by name, in their order."""
        stage = Stage(self.told, "Analysing recordings", len(cultures))
        analysed = {}
        for one in cultures:
            kept = self.store.kept(keys[one.name], "analysis")
            if kept is not None:
                analysed[one.name] = kept
                stage.advance()
        self.gone_on = len(analysed)
        missing = {k: one.published for k, one in enumerate(cultures) if one.name not in analysed}
        given = {condition: one.value for condition, one in self._baselines.items()}
        for number, result in results(missing, self.settings.protocol, given):
            stage.advance()
            if isinstance(result, RecordingError):
                self.failures.append(result)
                continue
            name = cultures[number].name
            origin = self._baselines[cultures[number].published.condition].origin
            analysed[name] = _marked(result, keys[name], "analysis").assign_attrs(
                baseline_origin=origin
            )
            self.store.keep(keys[name], "analysis", analysed[name])
        return {one.name: analysed[one.name] for one in cultures if one.name in analysed}

    def _forecast(self, recording: Normalised, key: str) -> tuple[xr.Dataset, xr.Dataset]:
        settings, model = self.settings, FORECAST_MODELS[self.settings.model]

        def foretold() -> xr.Dataset:
            made = forecast_normalised(recording, settings.protocol, model, seed=settings.seed)
            return _marked(made, key, "forecast")

        forecast = self.store.found(key, "forecast", foretold)

        def scored() -> xr.Dataset:
            scores = score_normalised(forecast, recording)
            return _marked(with_observed(scores, forecast, recording), key, "scores")

        return forecast, self.store.found(key, "scores", scored)


def _marked(dataset: xr.Dataset, key: str, part: str) -> xr.Dataset:
    return dataset.assign_attrs(study_key=key, study_part=part)
