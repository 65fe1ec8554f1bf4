"""Every culture of a study analysed, forecast and scored: as it is kept, or anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, cast

import xarray as xr

from canonica._errors import RecordingError
from canonica.pipelines._observed_responses import with_observed
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_rows import recording_row
from canonica.pipelines.conditions._study_recordings import StudyCulture
from canonica.pipelines.conditions._study_settings import StudySettings
from canonica.pipelines.conditions._study_store import PARTS, StudyStore, culture_key
from canonica.pipelines.executors._executor import Call, Executor, LostCallError, in_order
from canonica.reverse_engineering import (
    Baseline,
    EnsembleResponse,
    GivenBaseline,
    baselines,
    results,
)
from canonica.reverse_engineering.conditions import culture_quantities
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Normalised,
    forecast_normalised,
    normalised_ensembles,
    score_normalised,
)

Parts: TypeAlias = dict[str, xr.Dataset]  # of a culture's result, by the names of PARTS


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
    executor : Executor
        Who does it.
    failures : list of RecordingError
        What could not be analysed or forecast.
    gone_on : int
        How many cultures had been done before.
    """

    settings: StudySettings
    baseline: GivenBaseline
    store: StudyStore
    told: Told | None
    executor: Executor = in_order
    failures: list[RecordingError] = field(default_factory=list)
    gone_on: int = 0
    _baselines: dict[str, Baseline] = field(default_factory=dict, init=False)

    def quantities(self, cultures: Sequence[StudyCulture]) -> dict[str, dict[str, Any]]:
        """Return origin and quantities of each culture that all could be done with, by name."""
        self._baselines = baselines(
            [one.published for one in cultures], self.settings.protocol, self.baseline
        )
        ready = self._ready(cultures)
        able = [one for one in cultures if one.name in ready]
        stage = Stage(self.told, "Analysing and forecasting", len(able))
        found: dict[str, dict[str, Any]] = {}
        for one, key, parts in self._parts(able, ready):
            stage.advance()
            if isinstance(parts, RecordingError):
                self.failures.append(parts)
                continue
            row = recording_row(parts["analysis"])
            del row["name"], row["condition"]
            numbers = culture_quantities(*(parts[name] for name in PARTS))
            found[one.name] = row | {"study_key": key} | numbers
        return {one.name: found[one.name] for one in able if one.name in found}

    def _parts(
        self, cultures: Sequence[StudyCulture], ready: Mapping[str, Normalised]
    ) -> Iterator[tuple[StudyCulture, str, Parts | RecordingError]]:
        """Yield each culture, its key, and all parts of its result, or what is wrong with it.

        Those that are kept come first, then the others as they are done.
        """
        by_key = {}
        for one in cultures:
            key = self._key(one, ready[one.name])
            kept = {part: self.store.kept(key, part) for part in PARTS}
            if all(part is not None for part in kept.values()):
                self.gone_on += 1
                yield one, key, cast("Parts", kept)
            else:
                by_key[key] = one
        for key, outcome in self.executor(self._calls(by_key, ready)):
            one = by_key[key]
            if isinstance(outcome, LostCallError):
                said = {"found": outcome.found, "advice": outcome.advice}
                yield one, key, LostCallError(one.published.label, **said)
                continue
            if not isinstance(outcome, RecordingError):
                for part, dataset in outcome.items():
                    self.store.keep(key, part, dataset)
            yield one, key, outcome

    def _calls(
        self, by_key: Mapping[str, StudyCulture], ready: Mapping[str, Normalised]
    ) -> Iterator[Call]:
        for key, one in by_key.items():
            baseline = self._baselines[one.published.condition]
            work = partial(culture_parts, one.published, ready[one.name], baseline, self.settings)
            yield Call(key, partial(work, key))

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


def culture_parts(
    published: EnsembleResponse,
    causal: Normalised,
    baseline: Baseline,
    settings: StudySettings,
    key: str,
) -> Parts:
    """Return analysis, forecast and scores of one culture.

    Raises
    ------
    RecordingError
        If it cannot be analysed or forecast.
    """
    given = {published.condition: baseline.value}
    ((_, analysis),) = results({0: published}, settings.protocol, given)
    if isinstance(analysis, RecordingError):
        raise analysis
    model = FORECAST_MODELS[settings.model]
    forecast = forecast_normalised(causal, settings.protocol, model, seed=settings.seed)
    scores = with_observed(score_normalised(forecast, causal), forecast, causal)
    made = (analysis.assign_attrs(baseline_origin=baseline.origin), forecast, scores)
    return {
        part: dataset.assign_attrs(study_key=key, study_part=part)
        for part, dataset in zip(PARTS, made, strict=True)
    }
