"""Options on how to read files, the same for every command that reads some."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

PANEL = "How to read the files (what is left out is taken from the file, or guessed)"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


def _options(
    trials_per_session: Annotated[
        int | None,
        _option(
            min=1,
            help="Trials in a session.",
            show_default="as the file says, else 256",
        ),
    ] = None,
    session_gap: Annotated[
        float | None,
        _option(metavar="SECONDS", help="Pause between stimuli that begins a new session."),
    ] = None,
    session: Annotated[
        str | None, _option(metavar="COLUMN", help="Column with the session of every trial.")
    ] = None,
    window: Annotated[
        tuple[float, float],
        _option(metavar="FROM TO", help="Milliseconds after a stimulus in which spikes count."),
    ] = (10.0, 30.0),
    by: Annotated[
        str,
        _option(
            metavar="electrode|unit", help="Whose spikes make a response, where a file has both."
        ),
    ] = "electrode",
    table: Annotated[
        str | None,
        _option(
            metavar="NAME",
            help="NWB: the table of stimuli, if not the trials; Neo: the channel of events.",
        ),
    ] = None,
    onset: Annotated[
        str | None, _option(metavar="COLUMN", help="Column with the onsets of stimuli, in seconds.")
    ] = None,
    stimuli: Annotated[
        list[str] | None,
        _option(
            metavar="COLUMN",
            help="Column with the stimuli, or one per input (repeat it, or use *: 'in_*').",
        ),
    ] = None,
    sources: Annotated[
        list[str] | None,
        _option(metavar="COLUMN", help="The same for the hidden sources."),
    ] = None,
    coding: Annotated[
        str,
        _option(
            metavar="guess|vector|electrodes",
            help="Whether a column of vectors holds 0 and 1 for every input, or lists those on.",
        ),
    ] = "guess",
    stimulus_file: Annotated[
        Path | None,
        _option(
            metavar="FILE",
            help="Stimuli that belong to a file of spikes; else the one beside it, with "
            "'stimuli' in its name for 'spikes'.",
        ),
    ] = None,
    condition: Annotated[
        str | None, _option(help="The group that these cultures belong to.")
    ] = None,
    units: Annotated[
        str | None, _option(metavar="NAME", help="NWB: the table of units, if there are several.")
    ] = None,
    quality: Annotated[
        list[str] | None,
        _option(
            metavar="LABEL",
            help="NWB: units of which label count, such as good (repeat it, or COLUMN=LABEL, "
            "or all).",
        ),
    ] = None,
    unobserved: Annotated[
        str,
        _option(
            metavar="electrodes|trials|zero",
            help="NWB: what to leave out for responses outside of units' observed times; "
            "with zero, what is there counts.",
        ),
    ] = "electrodes",
    invalid_times: Annotated[
        str,
        _option(metavar="leave-out|keep", help="NWB: trials in times that the file calls invalid."),
    ] = "leave-out",
    infer_sources: Annotated[
        bool,
        _option(
            "--infer-sources",
            help="Where sources are not recorded, infer two from the stimuli alone.",
        ),
    ] = False,
    one_recording_per: Annotated[
        str,
        _option(
            metavar="guess|file|experiment",
            help="NWB: whether files of one subject that follow one another are one recording.",
        ),
    ] = "guess",
    experiment_gap: Annotated[
        float,
        _option(
            metavar="SECONDS",
            help="From the start of one file to the next: what begins another experiment.",
        ),
    ] = 3600.0,
) -> None:
    """Hold the options: their names, types, defaults and help."""


_PARAMETERS = signature(_options).parameters


def takes_reading(command: Callable[..., int]) -> Callable[..., int]:
    """Return `command` with the options of reading in place of its parameter `reading`."""
    own = {name: p for name, p in signature(command).parameters.items() if name != "reading"}

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> int:
        # Imported here, so that --help answers at once; files are read in a process of their own.
        from canonica.recordings.isolation._isolated import (  # noqa: PLC0415
            begin_reading,
            forget_ahead,
        )

        begin_reading()
        from canonica.recordings import Reading  # noqa: PLC0415
        from canonica.recordings._read import read_ahead  # noqa: PLC0415

        given = {name: kwargs.pop(name) for name in _PARAMETERS}
        given["window"] = tuple(limit / 1000 for limit in given["window"])
        for several in ("stimuli", "sources", "quality"):
            given[several] = tuple(given[several] or ())
        reading = Reading(**given)
        read_ahead(kwargs.get("paths", ()), reading)
        try:
            return command(*args, reading=reading, **kwargs)
        finally:
            forget_ahead()

    options = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in _PARAMETERS.values()]
    parameters = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in own.values()]
    run.__signature__ = signature(command).replace(parameters=parameters + options)  # type: ignore[attr-defined]
    hints = command.__annotations__ | _options.__annotations__
    run.__annotations__ = {name: hint for name, hint in hints.items() if name != "reading"}
    return run
