"""`canonica demo`: the main job, on cultures that it simulates itself."""

from pathlib import Path
from typing import Annotated

import typer

from canonica._errors import how_many
from canonica._files import shown
from canonica.cli._app import app, reports_errors
from canonica.cli._common_options import Seed
from canonica.cli._interruption import if_interrupted
from canonica.cli._printing import say


@app.command()
@reports_errors
def demo(
    out: Annotated[Path, typer.Option(help="Folder for recordings and results.")] = Path(
        "canonica-demo"
    ),
    cultures: Annotated[int, typer.Option(min=1, help="How many to simulate.")] = 4,
    seed: Seed = 0,
) -> int:
    """Simulate cultures that learn to separate two sources, and analyse their recordings.

    Spikes and stimuli are saved as NWB files, as a laboratory would have them,
    and analysed as [bold]canonica analyze[/bold] would: a whole run on nothing
    but this program.
    """
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._analyze import print_analysis  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415

    if_interrupted(
        lambda: "interrupted; recordings that were complete are there; no results were written."
    )
    with progress() as told:
        found = pipelines.demo(out, cultures=cultures, seed=seed, progress=told)
    one = found.rows[0]
    say(
        f"Simulated {how_many(cultures, 'culture')}, {how_many(one['sessions'], 'session')} of "
        f"{one['trials'] // one['sessions']} trials each: {shown(out / 'recordings')}\n"
    )
    return print_analysis(found, out / "results")
