"""`canonica convert`: a recording from one format into another."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canonica._errors import how_many, listed
from canonica._files import shown
from canonica.cli._app import app, complain, reports_errors
from canonica.cli._common_options import OverwriteFiles
from canonica.cli._interruption import if_interrupted
from canonica.cli._printing import say
from canonica.cli._reading_options import takes_reading
from canonica.recordings.nwb._experiment import MARKED_UNKNOWN, METADATA

if TYPE_CHECKING:
    from canonica.pipelines import Converted
    from canonica.recordings import Reading

NWB = ".nwb"
PANEL = "What to say of the experiment in an NWB file (what you do not say is not made up)"


def _takes_metadata(command: Callable[..., int]) -> Callable[..., int]:
    """Return `command` with an option for each of the metadata in place of its parameter."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> int:
        given = {name: kwargs.pop(name) for name in METADATA}
        known = {name: value for name, value in given.items() if value is not None}
        return command(*args, metadata=known, **kwargs)

    types = {
        name: Annotated[
            str | None,
            typer.Option(
                help=f"{meaning[0].upper()}{meaning[1:]}.",
                metavar="TEXT",
                rich_help_panel=PANEL,
                show_default=False,
            ),
        ]
        for name, meaning in METADATA.items()
    }
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in types.items()
    ]
    own = [one for name, one in signature(command).parameters.items() if name != "metadata"]
    run.__signature__ = signature(command).replace(parameters=own + options)  # type: ignore[attr-defined]
    run.__annotations__ = {
        name: hint for name, hint in command.__annotations__.items() if name != "metadata"
    } | types
    return run


LOST = {
    ".parquet": "spike times; the truth of a simulated culture.",
    ".csv": "spike times; names of electrodes, condition and other attributes; the truth of a "
    "simulated culture.",
    ".mat": "spike times, onsets and sessions, so that it has to be read with "
    "--trials-per-session; names of electrodes; the truth of a simulated culture.",
}


@app.command()
@reports_errors
@takes_reading
@_takes_metadata
def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="The file of recordings to read, of any format, or a folder of them."
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The file to write. Its ending says the format: .nwb, .parquet, .csv or .mat. "
            "If IN holds several cultures, each gets a file of its own: OUT-1, OUT-2 and so on.",
        ),
    ],
    overwrite: OverwriteFiles = False,
    *,
    reading: "Reading",
    metadata: Mapping[str, str],
) -> int:
    """Convert a recording to NWB, to share it, or to a table or a MATLAB file.

    NWB is the standard format of neurophysiology, and the only one here that
    keeps spike times. Beside them it keeps the electrodes, the table of
    stimuli, the device, and what is known of the culture and its drugs (by
    the extension ndx-cell-culture). The other formats keep only responses:
    numbers of spikes in a window after each stimulus.

    Nothing is made up. If neither the file nor one of the options below says
    something, the NWB file leaves it out, or marks it as unknown. If spike
    times are not known, it holds the numbers of spikes. Reading the file
    again gives the same recording.

    [bold]Examples[/bold]

      canonica convert culture_spikes.csv culture.nwb --species "Rattus norvegicus"

      canonica convert response_data_bic.mat bic.nwb --drug bicuculline

      canonica convert culture.nwb responses.parquet --window 10 30

    [bold]Exit codes[/bold]

      0  all done

      1  some cultures could not be converted; they are listed

      2  bad call, or nothing that could be converted
    """
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415
    from canonica.pipelines import Converted  # noqa: PLC0415

    if_interrupted(lambda: "interrupted; files that were complete are there, and no others.")
    with progress() as told:
        found = pipelines.convert(
            source, out, reading=reading, metadata=metadata, overwrite=overwrite, progress=told
        )
    converted = [one for one in found if isinstance(one, Converted)]
    failures = [str(one) for one in found if not isinstance(one, Converted)]
    for one in converted:
        _tell(one, metadata)
    for failure in dict.fromkeys(failures):
        complain(failure)
    if not converted:
        return 2
    return 1 if failures else 0


def _tell(one: "Converted", metadata: Mapping[str, str]) -> None:
    """Say what was written, and what is not known in it."""
    from canonica.recordings import SpikeTrains  # noqa: PLC0415

    target, content = one.path, one.content
    if isinstance(content, SpikeTrains):
        sizes = (
            f"{how_many(len(content.times), 'spike')} of {how_many(len(content), 'electrode')}, "
            f"{len(content.onsets)} stimuli"
        )
    else:
        sizes = (
            f"responses of {how_many(content.sizes['electrode'], 'electrode')} in "
            f"{how_many(content.sizes['trial'], 'trial')}"
        )
    say(f"Wrote {shown(target)}: {sizes}.")
    if content.attrs.get("reading"):
        say(f"  Read as: {content.attrs['reading']}.")
    if target.suffix.lower() != NWB:
        say(f"  Not in it: {LOST[target.suffix.lower()]}")
        return
    if not isinstance(content, SpikeTrains):
        say("  Spike times are not known: it holds counts.")
        if "onset" not in content.coords:
            interval = metadata.get("stimulus_interval", "1")
            say(f"  Onsets are not known: trials are {interval} s apart, and said to be nominal.")
    elif "sampling_rate" not in metadata:
        say("  How exactly spike times are known is not said (--sampling-rate).")
    unknown = [name for name in MARKED_UNKNOWN if name not in metadata]
    if unknown:
        options = listed(("--" + name.replace("_", "-") for name in unknown), len(unknown))
        say(f"  Marked as unknown; say it with {options}.")
