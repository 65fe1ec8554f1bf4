"""From files of recordings to a folder of forecasts and their scores."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.progress import Progress

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._version import __version__
from canonica.cli._app import complain, output
from canonica.cli._paths import UniqueNames, recording_files
from canonica.cli._progress import progress
from canonica.cli._reading_recordings import (
    Row,
    counted,
    failure_rows,
    print_failed,
    print_reading,
    read_ensembles,
    recording_row,
    write_netcdf,
)
from canonica.cli._results_folder import SUMMARY, results_folder
from canonica.recordings import Reading
from canonica.report import (
    ForecastSummary,
    PlasticityFinding,
    evidence_sentence,
    forecast_figure,
    forecast_part,
    forecast_table,
    plasticity_found,
    rates_figure,
    recording_scores,
    write_figure,
    write_recordings_csv,
)
from canonica.reverse_engineering import LAST_SESSIONS, PublishedProtocol, attempt
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    THRESHOLDS,
    ForecastModel,
    Likelihood,
    Normalised,
    PairedComparison,
    PooledPlasticity,
    forecast_normalised,
    normalised_ensembles,
    paired_comparison,
    plasticity_likelihood,
    pooled_likelihoods,
    score_normalised,
    settings_of,
)

NORMALISED = {
    "causal": "Normalisation causal: ensembles, means and scales come from the initial sessions, "
    "so that forecasts are blind to the later ones.",
    "published": "Normalisation published: ensembles, means and scales come from all sessions, so "
    "that forecasts are NOT blind to the future.",
}
PROVENANCE = ("origin", "input_file", "input_sha256", "canonica_version", "jax_version")
WARNINGS = 8  # printed at most
RATES = "rates"  # file that no condition's figure may take the name of


@dataclass(frozen=True)
class ForecastPlan:
    """What is to be forecast, how, and against what.

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
    baseline : float, mapping or None
        As in `reverse_engineer`.
    seed : int
        Decides everything random.
    """

    model: ForecastModel
    others: tuple[ForecastModel, ...]
    protocol: PublishedProtocol
    normalisation: str
    baseline: float | Mapping[str, float] | None
    seed: int

    @classmethod
    def named(cls, model: str, against: Sequence[str] | None, **settings: Any) -> "ForecastPlan":
        """Return the plan with models of these names; against all others where none is given.

        Raises
        ------
        CanonicaError
            If there is no model of a name, or one is to be compared with itself.
        """
        chosen = _model("--model", model)
        names = dict.fromkeys(against or (name for name in FORECAST_MODELS if name != model))
        others = tuple(_model("--against", name) for name in names)
        if model in names:
            raise CanonicaError(
                f"--against {model}: found the model itself; expected another. Leave it out."
            )
        return cls(chosen, others, **settings)

    @property
    def models(self) -> tuple[ForecastModel, ...]:
        """All of them, the chosen one first."""
        return self.model, *self.others

    @property
    def causal(self) -> bool:
        """Whether nothing of later sessions' responses is known."""
        return self.normalisation == "causal"

    @property
    def settings(self) -> dict[str, Any]:
        """What summary.json says of it."""
        thresholds = {name: getattr(self.protocol, name) for name in THRESHOLDS}
        return {
            "model": self.model.name,
            "against": [other.name for other in self.others],
            **settings_of(self.model),
            "initial_sessions": self.protocol.initial_sessions,
            "normalisation": self.normalisation,
            "baseline": self.baseline,
            **thresholds,
            "seed": self.seed,
        }


def _model(option: str, name: str) -> ForecastModel:
    if name not in FORECAST_MODELS:
        known = listed(FORECAST_MODELS, len(FORECAST_MODELS))
        raise CanonicaError(f"{option}: found {name!r}; expected one of {known}.")
    return FORECAST_MODELS[name]


@dataclass
class Found:
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


@dataclass
class ConditionFound:
    """What the recordings of one condition have in common."""

    summary: ForecastSummary
    comparisons: dict[str, PairedComparison]
    best_other: str | None
    plasticity: list[PlasticityFinding]
    pooled: PooledPlasticity | None
    figure: str

    @property
    def sentences(self) -> list[str]:
        """The main findings in plain words."""
        found = []
        if self.best_other is not None:
            found.append(f"Squared error: {self.comparisons[self.best_other].sentence}")
        if self.plasticity:
            found.append(evidence_sentence(self.plasticity))
        return found if self.pooled is None else [*found, self.pooled.sentence]


