"""`canonica analyze`: recordings to generative models, forecasts, tables and figures."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonica._errors import how_many
from canonica._files import shown
from canonica.cli._app import app, complain_of, output, reports_errors
from canonica.cli._common_options import FigureFormat, Overwrite, Report
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
    from canonica.pipelines import Analysis
    from canonica.recordings import Reading


@app.command()
@reports_errors
@takes_reading
def analyze(
    paths: PathsArgument,
    out: OutOption,
    baseline: BaselineOption = None,
    baseline_from: BaselineFromOption = None,
    prior_strength: Annotated[
        float, typer.Option(help="Lambda, the insensitivity to plasticity.")
    ] = 3000.0,
    initial_sessions: Annotated[
        int, typer.Option(min=1, help="Sessions that the forecast starts from.")
    ] = 10,
    initial_gain: Annotated[
        float, typer.Option(help="Weight of the initial sessions in the forecast.")
    ] = 2.0,
    minimum_mean: MinimumMeanOption = 1.0,
    minimum_session: MinimumSessionOption = 0.1,
    minimum_preference: MinimumPreferenceOption = 0.5,
    jobs: JobsOption = DEFAULT_JOBS,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
    report: Report = False,
    *,
    reading: "Reading",
) -> int:
    """Read the generative model out of recordings, and forecast.

    For every recording: a NetCDF file with responses, firing threshold
    factors, synaptic weights and free energy of each session, and the
    forecast from the first sessions. For every condition: a table and a
    figure. For all: summary.json and recordings.csv, with settings and
    file hashes.

    Recordings are NWB files; MATLAB files with a variable data_<condition>, a
    cell for each culture, a struct of r (trial, electrode; spikes), o (trial,
    input; 0/1) and s (trial, source; 0/1); spikes and stimuli as a pair of CSV
    or Parquet files; or tables of responses. See first what is in them with
    [bold]canonica validate[/bold].

    The forecast stands beside two plain predictions, weights frozen and
    ridge regression, and the report says whether one of them was better than
    the others by more than chance explains. Conditions are compared by
    [bold]canonica study[/bold].

    [bold]Examples[/bold]

      canonica analyze response_data_ctrl.mat --out results

      canonica analyze data/ --out results --baseline-from ctrl

      canonica analyze culture.nwb --out results --session-gap 60

    [bold]Exit codes[/bold]

      0  all done

      1  some recordings failed; they are listed

      2  bad call, or nothing that could be analysed
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
        prior_strength=prior_strength,
        initial_sessions=initial_sessions,
        initial_gain=initial_gain,
    )
    with progress() as told:
        found = pipelines.analyze(
            paths,
            out,
            protocol=protocol,
            baseline=baseline_given(baseline or [], baseline_from),
            reading=reading,
            jobs=jobs,
            figure_format=figure_format,
            overwrite=overwrite,
            report=report,
            progress=told,
        )
    return print_analysis(found, out)


def print_analysis(found: "Analysis", out: Path) -> int:
    """Print what was found, and return the exit code."""
    from canonica.report import summary_table  # noqa: PLC0415

    complain_of(found.failures)
    print_reading(found.rows)
    for summary in found.summaries:
        output.print(summary_table(summary))
        output.print(f"{summary.sentence}\n", highlight=False, markup=False)
    print_baseline_warning(found.baseline_warning)
    output.print(found.caveat, highlight=False, style="dim")
    say(f"\nResults: {shown(out)}")
    kinds = Counter(Path(file).suffix for file in found.files)
    datasets, figures = (
        how_many(kinds[".nc"], "recording"),
        how_many(len(found.summaries), "figure"),
    )
    say(f"  {datasets} (NetCDF), {figures}, summary.json, recordings.csv")
    print_failed(found.failures)
    return 1 if found.failures else 0
