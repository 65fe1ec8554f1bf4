"""`canonica simulate culture`: a recording to practise on."""

from pathlib import Path
from typing import Annotated

import typer

from canonica._errors import how_many
from canonica._files import shown
from canonica.cli._app import reports_errors
from canonica.cli._common_options import OverwriteFiles, Seed
from canonica.cli._printing import say
from canonica.cli._simulate import Inputs, Mixing, Sessions, Sources, Trials, simulate


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
    lesion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=STRENGTH",
            help="What else is wrong with it, as canonica lesion list names it; may be repeated.",
        ),
    ] = None,
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
    layout: Annotated[
        str,
        typer.Option(
            metavar="file|dandi",
            help="One file; or a folder with an NWB file for each session, as DANDI:001611 has it.",
        ),
    ] = "file",
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also draw its spikes and statistics: pixels (.png), or lines (.pdf, .svg).",
        ),
    ] = None,
    seed: Seed = 0,
    overwrite: OverwriteFiles = False,
) -> int:
    """Simulate a culture on an electrode array, whose truth is known, and record it.

    A network learns the sources of its stimuli; electrodes express what it
    believes, each in its own way, among spontaneous spikes and artefacts of
    the stimulus. In NWB the truth is kept beside the spikes.

    [bold]Examples[/bold]

      canonica simulate culture --out practice.nwb --figure practice.png

      canonica simulate culture --out dzp.nwb --prior 0.2 --dead 5 --seed 7

      canonica simulate culture --out apv.nwb --lesion plasticity=0.1 --lesion "state prior=0.4"

      canonica simulate culture --out experiment --layout dandi
    """
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415

    with progress() as told:
        found = pipelines.culture(
            out,
            sources=sources,
            inputs=inputs,
            electrodes=electrodes,
            sessions=sessions,
            trials_per_session=trials_per_session,
            repeated=repeated,
            mixing=mixing,
            state_prior=prior,
            learning_rate=learning_rate,
            lesions=lesion or [],
            direct=direct,
            drift=drift,
            dead=dead,
            name=name,
            condition=condition,
            layout=layout,
            figure=figure,
            seed=seed,
            overwrite=overwrite,
            progress=told,
        )
    kept = (
        f"{how_many(len(found.trains.times), 'spike')} of" if found.keeps_spikes else "responses of"
    )
    say(
        f"Wrote {shown(out)}: {kept} {how_many(electrodes, 'electrode')}, "
        f"{how_many(sessions, 'session')} of "
        f"{how_many(trials_per_session, 'trial')} each."
    )
    if figure is not None:
        say(f"Drew {shown(figure)}.")
    if len(found.files) > 1:
        say(f"  in {how_many(len(found.files), 'file')}, {shown(found.files[0])} and so on.")
    infer = " --infer-sources" if layout == "dandi" else ""
    say(f"Next: canonica validate {shown(out)}{infer}")
    say(f"      canonica analyze {shown(out)}{infer} --out results")
    return 0
