"""`canonica forecast`: how later sessions will respond, foretold from the initial ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from canonica._errors import how_many
from canonica._files import shown
from canonica.cli._app import app, complain_of, output, reports_errors
from canonica.cli._common_options import FigureFormat, Overwrite, Report, Seed
from canonica.cli._printing import (
    print_baseline_warning,
    print_failed,
    print_reading,
    say,
)
from canonica.cli._protocol_options import (
    DEFAULT_JOBS,
    BaselineFromOption,
    BaselineOption,
    JobsOption,
    MinimumMeanOption,
    MinimumPreferenceOption,
    MinimumSessionOption,
    OutOption,
    PathsArgument,
    baseline_given,
)
from canonica.cli._reading_options import takes_reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canonica.pipelines import Forecasts, RecordingForecast
    from canonica.recordings import Reading

FIGURES = (".png", ".pdf", ".svg")
WARNINGS = 8  # printed at most


@app.command()
@reports_errors
@takes_reading
def forecast(
    paths: PathsArgument,
    out: OutOption,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Model whose forecast is written; an unknown name lists them all."
        ),
    ] = "canonical",
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Model to compare it with (repeat the option).",
            show_default="all others",
        ),
    ] = None,
    initial_sessions: Annotated[
        int, typer.Option(min=1, help="Sessions whose responses the models may know.")
    ] = 10,
    normalisation: Annotated[
        Literal["causal", "published"],
        typer.Option(
            help="Ensembles, means and scales from the initial sessions alone, or from all of "
            "them, as published: that is not blind to the future."
        ),
    ] = "causal",
    baseline: BaselineOption = None,
    baseline_from: BaselineFromOption = None,
    minimum_mean: MinimumMeanOption = 1.0,
    minimum_session: MinimumSessionOption = 0.1,
    minimum_preference: MinimumPreferenceOption = 0.5,
    seed: Seed = 0,
    jobs: JobsOption = DEFAULT_JOBS,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
    report: Report = False,
    *,
    reading: "Reading",
) -> int:
    """Foretell the responses of later sessions, and say how good that was.

    A model sees the responses of the initial sessions, and of later ones the
    stimuli only. It returns a distribution for every response: the forecast,
    and how sure it is. Other models forecast the same, plain ones among them
    that any good forecast has to beat.

    For every recording: a NetCDF file with the forecast, NAME.nc, and one with
    the scores of all models, NAME.scores.nc. For every condition: a table and
    a figure. For all: summary.json and recordings.csv, with settings and file
    hashes. Where the model estimates how plastic a network is, also rates.png,
    and what the recordings of a condition together tell.

    [bold]How to read the table[/bold]

    Medians over recordings, of the last sessions (10 at most). Squared error
    of the expected response, and CRPS, the error of the whole distribution:
    low is good. Log score: high is good. Responses in the 90 % interval: near
    90 % is good; far fewer, and the model is too sure of itself. A narrow
    interval is good where that share is right. A model is marked where it is
    better than every other by more than chance explains.

    Recordings are those that [bold]canonica analyze[/bold] takes. See first
    what is in them with [bold]canonica validate[/bold].

    [bold]Examples[/bold]

      canonica forecast response_data_ctrl.mat --out forecasts

      canonica forecast data/ --out forecasts --baseline bic=2.64

      canonica forecast culture.nwb --out f --model ridge --against persistence

      canonica forecast data/ --out f --initial-sessions 20 --session-gap 60

    [bold]Exit codes[/bold]

      0  all done

      1  some recordings failed; they are listed

      2  bad call, or nothing that could be forecast
    """
    # Imported here, so that --help and --version answer at once.
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.reverse_engineering import PublishedProtocol  # noqa: PLC0415

    protocol = PublishedProtocol(
        minimum_mean_response=minimum_mean,
        minimum_session_response=minimum_session,
        minimum_preference=minimum_preference,
        initial_sessions=initial_sessions,
    )
    with progress() as told:
        found = pipelines.forecast(
            paths,
            out,
            model=model,
            against=against or None,
            protocol=protocol,
            normalisation=normalisation,
            baseline=baseline_given(baseline or [], baseline_from),
            seed=seed,
            reading=reading,
            jobs=jobs,
            figure_format=figure_format,
            overwrite=overwrite,
            report=report,
            progress=told,
        )
    return _print_forecasts(found, out)


def _print_forecasts(found: "Forecasts", out: Path) -> int:
    """Print what was found, and return the exit code."""
    from canonica.report import forecast_table  # noqa: PLC0415

    complain_of(found.failures)
    print_reading([one.row for one in found.recordings])
    for condition in found.conditions:
        output.print(forecast_table(condition.summary))
        for sentence in condition.sentences:
            output.print(sentence, highlight=False, markup=False)
        output.print()
    print_baseline_warning(found.baseline_warning)
    _print_diagnostics(found.recordings)
    style = "dim" if found.plan.causal else "yellow"
    output.print(found.plan.caveat, highlight=False, style=style)
    say(f"\nResults: {shown(out)}")
    figures = sum(Path(file).suffix in FIGURES for file in found.files)
    say(
        f"  {how_many(len(found.recordings), 'forecast')} and as many files of scores (NetCDF), "
        f"{how_many(figures, 'figure')}, summary.json, recordings.csv"
    )
    print_failed(found.failures)
    return 1 if found.failures else 0


def _print_diagnostics(recordings: "Sequence[RecordingForecast]") -> None:
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
