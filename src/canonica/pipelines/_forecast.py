"""From files of recordings to a folder of forecasts and their scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import AnyPath
from canonica.pipelines._forecast_plan import ForecastPlan
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._observed_responses import with_observed
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._reading_ensembles import read_ensembles
from canonica.pipelines._recording_rows import Row, recording_row
from canonica.pipelines._report import REPORT, write_page
from canonica.pipelines.results._results_files import failure_rows, write_netcdf, write_summary
from canonica.pipelines.results._results_folder import results_folder
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.recordings import Reading, recording_files
from canonica.report import (
    FigureFormat,
    ForecastSummary,
    PlasticityFinding,
    evidence_sentence,
    forecast_figure,
    forecast_part,
    plasticity_found,
    rates_figure,
    recording_scores,
    write_figure,
    write_recordings_csv,
)
from canonica.reverse_engineering import (
    LAST_SESSIONS,
    EnsembleResponse,
    GivenBaseline,
    PublishedProtocol,
    attempt,
    own_baselines,
)
from canonica.reverse_engineering.forecasting import (
    ForecastModel,
    Likelihood,
    Normalised,
    PairedComparison,
    PooledPlasticity,
    Predictions,
    Weighted,
    forecast_normalised,
    normalised_ensembles,
    paired_comparison,
    plasticity_likelihood,
    pooled_likelihoods,
    score_normalised,
    shared_models,
)

PROVENANCE = ("origin", "input_file", "input_sha256", "canonica_version", "jax_version")
TABLE = "recordings.csv"
RATES = "rates"  # file that no condition's figure may take the name of


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


@dataclass
class ConditionForecast:
    """What the recordings of one condition have in common."""

    summary: ForecastSummary
    comparisons: dict[str, PairedComparison]
    best_other: str | None
    plasticity: list[PlasticityFinding]
    pooled: PooledPlasticity | None
    stacked: Weighted | None
    figure: str
    initial_sessions: int

    @property
    def sentences(self) -> list[str]:
        """The main findings in plain words."""
        found = []
        if self.best_other is not None:
            found.append(f"Squared error: {self.comparisons[self.best_other].sentence}")
        if self.stacked is not None:
            found.append(self.stacked.sentence)
        if self.plasticity:
            found.append(evidence_sentence(self.plasticity, self.initial_sessions))
        return found if self.pooled is None else [*found, self.pooled.sentence]


@dataclass
class Forecasts:
    """What forecasts of recordings found, and wrote.

    Parameters
    ----------
    plan : ForecastPlan
        What was forecast, how, and against what.
    recordings : list of RecordingForecast
        What is held of every recording, sorted by name.
    failures : list of RecordingError
        What could not be read or forecast.
    conditions : list of ConditionForecast
        What the recordings of each condition have in common.
    files : list of str
        Names of the files in the folder, but for summary.json.
    stacked : dict
        By condition, the models with the weights that they have when stacked, where they are.
    """

    plan: ForecastPlan
    recordings: list[RecordingForecast] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)
    conditions: list[ConditionForecast] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    stacked: dict[str, Weighted] = field(default_factory=dict)

    @property
    def baseline_warning(self) -> str | None:
        """What to bear in mind where conditions have baselines of their own; None where not."""
        return own_baselines([one.row for one in self.recordings])


@checked_arguments
def forecast(
    paths: AnyPath | Sequence[AnyPath],
    out: AnyPath,
    *,
    model: str | ForecastModel = "canonical",
    against: Sequence[str | ForecastModel] | None = None,
    protocol: PublishedProtocol | None = None,
    normalisation: str = "causal",
    baseline: GivenBaseline = None,
    seed: int = 0,
    reading: Reading | None = None,
    jobs: int | None = None,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    report: bool = False,
    progress: Told | None = None,
) -> Forecasts:
    """Foretell the responses of later sessions, score that, and write all of it to a folder.

    Does what `canonica forecast` does, and writes the same files: for every recording the
    forecast, NAME.nc, and the scores of all models, NAME.scores.nc; for every condition a figure;
    summary.json and recordings.csv; rates.png where the model estimates how plastic a network is.
    A recording that fails does not stop the others. The folder is complete or as it was.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Files of recordings, folders of them, or patterns such as ``data/*.nwb``.
    out : path-like
        Folder for the results; made if it is not there.
    model : str or ForecastModel, optional
        Whose forecast is written.
    against : sequence of str or ForecastModel, optional
        That it is compared with; all others by default, none where it is empty.
    protocol : PublishedProtocol, optional
        Thresholds of ensembles, and how many sessions are initial.
    normalisation : str, optional
        ``"causal"``, from the initial sessions alone, or ``"published"``, from all of them, which
        is not blind to the future.
    baseline, reading, jobs, figure_format, overwrite, report, progress
        As in `analyze`.
    seed : int, optional
        Decides everything random.

    Returns
    -------
    Forecasts
        What was found; where `failures` has any, some recordings are not in it.

    Raises
    ------
    NothingUsableError
        If no recording could be forecast. Nothing is written then.
    CanonicaError
        If a setting makes no sense, or the folder holds anything but earlier results that may be
        replaced.

    See Also
    --------
    canonica.forecast : The same for recordings in memory.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.recordings import write
    >>> from canonica.simulate import culture
    >>> folder = Path(mkdtemp())
    >>> write(folder / "c.mat", culture(2, sessions=12, trials_per_session=64))
    >>> found = forecast(
    ...     folder / "c.mat",
    ...     folder / "forecasts",
    ...     model="ridge",
    ...     against=["persistence"],
    ...     reading=Reading(trials_per_session=64),
    ... )
    >>> found.files
    ['c.nc', 'c.scores.nc', 'simulated.png', 'recordings.csv']
    """
    plan = ForecastPlan.of(
        model,
        against,
        protocol=protocol or PublishedProtocol(),
        normalisation=normalisation,
        baseline=baseline,
        seed=checked_seed(seed),
    )
    reading = reading or Reading()
    files = recording_files(paths, reading)
    with results_folder(Path(out), overwrite=overwrite) as folder:
        ensembles, failures = read_ensembles(
            files,
            protocol=plan.protocol,
            reading=reading,
            jobs=jobs,
            baseline=plan.baseline,
            progress=progress,
            causal=plan.causal,
        )
        found = Forecasts(plan, failures=failures)
        _forecast_each(ensembles, folder, progress, found)
        if not found.recordings:
            raise NothingUsableError(
                "nothing could be forecast, and nothing was written.", failures
            ) from next(iter(failures), None)
        found.recordings.sort(key=lambda one: one.row["name"])
        _summarise(plan, folder, progress, found, figure_format)
        found.files += [REPORT] if report else []
        _write_tables(plan, reading, folder, found)
        if report:
            write_page(folder, progress)
    return found


def _forecast_each(
    ensembles: Sequence[EnsembleResponse], folder: Path, progress: Told | None, found: Forecasts
) -> None:
    """Add the forecast of each recording, written to the folder, or what is wrong with it."""
    plan = found.plan
    recordings = normalised_ensembles(ensembles, plan.protocol, plan.normalisation, plan.baseline)
    every = [shared_models(recordings, plan.protocol, one, seed=plan.seed) for one in plan.models]
    for shared in every:
        found.stacked |= {key: one for key, one in shared.items() if isinstance(one, Weighted)}
    names = UniqueNames()  # of files: scores of one recording may be called like another
    for one in ensembles:
        names.unique(str(one.attrs["name"]))
    stage = Stage(progress, "Forecasting", len(recordings))
    for one, ensemble in zip(recordings, ensembles, strict=True):
        stage.begin(str(ensemble.attrs["name"]))
        models = [] if isinstance(one, RecordingError) else _of_condition_of(one, every)
        outcome = one if isinstance(one, RecordingError) else attempt(_forecast, one, plan, models)
        if isinstance(outcome, RecordingError):
            found.failures.append(outcome)
        else:
            found.recordings.append(_written(*outcome, folder=folder, names=names, found=found))
        stage.advance()


def _of_condition_of(
    recording: Normalised, every: Sequence[Mapping[str, ForecastModel]]
) -> list[ForecastModel]:
    """Return each model as it is for the recording's condition."""
    return [shared[recording.ensembles.condition] for shared in every]


def _forecast(
    recording: Normalised, plan: ForecastPlan, models: Sequence[ForecastModel]
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the chosen model's forecast, and beside the scores of all models what was observed.

    The chosen model is the first.
    """
    made: Predictions = []  # by single models: those that are stacked need not forecast anew

    def by(model: ForecastModel) -> xr.Dataset:
        return forecast_normalised(recording, plan.protocol, model, seed=plan.seed, made=made)

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


def _written(
    forecast: xr.Dataset,
    scores: xr.Dataset,
    *,
    folder: Path,
    names: UniqueNames,
    found: Forecasts,
) -> RecordingForecast:
    """Return what is held of a recording, its forecast and scores written."""
    name = str(forecast.attrs["name"])
    files = {"result_file": f"{name}.nc", "score_file": f"{names.unique(f'{name}.scores')}.nc"}
    for dataset, file in zip((forecast, scores), files.values(), strict=True):
        write_netcdf(dataset, folder / file)
        found.files.append(file)
    return RecordingForecast(
        recording_row(forecast) | files,
        recording_scores(scores),
        forecast_part(forecast, scores["state_response"].to_numpy(), scores),
        plasticity_found(forecast.attrs),
        plasticity_likelihood(forecast),
    )


def _summarise(
    plan: ForecastPlan,
    folder: Path,
    progress: Told | None,
    found: Forecasts,
    figure_format: FigureFormat,
) -> None:
    """Add what conditions have in common, and draw them."""
    conditions = sorted({one.condition for one in found.recordings})
    stage = Stage(progress, "Drawing figures", len(conditions))
    names = UniqueNames()
    rates = f"{names.unique(RATES)}.{figure_format}"
    for condition in conditions:
        recordings = [one for one in found.recordings if one.condition == condition]
        file = f"{names.unique(condition)}.{figure_format}"
        figure = forecast_figure(condition, [one.part for one in recordings])
        write_figure(figure, folder / file, figure_format)
        found.files.append(file)
        stacked = found.stacked.get(condition)
        found.conditions.append(_condition(recordings, plan, stacked, file))
        stage.advance()
    plasticity = [one.plasticity for one in found.recordings if one.plasticity]
    if plasticity:
        write_figure(rates_figure(plasticity), folder / rates, figure_format)
        found.files.append(rates)


def _condition(
    recordings: Sequence[RecordingForecast],
    plan: ForecastPlan,
    stacked: Weighted | None,
    figure: str,
) -> ConditionForecast:
    condition = recordings[0].condition
    summary = ForecastSummary.of(condition, [one.scores for one in recordings])
    chosen, *others = summary.medians
    errors = {
        model: [one.scores[model]["squared_error"] for one in recordings]
        for model in summary.medians
    }
    comparisons = paired_comparison(errors, chosen, seed=plan.seed)
    best = min(others, key=lambda model: summary.medians[model]["squared_error"], default=None)
    plasticity = [one.plasticity for one in recordings if one.plasticity]
    return ConditionForecast(
        summary,
        comparisons,
        best,
        plasticity,
        _pooled(condition, recordings),
        stacked,
        figure,
        plan.protocol.initial_sessions,
    )


def _pooled(condition: str, recordings: Sequence[RecordingForecast]) -> PooledPlasticity | None:
    """Return what recordings together tell; None where the model says nothing on rates."""
    likelihoods = [one.likelihood for one in recordings if one.likelihood is not None]
    if not likelihoods:
        return None
    return pooled_likelihoods(likelihoods, condition=condition)


def _write_tables(plan: ForecastPlan, reading: Reading, folder: Path, found: Forecasts) -> None:
    write_recordings_csv(folder / TABLE, [_flat(one) for one in found.recordings])
    found.files.append(TABLE)
    contents = {
        "settings": plan.settings | {"reading": reading.given},
        "sessions_scored_at_most": LAST_SESSIONS,
        "causal": plan.causal,
        "caveat": plan.caveat,
        "baseline_warning": found.baseline_warning,
        "conditions": [_of_condition(one) for one in found.conditions],
        "recordings": [_of_recording(one) for one in found.recordings],
        "failures": failure_rows(found.failures),
    }
    write_summary(folder, "forecast", contents, found.files)


def _flat(one: RecordingForecast) -> Row:
    scores = {
        f"{model}_{score}": value
        for model, values in one.scores.items()
        for score, value in values.items()
    }
    return one.row | scores | (one.plasticity.values if one.plasticity else {})


def _of_recording(one: RecordingForecast) -> dict[str, Any]:
    plasticity = one.plasticity.values if one.plasticity else None
    return one.row | {"scores": one.scores, "plasticity": plasticity}


def _of_condition(one: ConditionForecast) -> dict[str, Any]:
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
        "stacked_weights": one.stacked and one.stacked.by_name,
        "conclusions": one.sentences,
        "figure_file": one.figure,
    }
