"""`canonica simulate culture`: a recording to practise on."""

from pathlib import Path
from typing import Annotated

import typer

from canonica._errors import CanonicaError
from canonica._files import shown
from canonica.cli._app import output, reports_errors
from canonica.cli._simulate import Inputs, Mixing, Seed, Sessions, Sources, Trials, simulate


@simulate.command()
@reports_errors
def culture(
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="The file to write: .nwb keeps spikes and truth; .mat, .parquet and .csv hold "
            "the responses.",
        ),
    ],
    sources: Sources = 2,
    inputs: Inputs = 32,
    electrodes: Annotated[int, typer.Option(min=2, help="Recording electrodes.")] = 64,
    sessions: Sessions = 100,
    trials_per_session: Trials = 256,
    repeated: Annotated[
        bool, typer.Option("--repeated", help="The same trials in every session, not fresh ones.")
    ] = False,
    mixing: Mixing = 0.75,
    prior: Annotated[
        float,
        typer.Option(
            min=0.001,
            max=0.999,
            help="State prior D[1]: 0.2, 0.5 and 0.8 model lowered, normal and raised "
            "excitability, as by drugs.",
        ),
    ] = 0.5,
    learning_rate: Annotated[
        float, typer.Option(min=0, max=1000, help="0 models blocked plasticity.")
    ] = 1.0,
    direct: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of a response that stimuli evoke whatever is believed."
        ),
    ] = 0.8,
    drift: Annotated[
        float, typer.Option(min=0, max=2, help="How far gains of electrodes wander.")
    ] = 0.2,
    dead: Annotated[int, typer.Option(min=0, help="Electrodes that record nothing.")] = 0,
    name: Annotated[str, typer.Option(help="Of the recording.")] = "simulated",
    condition: Annotated[str, typer.Option(help="The group that it belongs to.")] = "simulated",
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Also draw its spikes and statistics."),
    ] = None,
    seed: Seed = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
) -> int:
    """Simulate a culture on an electrode array, whose truth is known, and record it.

    A network learns the sources of its stimuli; electrodes express what it
    believes, each in its own way, among spontaneous spikes and artefacts of
    the stimulus. In NWB the truth is kept beside the spikes.

    [bold]Examples[/bold]

      canonica simulate culture --out practice.nwb --figure practice.png

      canonica simulate culture --out dzp.nwb --prior 0.2 --dead 5 --seed 7
    """
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.recordings import write, writer  # noqa: PLC0415
    from canonica.simulate import spike_trains  # noqa: PLC0415

    writer(out)  # refuses a name before the work
    if figure is not None and figure.suffix.lower() != ".png":
        raise CanonicaError(f"--figure {shown(figure)}: expected a name that ends in .png.")
    _check_free([out, *([] if figure is None else [figure])], overwrite=overwrite)
    with progress() as bar:
        task = bar.add_task("Simulating a culture", total=2 if figure is None else 3)
        trains = spike_trains(
            seed,
            sources=sources,
            inputs=inputs,
            electrodes=electrodes,
            sessions=sessions,
            trials_per_session=trials_per_session,
            repeated=repeated,
            mixing=mixing,
            state_prior=prior,
            learning_rate=learning_rate,
            direct=direct,
            drift=drift,
            dead=dead,
            name=name,
            condition=condition,
        )
        bar.advance(task)
        keeps_spikes = out.suffix.lower() == ".nwb"
        write(out, trains if keeps_spikes else trains.recording())
        bar.advance(task)
        if figure is not None:
            from canonica._files import complete_file  # noqa: PLC0415
            from canonica.report import culture_figure, write_figure  # noqa: PLC0415

            drawn = culture_figure({name: [trains.recording()]}, trains=trains)
            with complete_file(figure) as partial:
                write_figure(drawn, partial)
    kept = f"{len(trains.times):,} spikes of" if keeps_spikes else "responses of"
    _say(
        f"Wrote {shown(out)}: {kept} {electrodes} electrodes, {sessions} sessions of "
        f"{trials_per_session} trials each."
    )
    if figure is not None:
        _say(f"Drew {shown(figure)}.")
    _say(f"Next: canonica validate {shown(out)}")
    _say(f"      canonica analyze {shown(out)} --out results")
    return 0


def _check_free(paths: list[Path], *, overwrite: bool) -> None:
    for path in paths:
        if path.is_dir() or (path.exists() and not overwrite):
            advice = "Choose another name." if path.is_dir() else "Choose another, or --overwrite."
            raise CanonicaError(
                f"{shown(path)}: found {'a folder' if path.is_dir() else 'a file'} of that name; "
                f"expected a new file. {advice}"
            )


def _say(line: str) -> None:
    output.print(line, highlight=False, markup=False, soft_wrap=True)
