"""`canonica study`: a table of recordings to conditions compared."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonica._errors import how_many
from canonica._files import check_there, shown
from canonica.cli._app import app, complain_of, output, reports_errors
from canonica.cli._cluster_options import takes_cluster
from canonica.cli._common_options import FigureFormat, Overwrite, Report
from canonica.cli._printing import print_failed, say
from canonica.cli._protocol_options import (
    DEFAULT_JOBS,
    JobsOption,
    OutOption,
)
from canonica.cli._reading_options import takes_reading

if TYPE_CHECKING:
    from canonica.pipelines import Study
    from canonica.recordings import Reading


@app.command()
@reports_errors
@takes_cluster
@takes_reading
def study(
    study_table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE", help="CSV, TSV, Excel or Parquet; or the study.toml of a study."
        ),
    ],
    out: OutOption,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION",
            help="What the others are compared with, and whose baseline all have.",
            show_default="the first of the table",
        ),
    ] = None,
    baseline: Annotated[
        float | None,
        typer.Option(help="Mean response, in spikes, that stands for ordinary excitability."),
    ] = None,
    baseline_from: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION|own",
            help="The condition whose mean response does; with own, each has its own, which hides "
            "differences in excitability.",
            show_default="the reference",
        ),
    ] = None,
    quantity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What is compared (repeat the option; an unknown name lists them all). The "
            "fewer, the less it takes to tell a difference from chance.",
            show_default="all",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Model that forecasts.", show_default="canonical"),
    ] = None,
    initial_sessions: Annotated[
        int | None,
        typer.Option(min=1, help="Sessions that forecasts start from.", show_default="10"),
    ] = None,
    minimum_mean: Annotated[
        float | None,
        typer.Option(help="Mean spikes above which an electrode is active.", show_default="1.0"),
    ] = None,
    minimum_session: Annotated[
        float | None,
        typer.Option(
            help="... and the lowest session mean that it must exceed.", show_default="0.1"
        ),
    ] = None,
    minimum_preference: Annotated[
        float | None,
        typer.Option(help="Spikes by which it must prefer its source.", show_default="0.5"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Decides everything random.", show_default="0")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with an interrupted, or earlier, study in the folder."
        ),
    ] = False,
    jobs: JobsOption = DEFAULT_JOBS,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
    report: Report = False,
    *,
    reading: "Reading",
    cluster: "str | Path | None",
) -> int:
    """Compare conditions: analyse and forecast every recording of a table, and test.

    The table has a row for each recording, or each file of recordings. Columns:
    [bold]file[/bold], and as far as known recording, condition, culture, animal,
    plate, batch, day, drug, dose, pair, exclude, note.

      file,condition,animal
      control-1.nwb,ctrl,rat 1
      drug-1.nwb,bic,rat 1

    Every condition is compared with the reference, by exact permutation tests:
    implicit prior and excitability, plasticity, free energy, selectivity,
    forecast errors. Cultures that share an animal, a plate, a batch or a day
    are not taken for independent: where each of these has one condition, it
    counts once, by its mean; where it has several, they are compared within
    it. One culture before and after a drug is a pair: give both rows the same
    culture. With three doses or more, a trend is tested; with condition and
    drug in all combinations, both effects and their interaction.

    Results: cultures.csv, a row a culture; comparisons.csv, with effects,
    intervals and p values; conditions.png; a NetCDF file with the analysis, the
    forecast and its scores for each; summary.json; study.log; and study.toml,
    which repeats the study when it is given in place of a table.

    [bold]Examples[/bold]

      canonica study study.csv --out results --reference ctrl

      canonica study study.csv --out results --quantity implicit_prior

      canonica study results/study.toml --out again

      canonica study study.csv --out results --cluster local:4

    [bold]Exit codes[/bold]

      0  all done

      1  some recordings failed; they are listed

      2  bad call, or nothing that could be analysed
    """
    # Imported here, so that --help and --version answer at once.
    check_there(study_table, "a table of recordings")
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415

    given = {
        "reference": reference,
        "baseline": baseline,
        "baseline_from": baseline_from,
        "quantities": tuple(quantity) if quantity else None,
        "model": model,
        "seed": seed,
        "initial_sessions": initial_sessions,
        "minimum_mean_response": minimum_mean,
        "minimum_session_response": minimum_session,
        "minimum_preference": minimum_preference,
        "reading": None if reading == type(reading)() else reading,
    }
    with progress() as told:
        found = pipelines.study(
            study_table,
            out,
            resume=resume,
            figure_format=figure_format,
            overwrite=overwrite,
            report=report,
            jobs=jobs,
            cluster=cluster,
            progress=told,
            **{name: value for name, value in given.items() if value is not None},
        )
    return _print_study(found, out)


def _print_study(found: "Study", out: Path) -> int:
    """Print what was found, and return the exit code."""
    from canonica.report import comparisons_table  # noqa: PLC0415

    complain_of(found.failures)
    if found.gone_on:
        say(f"{how_many(found.gone_on, 'culture')} had been done before.")
    if found.comparisons:
        output.print(comparisons_table(found.comparisons))
    for sentence in [*found.sentences, *found.inferences]:
        say(sentence)
    if found.baseline_warning is not None:
        say(f"\n{found.baseline_warning}", style="bold yellow")
    picture = next(file for file in found.files if Path(file).stem == "conditions")
    say(f"\nResults: {shown(out)}")
    say(
        f"  {how_many(len(found.table), 'culture')} (NetCDF, cultures.csv), "
        f"{how_many(len(found.comparisons), 'comparison')} (comparisons.csv), {picture}, "
        "study.toml"
    )
    if found.excluded:
        say(
            f"  {how_many(len(found.excluded), 'row')} of the table excluded, "
            "listed in summary.json"
        )
    print_failed(found.failures)
    return 1 if found.failures else 0
