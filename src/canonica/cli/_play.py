"""`canonica play`: the default agent in a world that others wrote."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from canonica._errors import how_many
from canonica.cli._app import app, output, reports_errors
from canonica.cli._common_options import FigureFormat, Out, Overwrite, Seed
from canonica.cli._interruption import if_interrupted
from canonica.cli._printing import say, say_where


@app.command("play")
@reports_errors
def play(
    environment: Annotated[
        str,
        typer.Argument(
            help="Name of a Gymnasium environment, as FrozenLake-v1, or module:Name-v0.",
            show_default=False,
        ),
    ],
    episodes: Annotated[int, typer.Option("--episodes", "-n", min=1, help="How many.")] = 200,
    set_option: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="An option of the environment, as is_slippery=false; may be given again.",
            show_default=False,
        ),
    ] = None,
    agent: Annotated[
        Path | None,
        typer.Option(
            help="What an agent learned before (agent.npz of an earlier run); it goes on.",
            show_default="one that knows nothing",
        ),
    ] = None,
    against: Annotated[
        str,
        typer.Option("--vs", help="Who plays beside it, by commas: random, q-learning; or none."),
    ] = "random,q-learning",
    max_steps: Annotated[
        int, typer.Option(min=1, help="An episode is cut then, if no time limit does.")
    ] = 10_000,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-play"),
    film: Annotated[
        bool, typer.Option("--film/--no-film", help="A film of one more episode.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
    ] = False,
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
) -> int:
    """Let a canonical network learn a world that it knows nothing of, and act in it.

    Any Gymnasium environment of symbols: whole numbers, bits, and tuples or
    dictionaries of these. Nothing is set for the world: what is seen gets a unit
    when it is first met, transitions are counted action by action, what is worth
    remembering is chosen by evidence, and decisions are planned from that.

    Writes play.nc, episodes.csv, play.png, agent.npz, last.gif where the
    environment draws, and summary.json. An interrupted run goes on with
    --resume, and finds the same.

    [bold]Examples[/bold]

      canonica play FrozenLake-v1 --episodes 500

      canonica play canonica/TMaze-v0 --set corridor=10 --out corridor

      canonica play Taxi-v4 --vs none --agent canonica-play/agent.npz --out more
    """
    # Imported here, so that --help and --version answer at once.
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import play_table  # noqa: PLC0415

    if_interrupted(partial(_kept, out))
    with progress() as told:
        found = pipelines.play(
            environment,
            out,
            options=set_option or [],
            episodes=episodes,
            agent=agent,
            against=_rivals(against),
            seed=seed,
            max_steps=max_steps,
            film=film,
            resume=resume,
            figure_format=figure_format,
            overwrite=overwrite,
            progress=told,
        )
    output.print(play_table(found.result))
    say(f"Beside what it sees, the agent remembers {found.remembers}.")
    if film and found.no_film is not None:
        say(f"No film: {found.no_film}.")
    say_where(out, found.files)
    return 0


def _rivals(names: str) -> list[Any]:
    given = [name.strip() for name in names.split(",") if name.strip()]
    return [] if given == ["none"] else given


def _kept(out: Path) -> str:
    from canonica import pipelines  # noqa: PLC0415

    done = pipelines.unfinished_play(out)
    if not done:
        return "interrupted; nothing was written."
    return (
        f"interrupted; {how_many(done, 'episode')} are kept in {out}. Go on with the same command "
        "and --resume."
    )
