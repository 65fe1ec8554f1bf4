"""`canonica demo`: the main job, on cultures that it simulates itself."""

from pathlib import Path
from typing import Annotated

import typer

from canonica._errors import CanonicaError
from canonica.cli._app import app, output, reports_errors

SESSIONS, TRIALS_PER_SESSION = 100, 256
SEED = 0


@app.command()
@reports_errors
def demo(
    out: Annotated[Path, typer.Option(help="Folder for recordings and results.")] = Path(
        "canonica-demo"
    ),
    cultures: Annotated[int, typer.Option(min=1, help="How many to simulate.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = SEED,
) -> int:
    """Simulate cultures that learn to separate two sources, and analyse their recordings.

    Spikes and stimuli are saved as NWB files, as a laboratory would have them,
    and analysed as [bold]canonica analyze[/bold] would: a whole run on nothing
    but this program.
    """
    from canonica.cli._analysis import analyze_and_report  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.cli._results_folder import SUMMARY  # noqa: PLC0415
    from canonica.recordings import Reading, write  # noqa: PLC0415
    from canonica.reverse_engineering import PublishedProtocol  # noqa: PLC0415
    from canonica.simulate import spike_trains  # noqa: PLC0415

    recordings, results = out / "recordings", out / "results"
    files = [recordings / f"culture-{number + 1}.nwb" for number in range(cultures)]
    if recordings.exists() and not (results / SUMMARY).exists():
        raise CanonicaError(
            f"--out {out}: found {recordings.name} that no earlier demo made; expected a new "
            "folder, or that of a demo. Choose another."
        )
    with progress() as shown:
        label = "Simulating cultures"
        for number, file in shown.track(enumerate(files), cultures, description=label):
            trains = spike_trains(
                seed + number,
                sessions=SESSIONS,
                trials_per_session=TRIALS_PER_SESSION,
                name=file.stem,
            )
            write(file, trains)
    output.print(
        f"Simulated {cultures} culture{'s' if cultures > 1 else ''}, {SESSIONS} sessions of "
        f"{TRIALS_PER_SESSION} trials each: {recordings}\n",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return analyze_and_report(
        files,
        results,
        protocol=PublishedProtocol(),
        baseline=None,
        reading=Reading(),
        jobs=1,
        overwrite=True,
    )
