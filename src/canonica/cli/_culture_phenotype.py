"""`canonica culture-phenotype`: from recordings to state prior, precision and plasticity."""

from typing import TYPE_CHECKING, Annotated

import typer

from canonica.cli._app import app, complain_of, output, reports_errors
from canonica.cli._common_options import FigureFormat, Overwrite
from canonica.cli._printing import print_baseline_warning, print_failed, say, say_where
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
    from canonica.recordings import Reading


@app.command("culture-phenotype")
@reports_errors
@takes_reading
def culture_phenotype(
    paths: PathsArgument,
    out: OutOption,
    baseline: BaselineOption = None,
    baseline_from: BaselineFromOption = None,
    initial_sessions: Annotated[int, typer.Option(min=2, help="Sessions that are looked at.")] = 10,
    uniform_trials: Annotated[
        bool,
        typer.Option(
            "--uniform-trials",
            help="Count trials in which all inputs are on, or none: cultures answer them near an "
            "end, whatever they believe.",
        ),
    ] = False,
    minimum_mean: MinimumMeanOption = 1.0,
    minimum_session: MinimumSessionOption = 0.1,
    minimum_preference: MinimumPreferenceOption = 0.5,
    jobs: JobsOption = DEFAULT_JOBS,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
    *,
    reading: "Reading",
) -> int:
    """Estimate state prior, sensory precision and plasticity of cultures.

    For each recording, jointly, from its initial sessions: how probable its
    network holds a source to be before it senses anything, how much its senses
    count, and how fast it learns, with 90 % intervals, and a word where one
    cannot be told from another. To compare conditions give them one baseline.

    Writes cultures.csv, phenotype.nc, phenotype.png and summary.json. Choices
    of subjects are for [bold]canonica phenotype[/bold].

    [bold]Examples[/bold]

      canonica culture-phenotype data/ --out results --baseline-from ctrl

      canonica culture-phenotype culture.nwb --out results --initial-sessions 20
    """
    # Imported here, so that --help and --version answer at once.
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import phenotype_table  # noqa: PLC0415
    from canonica.reverse_engineering import PublishedProtocol  # noqa: PLC0415

    protocol = PublishedProtocol(
        minimum_mean_response=minimum_mean,
        minimum_session_response=minimum_session,
        minimum_preference=minimum_preference,
        initial_sessions=initial_sessions,
    )
    with progress() as told:
        found = pipelines.culture_phenotype(
            paths,
            out,
            protocol=protocol,
            baseline=baseline_given(baseline or [], baseline_from),
            uniform_trials=uniform_trials,
            reading=reading,
            jobs=jobs,
            figure_format=figure_format,
            overwrite=overwrite,
            progress=told,
        )
    complain_of(found.failures)
    output.print(phenotype_table(found.cultures.rename(recording="subject")))
    for name, sentence in zip(
        found.cultures["recording"].values, found.cultures["conclusion"].values, strict=True
    ):
        say(f"{name}: {sentence}")
    print_baseline_warning(found.baseline_warning)
    say("No diagnosis can be read from this.")
    say_where(out, found.files)
    print_failed(found.failures)
    return 1 if found.failures else 0