@dataclass
class Forecasts:
    """All that has been found so far."""

    recordings: list[Found] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)
    conditions: list[ConditionFound] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def forecast_and_report(
    paths: Sequence[Path],
    out: Path,
    *,
    plan: ForecastPlan,
    reading: Reading,
    jobs: int,
    overwrite: bool,
) -> int:
    """Forecast the recordings in `paths`, print how good that was, and return the exit code.

    Raises
    ------
    CanonicaError
        If the call makes no sense, or nothing could be forecast.
    """
    files = recording_files(paths)
    with results_folder(out, overwrite=overwrite) as folder, progress() as shown:
        found = forecast_files(files, folder, plan=plan, reading=reading, jobs=jobs, shown=shown)
        for failure in found.failures:
            complain(str(failure))
        if not found.recordings:
            reason = found.failures[0] if found.failures else None
            raise CanonicaError("nothing could be forecast, and nothing was written.") from reason
    print_reading([one.row for one in found.recordings])
    for condition in found.conditions:
        output.print(forecast_table(condition.summary))
        for sentence in condition.sentences:
            output.print(sentence, highlight=False, markup=False)
        output.print()
    _print_diagnostics(found.recordings)
    output.print(
        NORMALISED[plan.normalisation], highlight=False, style="dim" if plan.causal else "yellow"
    )
    output.print(f"\nResults: {out}", highlight=False, markup=False, soft_wrap=True)
    _print_tally(found)
    return 1 if found.failures else 0


def _print_diagnostics(recordings: Sequence[Found]) -> None:
    """Say where a posterior is not to be trusted."""
    warned = [
        f"{one.plasticity.name}: {one.plasticity.diagnostic_warning}"
        for one in recordings
        if one.plasticity and one.plasticity.diagnostic_warning
    ]
    for words in warned[:WARNINGS]:
        output.print(words, highlight=False, markup=False, style="yellow")
    if len(warned) > WARNINGS:
        more = f"... and {len(warned) - WARNINGS} more such warnings, listed in recordings.csv"
        output.print(more, highlight=False, style="yellow")


def _print_tally(found: Forecasts) -> None:
    figures = sum(Path(file).suffix == ".png" for file in found.files)
    output.print(
        f"  {counted(len(found.recordings), 'forecast')} and as many files of scores (NetCDF), "
        f"{counted(figures, 'figure')} (PNG), summary.json, recordings.csv",
        highlight=False,
    )
    print_failed(found.failures)


def forecast_files(
    files: Sequence[Path],
    folder: Path,
    *,
    plan: ForecastPlan,
    reading: Reading,
    jobs: int,
    shown: Progress,
) -> Forecasts:
    """Return what was found in `files`, its results written to `folder`."""
    ensembles, failures = read_ensembles(
        files,
        protocol=plan.protocol,
        reading=reading,
        jobs=jobs,
        baseline=plan.baseline,
        shown=shown,
        causal=plan.causal,
    )
    found = Forecasts(failures=failures)
    recordings = normalised_ensembles(ensembles, plan.protocol, plan.normalisation, plan.baseline)
    names = UniqueNames()  # of files: scores of one recording may be called like another
    for one in ensembles:
        names.unique(str(one.attrs["name"]))
    task = shown.add_task("Forecasting", total=len(recordings))
    for one, ensemble in zip(recordings, ensembles, strict=True):
        shown.update(task, description=f"Forecasting {ensemble.attrs['name']}")
        outcome = one if isinstance(one, RecordingError) else attempt(_forecast, one, plan)
        if isinstance(outcome, RecordingError):
            found.failures.append(outcome)
        else:
            found.recordings.append(_written(*outcome, folder=folder, names=names, found=found))
        shown.advance(task)
    if found.recordings:
        found.recordings.sort(key=lambda one: one.row["name"])
        _summarise(plan, folder, shown, found)
        _write_summary(plan, reading, folder, found)
    return found


def _forecast(
    recording: Normalised, plan: ForecastPlan
) -> tuple[xr.Dataset, xr.Dataset, np.ndarray]:
    """Return the chosen model's forecast, the scores of all models, and mean responses by state."""
    chosen, scores = xr.Dataset(), []
    for model in plan.models:
        forecast = forecast_normalised(recording, plan.protocol, model, seed=plan.seed)
        scores.append(_scored(forecast, recording))
        if model is plan.model:
            chosen = forecast
    ensembles = recording.ensembles
    responses = ensembles.states.session_means(recording.response.T, ensembles.sessions)
    return chosen, _of_models(scores, chosen), responses.swapaxes(1, 2)


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


