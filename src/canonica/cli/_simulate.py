"""`canonica simulate`: networks whose truth is known."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from canonica._errors import CanonicaError, how_many
from canonica.cli._app import app, complain_of, output, reports_errors
from canonica.cli._cluster_options import takes_cluster
from canonica.cli._common_options import FigureFormat, Out, Overwrite, Seed
from canonica.cli._printing import say_where
from canonica.cli._resume_option import Resume, begin_in_pieces

simulate = typer.Typer(
    help="Simulate networks that learn to separate sources: the theory's bench.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(simulate, name="simulate")

Sessions = Annotated[int, typer.Option(min=1, help="Sessions.")]
Trials = Annotated[int, typer.Option(min=1, help="Trials in a session.")]
Sources = Annotated[int, typer.Option(min=1, help="Hidden sources, as many as hidden states.")]
Inputs = Annotated[int, typer.Option(min=1, help="Inputs that the sources are mixed into.")]
Mixing = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="How often an input copies the source of its block; 1 is no mixing."
    ),
]


@simulate.command(context_settings={"allow_extra_args": True})
@reports_errors
@takes_cluster
def separation(
    context: typer.Context,
    prior: Annotated[
        list[float] | None,
        typer.Option(
            metavar="P...",
            help="State priors D[1]: lowered, normal, raised excitability.",
            show_default="0.2 0.5 0.8",
        ),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Networks at each prior.")] = 100,
    sessions: Sessions = 100,
    trials_per_session: Trials = 256,
    sources: Sources = 2,
    inputs: Inputs = 32,
    mixing: Mixing = 0.75,
    correlation: Annotated[
        float, typer.Option(min=0, max=1, help="Of any two sources with each other.")
    ] = 0.0,
    switching: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="Probability that sources change between trials."),
    ] = 0.5,
    repeated: Annotated[
        bool, typer.Option("--repeated", help="The same trials in every session, not fresh ones.")
    ] = False,
    form: Annotated[
        Literal["canonical", "exact"], typer.Option(help="Expected log parameters.")
    ] = "canonical",
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-separation"),
    figure_format: FigureFormat = "png",
    resume: Resume = False,
    overwrite: Overwrite = False,
    *,
    cluster: "str | Path | None",
) -> int:
    """Watch networks separate the sources of their stimuli, or fail to.

    For every state prior: mean posteriors by the state of the sources,
    correlations of posteriors and sources, and free energy, session by session
    ([NC23] Fig. 2). Writes separation.nc, separation.png and summary.json.

    [bold]Examples[/bold]

      canonica simulate separation

      canonica simulate separation --prior 0.3 0.5 0.7 --samples 20 --mixing 0.9
    """
    priors = _numbers("--prior", prior, context.args, lowest=0.001, highest=0.999)
    from canonica import pipelines  # noqa: PLC0415

    begin_in_pieces(out, resume=resume, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import simulation_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.separation(
            out,
            state_prior=priors or [0.2, 0.5, 0.8],
            samples=samples,
            sessions=sessions,
            trials_per_session=trials_per_session,
            sources=sources,
            inputs=inputs,
            mixing=mixing,
            correlation=correlation,
            switching=switching,
            repeated=repeated,
            form=form,
            seed=seed,
            figure_format=figure_format,
            resume=resume,
            overwrite=overwrite,
            cluster=cluster,
            progress=told,
        )
    title = (
        f"Separation over the last {how_many(found.last_sessions, 'session')}: "
        "medians over networks"
    )
    digits = {"networks": "d", "F, first session": ",.0f", "F, last session": ",.0f"}
    output.print(simulation_table(title, found.rows, digits))
    say_where(out, found.files)
    return 0


@simulate.command()
@reports_errors
def landscape(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECORDING]...",
            help="Recordings whose reverse-engineered weights make the paths, as in analyze; "
            "without any, networks are simulated.",
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Networks to simulate, without recordings.")
    ] = 20,
    sessions: Sessions = 100,
    trials_per_session: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials in a session.",
            show_default="256, or as the recordings say",
        ),
    ] = None,
    sources: Sources = 2,
    inputs: Inputs = 32,
    mixing: Mixing = 0.75,
    prior: Annotated[
        float, typer.Option(min=0.001, max=0.999, help="State prior D[1] of the networks.")
    ] = 0.5,
    animation: Annotated[
        Literal["gif", "mp4", "none"],
        typer.Option(help="Also write the paths as they grow; mp4 needs ffmpeg."),
    ] = "gif",
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-landscape"),
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
) -> int:
    """See learning as a path down the landscape of the cost.

    The plane is the mean strength of an ensemble's synapses from two blocks of
    inputs; the height is the cost, which is the free energy ([NC20] Fig. 2,
    [NC23] Fig. 3). Writes NetCDF, PNG, an animation and summary.json: one set
    for simulated networks, or one for each condition of recordings.

    [bold]Examples[/bold]

      canonica simulate landscape

      canonica simulate landscape response_data_bic.mat --out bic-landscape
    """
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import simulation_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.landscape(
            out,
            paths or [],
            samples=samples,
            sessions=sessions,
            trials_per_session=trials_per_session,
            sources=sources,
            inputs=inputs,
            mixing=mixing,
            state_prior=prior,
            seed=seed,
            animation=animation,
            figure_format=figure_format,
            overwrite=overwrite,
            progress=told,
        )
    complain_of(found.failures)
    title = "Mean strength of synapses from the first block of inputs, and from the others"
    output.print(simulation_table(title, found.rows, {"networks": "d", "ensemble": "d"}))
    say_where(out, found.files)
    return 1 if found.failures else 0


@simulate.command()
@reports_errors
@takes_cluster
def perturbation(
    samples: Annotated[int, typer.Option(min=1, help="Networks at each perturbation.")] = 20,
    sessions: Sessions = 50,
    trials_per_session: Trials = 256,
    inputs: Inputs = 32,
    mixing: Mixing = 0.75,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-perturbation"),
    figure_format: FigureFormat = "png",
    resume: Resume = False,
    overwrite: Overwrite = False,
    *,
    cluster: "str | Path | None",
) -> int:
    """Perturb threshold factors (alpha) and synapses (beta), and see inference fail.

    Separation scores over sweeps of both ([NC20] Fig. 3); then alpha estimated
    from mean activity alone over a grid of 13 x 13, and the synaptic trajectory
    in a new random environment predicted from the estimate, with its error
    ([NC20] Fig. 4). Writes perturbation.nc, alpha.nc, perturbation.png and
    summary.json.

    [bold]Example[/bold]

      canonica simulate perturbation --samples 10 --out perturbed
    """
    from canonica import pipelines  # noqa: PLC0415

    begin_in_pieces(out, resume=resume, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import simulation_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.perturbation(
            out,
            samples=samples,
            sessions=sessions,
            trials_per_session=trials_per_session,
            inputs=inputs,
            mixing=mixing,
            seed=seed,
            figure_format=figure_format,
            resume=resume,
            overwrite=overwrite,
            cluster=cluster,
            progress=told,
        )
    title = "Correlation of posterior and source over the last sessions: means over networks"
    output.print(simulation_table(title, found.score_rows, {}))
    title = "Alpha from mean activity alone: medians over the grid"
    digits = {"error of alpha": ".3f", "trajectory error, last session": ".2g"}
    output.print(simulation_table(title, found.estimate_rows, digits))
    say_where(out, found.files)
    return 0


@simulate.command()
@reports_errors
@takes_cluster
def recovery(
    draws: Annotated[int, typer.Option(min=1, help="Networks to draw.")] = 1000,
    sessions: Sessions = 20,
    trials_per_session: Trials = 256,
    sources: Sources = 2,
    inputs: Inputs = 32,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-recovery"),
    figure_format: FigureFormat = "png",
    resume: Resume = False,
    overwrite: Overwrite = False,
    *,
    cluster: "str | Path | None",
) -> int:
    """Check the published estimator on networks whose truth is known.

    Draws networks, simulates their activity with noise, reverse-engineers it,
    and compares: bias, spread, slope and coverage of thresholds and weights.
    Writes recovery.nc, recovery.png and summary.json.

    [bold]Examples[/bold]

      canonica simulate recovery --draws 200

      canonica simulate recovery --draws 100000 --cluster-file scheduler.json
    """
    from canonica import pipelines  # noqa: PLC0415

    begin_in_pieces(out, resume=resume, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import simulation_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.recovery(
            out,
            draws=draws,
            sessions=sessions,
            trials_per_session=trials_per_session,
            sources=sources,
            inputs=inputs,
            seed=seed,
            figure_format=figure_format,
            resume=resume,
            overwrite=overwrite,
            cluster=cluster,
            progress=told,
        )
    networks = found.result.sizes["draw"]
    title = f"Synaptic strengths of {how_many(networks, 'network')}: estimate against truth"
    output.print(simulation_table(title, found.rows, {"spread": ".4f", "slope": ".3f"}))
    say_where(out, found.files)
    return 0


def _numbers(
    option: str, given: list[float] | None, further: list[str], *, lowest: float, highest: float
) -> list[float]:
    """Return the numbers of an option, whether it was repeated or followed by several."""
    if further and not given:
        raise CanonicaError(f"found {' '.join(further)!r}; expected options. See --help.")
    try:
        numbers = [*(given or []), *map(float, further)]
    except ValueError as error:
        raise CanonicaError(
            f"{option}: found {' '.join(further)!r} among its numbers; expected numbers alone."
        ) from error
    for number in numbers:
        if not lowest <= number <= highest:
            raise CanonicaError(
                f"{option}: found {number:g}; expected numbers from {lowest:g} to {highest:g}."
            )
    return numbers
