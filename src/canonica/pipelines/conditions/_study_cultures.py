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
from canonica.pipelines.conditions._study_ensembles import StudyEnsembles
from canonica.pipelines.conditions._study_recordings import StudyCulture
from canonica.pipelines.conditions._study_settings import StudySettings
from canonica.pipelines.conditions._study_store import PARTS, StudyStore, culture_key
from canonica.pipelines.executors._executor import Call, Executor, LostCallError, in_order
from canonica.reverse_engineering import (
    Baseline,
    GivenBaseline,
    baselines,
    results,
)
from canonica.reverse_engineering.conditions import culture_quantities
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Normalised,
    forecast_normalised,
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
    _published: dict[str, Baseline] = field(default_factory=dict, init=False)  # by condition
    _causal: dict[str, Baseline] = field(default_factory=dict, init=False)

    def quantities(self, cultures: Sequence[StudyCulture]) -> dict[str, dict[str, Any]]:
        """Return origin and quantities of each culture that all could be done with, by name."""
        protocol, given = self.settings.protocol, self.baseline
        self._published = baselines([one.published for one in cultures], protocol, given)
        self._causal = baselines([one.causal for one in cultures], protocol, given)
        stage = Stage(self.told, "Analysing and forecasting", len(cultures))
        found: dict[str, dict[str, Any]] = {}
        failed: dict[str, RecordingError] = {}
        for one, key, parts in self._parts(cultures):
            stage.advance()
            if isinstance(parts, RecordingError):
                failed[one.name] = parts
                continue
            row = recording_row(parts["analysis"])
            del row["name"], row["condition"]
            numbers = culture_quantities(*(parts[name] for name in PARTS))
            found[one.name] = row | {"study_key": key} | numbers
        self.failures += [failed[one.name] for one in cultures if one.name in failed]
        return {one.name: found[one.name] for one in cultures if one.name in found}

    def _parts(
        self, cultures: Sequence[StudyCulture]
    ) -> Iterator[tuple[StudyCulture, str, Parts | RecordingError]]:
        """Yield each culture, its key, and all parts of its result, or what is wrong with it.

        Those that are kept come first, then the others as they are done.
        """
        by_key = {}
        for one in cultures:
            key = self._key(one)
            kept = {part: self.store.kept(key, part) for part in PARTS}
            if all(part is not None for part in kept.values()):
                self.gone_on += 1
                yield one, key, cast("Parts", kept)
            else:
                by_key[key] = one
        for key, outcome in self.executor(self._calls(by_key)):
            one = by_key[key]
            if isinstance(outcome, LostCallError):
                said = {"found": outcome.found, "advice": outcome.advice}
                yield one, key, LostCallError(one.label, **said)
                continue
            if not isinstance(outcome, RecordingError):
                for part, dataset in outcome.items():
                    self.store.keep(key, part, dataset)
            yield one, key, outcome

    def _calls(self, by_key: Mapping[str, StudyCulture]) -> Iterator[Call]:
        """Yield what is to be done, with the ensembles of those cultures alone that are next."""
        for key, one in by_key.items():
            given = self._published[one.condition], self._causal[one.condition]
            yield Call(key, partial(culture_parts, one.ensembles, given, self.settings, key))

    def _key(self, one: StudyCulture) -> str:
        """Return the key of a culture's result, from all that decides it."""
        given = self._published[one.condition], self._causal[one.condition]
        decided_by = {
            "input": one.attrs.get("input_sha256", ""),
            "known": one.fingerprint,
            "name": one.name,
            "condition": one.condition,
            "baselines": [baseline.value for baseline in given],
            "protocol": self.settings.protocol.settings,
            "reading": self.settings.reading.given,
            "model": self.settings.model,
            "seed": self.settings.seed,
        }
        return culture_key(decided_by)


def culture_parts(
    ensembles: StudyEnsembles, given: tuple[Baseline, Baseline], settings: StudySettings, key: str
) -> Parts:
    """Return analysis, forecast and scores of one culture.

    Parameters
    ----------
    ensembles : StudyEnsembles
        Of the culture.
    given : (Baseline, Baseline)
        For the analysis and for the forecast.
    settings : StudySettings
        Of the study.
    key : str
        Of the result.

    Raises
    ------
    RecordingError
        If it cannot be analysed or forecast.
    """
    published, (baseline, blind) = ensembles.published, given
    causal = Normalised.of(ensembles.causal, settings.protocol, "causal", blind)
    of_condition = {published.condition: baseline.value}
    ((_, analysis),) = results({0: published}, settings.protocol, of_condition)
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