def _written(
    forecast: xr.Dataset,
    scores: xr.Dataset,
    responses: np.ndarray,
    *,
    folder: Path,
    names: UniqueNames,
    found: Forecasts,
) -> Found:
    """Return what is held of a recording, its forecast and scores written."""
    name = str(forecast.attrs["name"])
    files = {"result_file": f"{name}.nc", "score_file": f"{names.unique(f'{name}.scores')}.nc"}
    for dataset, file in zip((forecast, scores), files.values(), strict=True):
        write_netcdf(dataset, folder / file)
        found.files.append(file)
    return Found(
        recording_row(forecast) | files,
        recording_scores(scores),
        forecast_part(forecast, responses, scores),
        plasticity_found(forecast.attrs),
        plasticity_likelihood(forecast),
    )


def _summarise(plan: ForecastPlan, folder: Path, shown: Progress, found: Forecasts) -> None:
    """Add what conditions have in common, and draw them."""
    conditions = sorted({one.condition for one in found.recordings})
    task = shown.add_task("Drawing figures", total=len(conditions))
    names = UniqueNames()
    rates = f"{names.unique(RATES)}.png"
    for condition in conditions:
        recordings = [one for one in found.recordings if one.condition == condition]
        file = f"{names.unique(condition)}.png"
        write_figure(forecast_figure(condition, [one.part for one in recordings]), folder / file)
        found.files.append(file)
        found.conditions.append(_condition(condition, recordings, plan.seed, file))
        shown.advance(task)
    plasticity = [one.plasticity for one in found.recordings if one.plasticity]
    if plasticity:
        write_figure(rates_figure(plasticity), folder / rates)
        found.files.append(rates)


def _condition(
    condition: str, recordings: Sequence[Found], seed: int, figure: str
) -> ConditionFound:
    summary = ForecastSummary.of(condition, [one.scores for one in recordings])
    chosen, *others = summary.medians
    errors = {
        model: [one.scores[model]["squared_error"] for one in recordings]
        for model in summary.medians
    }
    comparisons = paired_comparison(errors, chosen, seed=seed)
    best = min(others, key=lambda model: summary.medians[model]["squared_error"], default=None)
    plasticity = [one.plasticity for one in recordings if one.plasticity]
    return ConditionFound(
        summary, comparisons, best, plasticity, _pooled(condition, recordings), figure
    )


def _pooled(condition: str, recordings: Sequence[Found]) -> PooledPlasticity | None:
    """Return what recordings together tell; None where the model says nothing on rates."""
    likelihoods = [one.likelihood for one in recordings if one.likelihood is not None]
    if not likelihoods:
        return None
    return pooled_likelihoods(likelihoods, condition=condition)


def _write_summary(plan: ForecastPlan, reading: Reading, folder: Path, found: Forecasts) -> None:
    csv_file = "recordings.csv"
    write_recordings_csv(folder / csv_file, [_flat(one) for one in found.recordings])
    found.files.append(csv_file)
    summary = {
        "canonica_version": __version__,
        "settings": plan.settings | {"reading": reading.given},
        "sessions_scored_at_most": LAST_SESSIONS,
        "causal": plan.causal,
        "caveat": NORMALISED[plan.normalisation],
        "conditions": [_of_condition(one) for one in found.conditions],
        "recordings": [_of_recording(one) for one in found.recordings],
        "failures": failure_rows(found.failures),
        "files": sorted(found.files),
    }
    text = json.dumps(_plain(summary), indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _flat(one: Found) -> Row:
    scores = {
        f"{model}_{score}": value
        for model, values in one.scores.items()
        for score, value in values.items()
    }
    return one.row | scores | (one.plasticity.values if one.plasticity else {})


def _of_recording(one: Found) -> dict[str, Any]:
    plasticity = one.plasticity.values if one.plasticity else None
    return one.row | {"scores": one.scores, "plasticity": plasticity}


def _of_condition(one: ConditionFound) -> dict[str, Any]:
    return {
        **asdict(one.summary),
        "comparisons": [
            asdict(comparison) | {"conclusion": comparison.sentence}
            for comparison in one.comparisons.values()
        ],
        "best_other": one.best_other,
        "verdicts": Counter(found.verdict for found in one.plasticity),
        "pooled_plasticity": one.pooled
        and asdict(one.pooled) | {"conclusion": one.pooled.sentence},
        "conclusions": one.sentences,
        "figure_file": one.figure,
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and math.isinf(value):
        return str(value)  # JSON has no infinity
    return str(value) if isinstance(value, Path) else value
