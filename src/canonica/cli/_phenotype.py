"""`canonica phenotype`: from choices to the lesions of a network that would choose like them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from canonica.cli._app import app, output, reports_errors
from canonica.cli._common_options import FigureFormat, Out, Overwrite, Seed
from canonica.cli._printing import say, say_where


@app.command()
@reports_errors
def phenotype(
    choices: Annotated[
        Path,
        typer.Argument(
            metavar="CHOICES",
            help="CSV, TSV or Parquet, a row for each trial: subject, trial, choice, outcome; and "
            "block, group, observation where there are any.",
        ),
    ],
    out: Annotated[Path, Out],
    model: Annotated[
        Literal["canonical", "rescorla-wagner", "win-stay-lose-shift"],
        typer.Option(help="Whose parameters are estimated."),
    ] = "canonical",
    free: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Parameter of the canonical subject that is free (repeat the option; an unknown "
            "name lists them all).",
            show_default="policy precision, plasticity, forgetting, loss modulation",
        ),
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Lesion that is compared, alone beside policy precision and plasticity (repeat).",
            show_default="all",
        ),
    ] = None,
    cross_validate: Annotated[
        bool,
        typer.Option("--cross-validate", help="Compare models by held-out subjects, too."),
    ] = False,
    predict: Annotated[
        Path | None,
        typer.Option(
            metavar="OTHER",
            help="Foretell choices in another task by subjects of the same names, too: a table "
            "like CHOICES.",
        ),
    ] = None,
    hierarchical: Annotated[
        bool,
        typer.Option(
            "--hierarchical", help="Estimate groups by sampling, too; takes minutes, and NumPyro."
        ),
    ] = False,
    draws: Annotated[
        int, typer.Option(min=4, help="Kept of each of two chains, with --hierarchical.")
    ] = 500,
    seed: Seed = 0,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
) -> int:
    """Estimate lesions of a canonical agent from trial-by-trial choices.

    For each subject, the parameters under which a network that learns from its
    outcomes would choose like it, with 90 % intervals, and a word where choices
    say too little. Single lesions, Rescorla-Wagner and win-stay-lose-shift are
    compared. No diagnosis can be read from any of this. Recordings of cultures
    are for [bold]canonica culture-phenotype[/bold].

      subject,trial,choice,outcome,group
      s1,1,left,1,patients
      s1,2,right,0,patients

    Writes subjects.csv, comparison.csv, phenotype.nc, phenotype.png and
    summary.json; validation.csv, prediction.csv and groups.csv where they are
    asked for.

    [bold]Examples[/bold]

      canonica phenotype choices.csv --out results

      canonica phenotype choices.csv --out results --free plasticity --free habit

      canonica phenotype bandit.csv --out results --predict reversal.csv

      canonica phenotype choices.csv --out results --hierarchical --draws 1000
    """
    # Imported here, so that --help and --version answer at once.
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import phenotype_table  # noqa: PLC0415

    settings: dict[str, Any] = {"cross_validation": cross_validate, "hierarchical": hierarchical}
    with progress() as told:
        found = pipelines.phenotype(
            choices,
            out,
            model=model,
            free=free or None,
            compare=compare or None,
            predict=predict,
            draws=draws,
            seed=seed,
            figure_format=figure_format,
            overwrite=overwrite,
            progress=told,
            **settings,
        )
    output.print(phenotype_table(found.subjects))
    for sentence in found.sentences:
        say(sentence)
    say("No diagnosis can be read from this.")
    say_where(out, found.files)
    return 0
