"""`canonica convert`: a recording from one format into another."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import shown
from canonica.cli._app import app, complain, output, reports_errors
from canonica.cli._reading_options import takes_reading
from canonica.recordings.nwb._experiment import MARKED_UNKNOWN, METADATA

if TYPE_CHECKING:
    import xarray as xr

    from canonica.recordings import Reading, SpikeTrains

NWB = ".nwb"
PANEL = "What NWB has room for (what is left out is left out, or marked as unknown)"


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
        Path, typer.Argument(metavar="IN", help="A file of recordings, of any format.")
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The file to write: .nwb, .parquet, .csv or .mat. Several cultures get a file "
            "each, numbered: OUT-1, OUT-2 ...",
        ),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    *,
    reading: "Reading",
    metadata: Mapping[str, str],
) -> int:
    """Convert recordings: to NWB, for others to read; or to a table or MATLAB file.

    NWB is the standard of neurophysiology, and the only format here that
    keeps spike times: with them come electrodes, the table of stimuli, the
    device, and culture, drugs and circumstances (ndx-cell-culture). The
    other formats hold the responses, counted in a window after each stimulus.

    Nothing is made up. What neither the file nor an option says is left out
    of the NWB file, or marked as unknown in it; where spike times are not
    known, it holds counts. canonica reads it back as the same recording.

    [bold]Examples[/bold]

      canonica convert culture_spikes.csv culture.nwb --species "Rattus norvegicus"

      canonica convert response_data_bic.mat bic.nwb --drug bicuculline

      canonica convert culture.nwb responses.parquet --window 10 30

    [bold]Exit codes[/bold]

      0  all done

      1  some cultures could not be converted; they are listed

      2  bad call, or nothing that could be converted
    """
    from canonica.recordings import SpikeTrains, write  # noqa: PLC0415

    _check(source, out, metadata)
    found = _contents(source, reading)
    targets = _targets(out, len(found))
    _check_free(targets, overwrite=overwrite)
    failures: list[str] = []
    for target, content in zip(targets, found, strict=True):
        if isinstance(content, RecordingError):
            failures.append(str(content))
            continue
        keeps_spikes = isinstance(content, SpikeTrains) and target.suffix.lower() == NWB
        try:
            if isinstance(content, SpikeTrains) and not keeps_spikes:
                content = content.recording(window=reading.window)  # noqa: PLW2901
            write(target, content, metadata=metadata)
        except CanonicaError as error:
            failures.append(str(error))
            continue
        _tell(target, content, metadata)
    for failure in dict.fromkeys(failures):
        complain(failure)
    if len(failures) == len(found):
        return 2
    return 1 if failures else 0


def _check(source: Path, out: Path, metadata: Mapping[str, str]) -> None:
    from canonica.recordings import writer  # noqa: PLC0415

    writer(out)  # refuses what it cannot write
    to_nwb = out.suffix.lower() == NWB
    if to_nwb and source.suffix.lower() == NWB:
        raise CanonicaError(
            f"{shown(source)}: found NWB; expected another format. To convert NWB to NWB has no "
            "point: copy the file, or change it with pynwb."
        )
    if metadata and not to_nwb:
        options = ("--" + name.replace("_", "-") for name in metadata)
        raise CanonicaError(
            f"{listed(options)}: found with {shown(out)}; expected with {NWB} only, the one format "
            "that has room for it."
        )


def _contents(
    source: Path, reading: "Reading"
) -> "list[xr.Dataset | SpikeTrains | RecordingError]":
    from canonica.recordings import read_contents  # noqa: PLC0415

    found = list(read_contents(source, reading))
    if not found:
        raise CanonicaError(f"{shown(source)}: found no culture in it; expected at least one.")
    return found


def _targets(out: Path, number: int) -> list[Path]:
    """Return where each culture goes: to a file of its own."""
    if number == 1:
        return [out]
    width = len(str(number))
    return [out.with_stem(f"{out.stem}-{one:0{width}d}") for one in range(1, number + 1)]


def _check_free(targets: list[Path], *, overwrite: bool) -> None:
    there = [target for target in targets if target.exists()]
    folders = [target for target in there if target.is_dir()]
    if folders:
        raise CanonicaError(f"{shown(folders[0])}: found a folder; expected a name for a file.")
    if there and not overwrite:
        raise CanonicaError(
            f"{listed(shown(target) for target in there)}: found a file; expected none yet. "
            "Replace it with --overwrite, or choose another name."
        )


def _tell(target: Path, content: "xr.Dataset | SpikeTrains", metadata: Mapping[str, str]) -> None:
    """Say what was written, and what is not known in it."""
    from canonica.recordings import SpikeTrains  # noqa: PLC0415

    if isinstance(content, SpikeTrains):
        sizes = (
            f"{len(content.times)} spikes of {len(content)} electrodes, "
            f"{len(content.onsets)} stimuli"
        )
    else:
        sizes = f"{content.sizes['trial']} responses of {content.sizes['electrode']} electrodes"
    _say(f"Wrote {shown(target)}: {sizes}.")
    if content.attrs.get("reading"):
        _say(f"  Read as: {content.attrs['reading']}.")
    if target.suffix.lower() != NWB:
        _say(f"  Not in it: {LOST[target.suffix.lower()]}")
        return
    if not isinstance(content, SpikeTrains):
        _say("  Spike times are not known: it holds counts.")
        if "onset" not in content.coords:
            interval = metadata.get("stimulus_interval", "1")
            _say(f"  Onsets are not known: trials are {interval} s apart, and said to be nominal.")
    elif "sampling_rate" not in metadata:
        _say("  How exactly spike times are known is not said (--sampling-rate).")
    unknown = [name for name in MARKED_UNKNOWN if name not in metadata]
    if unknown:
        options = listed(("--" + name.replace("_", "-") for name in unknown), len(unknown))
        _say(f"  Marked as unknown; say it with {options}.")


def _say(sentence: str) -> None:
    output.print(sentence, markup=False, highlight=False, soft_wrap=True)
