"""`canonica lesion`: what goes wrong when a network is altered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from canonica._errors import CanonicaError
from canonica.cli._app import app, output, reports_errors
from canonica.cli._cluster_options import takes_cluster
from canonica.cli._common_options import FigureFormat, Out, Overwrite, Seed
from canonica.cli._printing import say, say_where
from canonica.cli._resume_option import Resume, begin_in_pieces

if TYPE_CHECKING:
    from canonica.studies.lesions.tasks import Task

lesion = typer.Typer(
    help="Lesion networks, and see what becomes of perception, learning and action.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(lesion, name="lesion")

TaskName = Annotated[
    Literal["separation", "t-maze", "bandit", "maze"],
    typer.Option("--task", help="What the networks live through."),
]
Networks = Annotated[int, typer.Option(min=1, help="Networks at each point, of their own seeds.")]
Acute = Annotated[
    bool,
    typer.Option(
        "--acute",
        help="Separation task: the lesion comes after intact learning, not before it.",
    ),
]
Sessions = Annotated[
    int | None,
    typer.Option(min=1, help="Separation task: sessions of 256 trials.", show_default="40"),
]
Trials = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Other tasks: trials of each agent.",
        show_default="bandit 40, t-maze 400, maze 20",
    ),
]


@lesion.command("list")
@reports_errors
def list_lesions() -> int:
    """List all lesions: what each acts on, its neutral strength and usual doses."""
    from canonica import pipelines  # noqa: PLC0415
    from canonica.report import lesions_table  # noqa: PLC0415

    output.print(lesions_table(pipelines.lesion_kinds()))
    say("Try one: canonica lesion run 'state prior' --out lesion-state-prior")
    return 0


@lesion.command()
@reports_errors
@takes_cluster
def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Lesions, as canonica lesion list names them; all by default."
        ),
    ] = None,
    task: TaskName = "separation",
    strength: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,...",
            help="Doses of a single lesion, with commas between them.",
            show_default="its usual ones",
        ),
    ] = None,
    networks: Networks = 20,
    acute: Acute = False,
    sessions: Sessions = None,
    trials: Trials = None,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-lesion"),
    figure_format: FigureFormat = "png",
    resume: Resume = False,
    overwrite: Overwrite = False,
    *,
    cluster: "str | Path | None",
) -> int:
    """Measure what lesions do, dose by dose, beside the intact network.

    Each lesion alone. Writes the measures of every network (lesion.nc), the
    signatures, differences from the intact network with 95 % intervals
    (signatures.csv), and both as pictures. No diagnosis can be made from this.

    [bold]Examples[/bold]

      canonica lesion run 'state prior' 'sensory precision'

      canonica lesion run 'policy precision' --task bandit --strength 0.1,0.5,1,4
    """
    from canonica import pipelines  # noqa: PLC0415

    doses = _doses(names, strength)
    begin_in_pieces(out, resume=resume, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import signatures_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.lesion(
            out,
            names,
            task=_task(task, acute=acute, sessions=sessions, trials=trials),
            doses=doses,
            networks=networks,
            seed=seed,
            figure_format=figure_format,
            resume=resume,
            overwrite=overwrite,
            cluster=cluster,
            progress=told,
        )
    rows = [row for row in found.rows if row["lesion"] not in found.idle]
    output.print(signatures_table(rows or found.rows, found.result.attrs["pictured"].split()))
    if found.idle:
        say(f"Without any effect in this task: {', '.join(found.idle)}.")
    say_where(out, found.files)
    return 0


@lesion.command()
@reports_errors
@takes_cluster
def diagram(
    first: Annotated[str, typer.Argument(metavar="NAME", help="One lesion.")],
    second: Annotated[str, typer.Argument(metavar="NAME", help="Another one.")],
    task: TaskName = "separation",
    first_strength: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,...", help="Of the first lesion.", show_default="its usual doses"
        ),
    ] = None,
    second_strength: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,...", help="Of the second lesion.", show_default="its usual doses"
        ),
    ] = None,
    networks: Networks = 20,
    acute: Acute = False,
    sessions: Sessions = None,
    trials: Trials = None,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-lesion-diagram"),
    figure_format: FigureFormat = "png",
    resume: Resume = False,
    overwrite: Overwrite = False,
    *,
    cluster: "str | Path | None",
) -> int:
    """Measure what two lesions do together: where function breaks down.

    On a grid of both strengths. Writes the measures (diagram.nc), their means
    with the probability that function is lost (diagram.csv), and a picture with
    the boundary and its limits.

    [bold]Examples[/bold]

      canonica lesion diagram 'state prior' 'sensory precision'

      canonica lesion diagram 'policy precision' plasticity --task bandit --cluster local:4
    """
    from canonica import pipelines  # noqa: PLC0415

    strengths = [
        None if text is None else _numbers(option, text)
        for option, text in (
            ("--first-strength", first_strength),
            ("--second-strength", second_strength),
        )
    ]
    begin_in_pieces(out, resume=resume, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import simulation_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.lesion_diagram(
            out,
            first,
            second,
            task=_task(task, acute=acute, sessions=sessions, trials=trials),
            first_strengths=strengths[0],
            second_strengths=strengths[1],
            networks=networks,
            seed=seed,
            figure_format=figure_format,
            resume=resume,
            overwrite=overwrite,
            cluster=cluster,
            progress=told,
        )
    title = "Boundaries: halfway from the intact networks to the furthest point"
    output.print(simulation_table(title, found.rows, {}))
    say_where(out, found.files)
    return 0


@lesion.command()
@reports_errors
def restore(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Lesions.",
            show_default="policy precision, plasticity",
        ),
    ] = None,
    restored_after: Annotated[
        int, typer.Option(min=1, help="Trials with the lesion; as many follow without it.")
    ] = 20,
    networks: Networks = 20,
    seed: Seed = 0,
    out: Annotated[Path, Out] = Path("canonica-lesion-restored"),
    figure_format: FigureFormat = "png",
    overwrite: Overwrite = False,
) -> int:
    """Undo lesions in the middle of learning, and see what comes back at once.

    Agents learn a bandit whose arms swap; after some trials their lesion is
    undone. What was only performance comes back at once, what was learning has
    to be learned. Writes restored.nc, a picture and summary.json.

    [bold]Example[/bold]

      canonica lesion restore 'policy precision' plasticity forgetting
    """
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.report import simulation_table  # noqa: PLC0415

    with progress() as told:
        found = pipelines.lesion_restored(
            out,
            names or ["policy precision", "plasticity"],
            restored_after=restored_after,
            networks=networks,
            seed=seed,
            figure_format=figure_format,
            overwrite=overwrite,
            progress=told,
        )
    output.print(simulation_table("Share of rewarded pulls", found.rows, {"strength": "g"}))
    say_where(out, found.files)
    return 0


def _task(name: str, *, acute: bool, sessions: int | None, trials: int | None) -> "Task":
    """Return the task of that name, with the sizes asked for."""
    from canonica import pipelines  # noqa: PLC0415

    separation = name == "separation"
    given = {"--acute": acute, "--sessions": sessions, "--trials": trials}
    meant = ("--acute", "--sessions") if separation else ("--trials",)
    strange = [option for option, value in given.items() if value and option not in meant]
    if strange:
        raise CanonicaError(
            f"{strange[0]}: found with the task {name}, which has no such size; expected "
            f"{' or '.join(meant)}."
        )
    return pipelines.lesion_task(name, acute=acute, sessions=sessions, trials=trials)


def _doses(names: list[str] | None, strength: str | None) -> dict[str, list[float]] | None:
    if strength is None:
        return None
    if names is None or len(names) != 1:
        raise CanonicaError(
            f"--strength: found for {len(names or [])} lesions; expected it with one of them. "
            "Others have their usual doses: see canonica lesion list."
        )
    return {names[0]: _numbers("--strength", strength)}


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise CanonicaError(
            f"{option}: found {text!r}; expected numbers with commas between them: 0.2,0.5,0.8."
        ) from error
