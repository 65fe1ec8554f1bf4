"""`canonica maze`: a network that acts."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from canonica._errors import how_many
from canonica._files import check_there
from canonica.cli._app import app, output, reports_errors
from canonica.cli._cluster_options import takes_cluster
from canonica.cli._common_options import FigureFormat, Out, Overwrite, Seed, odd
from canonica.cli._interruption import if_interrupted, nothing
from canonica.cli._printing import say, say_where
from canonica.cli._resume_option import Resume, interrupted_after

maze = typer.Typer(
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(maze, name="maze")


@maze.callback(invoke_without_command=True)
@takes_cluster
def experiment(
    context: typer.Context,
    prior_right: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="Prior probability e of a move to the right."),
    ] = 0.25,
    mazes: Annotated[int, typer.Option(min=1, help="Mazes, a fresh agent in each.")] = 20,
    trials: Annotated[int, typer.Option(min=1, help="Trials of each agent.")] = 100,
    max_steps: Annotated[int, typer.Option(min=1, help="When a trial's time is up.")] = 20_000,
    agent: Annotated[
        Literal["published", "efficient"],
        typer.Option(help="That of the paper, or the same network driven better."),
    ] = "published",
    height: Annotated[int, typer.Option(min=5, help="Rows of a maze, odd.", callback=odd)] = 19,
    width: Annotated[int, typer.Option(min=5, help="Columns of a maze, odd.", callback=odd)] = 99,
    window: Annotated[
        int, typer.Option(min=3, help="Rows and columns seen, odd.", callback=odd)
    ] = 11,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-maze"),
    resume: Resume = False,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
    animation: Annotated[
        Literal["gif", "mp4", "none"], typer.Option(help="Of the last trial in the first maze.")
    ] = "gif",
    *,
    cluster: "str | Path | None",
) -> None:
    """Watch a network learn to leave a maze ([CB22] Figs. 4 and 5).

    A fresh agent in every maze, trial after trial: how often it reaches the
    goal, in how many steps, and its free energy. Mazes share the cores of the
    machine, or the workers of a cluster. Writes maze.nc, trials.csv, maze.png,
    trial.png, an animation and summary.json. An interrupted run goes on with
    --resume, and finds the same.

    [bold]Examples[/bold]

      canonica maze --agent efficient --mazes 6 --trials 20 --max-steps 2000

      canonica maze --prior-right 0.35 --out right

      canonica maze transplant --help
    """
    if context.invoked_subcommand is not None:
        given = [
            name
            for name in context.params
            if (source := context.get_parameter_source(name)) is not None
            and source.name == "COMMANDLINE"
        ]
        if given:
            option = given[0].replace("_", "-")
            raise typer.BadParameter(
                f"--{option} before {context.invoked_subcommand}: give options after its name."
            )
        return
    settings = {
        "prior_right": prior_right,
        "mazes": mazes,
        "trials": trials,
        "max_steps": max_steps,
        "height": height,
        "width": width,
        "window": window,
        "seed": seed,
    }
    _experiment(
        out=out,
        agent=agent,
        resume=resume,
        figure_format=figure_format,
        overwrite=overwrite,
        animation=animation,
        cluster=cluster,
        **settings,
    )


@reports_errors
def _experiment(*, out: Path, **settings: Any) -> int:
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=bool(settings["overwrite"]))
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import learning_sentences, learning_table  # noqa: PLC0415

    if_interrupted(partial(_kept, out))
    with progress() as told:
        found = pipelines.maze(out, **settings, progress=told)
    output.print(learning_table(found.result, found.summary))
    for sentence in learning_sentences(found.result, found.comparison):
        say(sentence)
    say_where(out, found.files)
    return 0


def _kept(out: Path) -> str:
    """Return how much of an interrupted run is kept, and how to go on."""
    from canonica.pipelines import unfinished_maze  # noqa: PLC0415

    unfinished = unfinished_maze(out)
    if unfinished is None:
        return nothing()
    done, total = unfinished
    return interrupted_after(f"{done:,} of {how_many(total, 'trial')}")


def _transplant_kept(out: Path) -> str:
    from canonica.pipelines import unfinished_transplant  # noqa: PLC0415

    kept = unfinished_transplant(out)
    return nothing() if kept is None else interrupted_after(how_many(kept, "trial"))


@maze.command()
@reports_errors
@takes_cluster
def transplant(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULT.nc | LOG.csv]",
            help="Whose decisions: a result of canonica maze, or a log of your own, with columns "
            "agent, trial, step, and move (up, down, left, right, or 0 to 3) or policy (0 to "
            "255). Without it, agents for several priors are simulated first.",
            show_default=False,
        ),
    ] = None,
    prior_right: Annotated[
        list[float] | None,
        typer.Option(
            min=0,
            max=0.5,
            help="Prior e of the agents that are simulated first; may be given several times.",
            show_default="0.15, 0.25, 0.35",
        ),
    ] = None,
    mazes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="New mazes, a fresh agent in each.",
            show_default="as many as were observed; 6 if simulated first, 10 for a log",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials to predict.",
            show_default="as many as were observed; 30 if simulated first",
        ),
    ] = None,
    estimate_from: Annotated[
        int,
        typer.Option(
            min=1,
            help="Trials to estimate from, the first ones: later decisions are learned, too.",
        ),
    ] = 1,
    by: Annotated[
        Literal["first-move", "policy"],
        typer.Option(help="Count first moves, or each of the 256 policies."),
    ] = "first-move",
    max_steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="When a trial's time is up, also in a log.",
            show_default="as observed, or 20000",
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            min=5, help="Rows of a new maze, odd.", show_default="as observed, or 19", callback=odd
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(
            min=5, help="Columns of it, odd.", show_default="as observed, or 99", callback=odd
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            min=3,
            help="Rows and columns seen, odd.",
            show_default="as observed, or 11",
            callback=odd,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**63 - 1,
            help="Decides everything random.",
            show_default="that of the result, or 0",
        ),
    ] = None,
    out: Annotated[Path, Out] = Path("canonica-transplant"),
    resume: Resume = False,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
    *,
    cluster: "str | Path | None",
) -> int:
    """Foretell how agents will learn from their decisions alone ([CB22] Fig. 5).

    Estimates the prior over decisions from the first moves of the first
    trial, gives it to fresh agents in mazes that were not met, and compares
    how they learn with how the observed agents did. Writes transplant.nc,
    transplant.csv, transplant.png and summary.json. An interrupted run goes on
    with --resume, and finds the same.

    [bold]Examples[/bold]

      canonica maze transplant

      canonica maze transplant canonica-maze/maze.nc --trials 20

      canonica maze transplant decisions.csv --mazes 5 --trials 20
    """
    if source is not None and not prior_right:
        check_there(source, "a result of canonica maze (.nc) or a decision log (.csv)")
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import transplant_sentences, transplant_table  # noqa: PLC0415

    if_interrupted(partial(_transplant_kept, out))
    with progress() as told:
        found = pipelines.transplant(
            out,
            source,
            prior_right=prior_right,
            estimation_trials=estimate_from,
            by="policy" if by == "policy" else "first_move",
            mazes=mazes,
            trials=trials,
            max_steps=max_steps,
            height=height,
            width=width,
            window=window,
            seed=seed,
            resume=resume,
            figure_format=figure_format,
            overwrite=overwrite,
            cluster=cluster,
            progress=told,
        )
    for k in range(found.result.sizes["group"]):
        group = found.result.isel(group=k), found.summary.isel(group=k)
        output.print(transplant_table(*group))
        for sentence in transplant_sentences(*group):
            say(sentence)
    say_where(out, found.files)
    return 0
