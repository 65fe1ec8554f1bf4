"""`canonica export`: an agent taken along to another runtime."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from canonica._errors import how_many
from canonica.cli._app import app, reports_errors
from canonica.cli._common_options import Out, Overwrite, Seed
from canonica.cli._printing import say, say_where

if TYPE_CHECKING:
    from canonica.pipelines import Export


@app.command()
@reports_errors
def export(
    agent: Annotated[
        Path,
        typer.Argument(
            metavar="AGENT",
            help="A file of agent.save(path); agent.npz of canonica play.",
        ),
    ],
    to: Annotated[
        Literal["stablehlo", "onnx", "brian2"],
        typer.Option("--to", help="What is to run it."),
    ],
    out: Annotated[Path, Out] = Path("canonica-export"),
    python: Annotated[
        Path,
        typer.Option(
            "--python",
            help="The Python to try it with, if the runtime has an environment of its own.",
            show_default="this one",
        ),
    ] = Path(sys.executable),
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> int:
    r"""Take an agent along to where nobody has canonica, and try it there.

    Writes the network, and run.py, which runs it with NumPy and the runtime
    alone. With them go 100 steps of the agent itself (steps.npz): run.py is run
    at once, where the runtime is installed, and the largest deviation told.

    [bold]Formats[/bold]

      stablehlo  a step, from observation, state and a random number to action
                 and state; JAX, IREE and others compile it for any device

      onnx       the same step for ONNX Runtime and its like, in many languages

      brian2     the differential equations of its rates, with its plasticity,
                 as a model for Brian 2

    What canonica play learned, and a network that acts by a plan, go along to
    the first two, settled: they do what they know to be best, and explore no
    more. meaning.json says what their inputs and actions stand for.

    The first needs flatbuffers, the second jax2onnx and onnxruntime:
    pip install "canonica\[export]" has them. Brian 2 is needed to run the third
    only; 2.9 does not load with NumPy 2.4, so give it a Python of its own.

    [bold]Examples[/bold]

      canonica export maze-agent.npz --to stablehlo

      canonica export maze-agent.npz --to onnx --out on-the-robot

      canonica export canonica-play/agent.npz --to onnx --out lake

      canonica export maze-agent.npz --to brian2 --python ~/brian/bin/python
    """
    from canonica import pipelines  # noqa: PLC0415

    pipelines.check_results_folder(out, overwrite=overwrite)
    from canonica.cli._progress import progress  # noqa: PLC0415

    with progress() as told:
        found = pipelines.export(
            agent, out, to=to, python=python, seed=seed, overwrite=overwrite, progress=told
        )
    _tell(found)
    say_where(out, found.files)
    return 0


def _tell(found: "Export") -> None:
    """Say how far it deviates from the agent, or why that is not known."""
    if found.unchecked is not None:
        say(f"Not tried: {found.unchecked}. Run run.py where it is installed.", style="yellow")
        return
    say(
        f"Run without canonica for {found.steps} steps: beliefs deviate by "
        f"{found.largest_deviation:.1e} at most, {how_many(found.other_actions or 0, 'action')} "
        f"{'is' if found.other_actions == 1 else 'are'} others than the agent's."
    )
    if found.largest_deviation_learned is not None:
        say(f"What it learned deviates by {found.largest_deviation_learned:.1e} at most.")
