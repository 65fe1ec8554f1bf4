"""From files of recordings to a folder of forecasts and their scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._errors import RecordingError
from canonica._files import AnyPath
from canonica._memory import hand_back
from canonica.pipelines._condition_forecast import condition_forecast
from canonica.pipelines._forecast_plan import ForecastPlan
from canonica.pipelines._forecasts_found import Forecasts, write_tables
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._reading_ensembles import read_ensembles
from canonica.pipelines._recording_forecast import RecordingForecast, forecast_and_scores
from canonica.pipelines._recording_rows import recording_row
from canonica.pipelines._report import REPORT, write_page
from canonica.pipelines.results._results_files import write_netcdf
from canonica.pipelines.results._results_folder import results_folder
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.recordings import Reading, recording_files
from canonica.report import (
    FigureFormat,
    forecast_figure,
    forecast_part,
    plasticity_found,
    rates_figure,
    recording_scores,
    write_figure,
)
from canonica.reverse_engineering import (
    EnsembleResponse,
    GivenBaseline,
    PublishedProtocol,
    attempt,
)
from canonica.reverse_engineering.forecasting import (
    ForecastModel,
    Normalised,
    Weighted,
    normalised_ensembles,
    plasticity_likelihood,
    shared_models,
)

RATES = "rates"  # file that no condition's figure may take the name of


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
        write_tables(plan, reading, folder, found)
        if report:
            write_page(folder, progress)
    return found


def _forecast_each(
    ensembles: Sequence[EnsembleResponse], folder: Path, progress: Told | None, found: Forecasts
) -> None:
    """Add the forecast of each recording, written to the folder, or what is wrong with it."""
    plan = found.plan
    recordings = normalised_ensembles(ensembles, plan.protocol, plan.normalisation, plan.baseline)
    every = []
    for one in plan.models:
        every.append(shared_models(recordings, plan.protocol, one, seed=plan.seed))
        hand_back()
    for shared in every:
        found.stacked |= {key: one for key, one in shared.items() if isinstance(one, Weighted)}
    names = UniqueNames()  # of files: scores of one recording may be called like another
    for one in ensembles:
        names.unique(str(one.attrs["name"]))
    stage = Stage(progress, "Forecasting", len(recordings))
    for one, ensemble in zip(recordings, ensembles, strict=True):
        stage.begin(str(ensemble.attrs["name"]))
        models = [] if isinstance(one, RecordingError) else _of_condition_of(one, every)
        outcome = (
            one
            if isinstance(one, RecordingError)
            else attempt(forecast_and_scores, one, plan, models)
        )
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
        found.conditions.append(condition_forecast(recordings, plan, stacked, file))
        stage.advance()
    plasticity = [one.plasticity for one in found.recordings if one.plasticity]
    if plasticity:
        write_figure(rates_figure(plasticity), folder / rates, figure_format)
        found.files.append(rates)
