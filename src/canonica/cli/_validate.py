"""`canonica validate`: a look at recordings before the work."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from canonica._errors import RecordingError
from canonica.cli._app import app, complain, output, reports_errors
from canonica.cli._reading_options import takes_reading

if TYPE_CHECKING:
    from canonica.pipelines import Validated
    from canonica.recordings import Finding, Reading
    from canonica.reverse_engineering import Validation

MARKS = {
    "unusable": "[bold red]not usable[/bold red]",
    "warning": "[bold yellow]warning[/bold yellow]",
    "note": "[dim]note[/dim]",
}
COLOURS = {True: {True: "yellow", False: "green"}, False: {True: "red", False: "red"}}


@app.command()
@reports_errors
@takes_reading
def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Files of recordings, folders of them, or patterns."
        ),
    ],
    initial_sessions: Annotated[
        int, typer.Option(min=1, help="Sessions that the forecast will start from.")
    ] = 10,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write what was found here, too.")
    ] = None,
    *,
    reading: "Reading",
) -> int:
    """Look at recordings before the work: are they usable, and what could mislead.

    One screen for every recording: its sizes, sessions, inputs and sources;
    its responses, silent electrodes, and electrodes per ensemble under the
    published rule; and whatever looks like trouble, with what it means for
    the analysis and what to do.

    [bold]Examples[/bold]

      canonica validate culture.nwb

      canonica validate data/ --session-gap 60

      canonica validate culture.nwb --table stimulation --stimuli pattern

    [bold]Exit codes[/bold]

      0  usable

      1  usable, with warnings

      2  not usable, at least one of them
    """
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415

    code, found = 0, []
    with progress() as told:
        for one in pipelines.validate_each(
            paths, initial_sessions=initial_sessions, reading=reading, progress=told
        ):
            found.append(one)
            if isinstance(one, RecordingError):
                complain(str(one))
                code = 2
                continue
            _print(one)
            code = max(code, _exit_code(one.validation))
    if json_file is not None:
        pipelines.write_validations(json_file, found)
    return code


def _exit_code(validation: "Validation") -> int:
    if not validation.usable:
        return 2
    return 1 if validation.warnings else 0


def _print(one: "Validated") -> None:
    validation = one.validation
    colour = COLOURS[validation.usable][bool(validation.warnings)]
    output.rule(
        f"[bold]{escape(validation.name)}[/bold]  [{colour}]{validation.verdict}[/{colour}]"
    )
    output.print(one.origin.get("origin", ""), style="dim", markup=False, highlight=False)
    if one.origin.get("reading"):
        output.print(f"Read as: {one.origin['reading']}", markup=False, highlight=False)
    output.print(_facts_table(validation.facts))
    findings = Table.grid(padding=(0, 2, 1, 0))
    findings.add_column(no_wrap=True)
    findings.add_column()
    for finding in validation.findings:
        findings.add_row(MARKS[finding.severity], _sentence(finding))
    output.print(findings)
    output.print()


def _sentence(finding: "Finding") -> str:
    what, rest = escape(finding.what), escape(f"{finding.meaning}. {finding.advice}")
    return f"[bold]{what}[/bold]: {rest}"


def _facts_table(facts: dict[str, Any]) -> Table:
    """Return the facts in two pairs of columns, so that they fit one screen."""
    lines = _lines(facts)
    half = (len(lines) + 1) // 2
    table = Table.grid(padding=(0, 3, 0, 0))
    for first, second in zip(lines[:half], [*lines[half:], ("", "")], strict=False):
        table.add_row(
            f"[cyan]{first[0]}[/cyan]",
            escape(first[1]),
            f"[cyan]{second[0]}[/cyan]",
            escape(second[1]),
        )
    return table


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    shortest, longest = facts["shortest session"], facts["longest session"]
    lengths = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    ensembles = facts.get("electrodes per ensemble")
    return [
        ("condition", facts["condition"]),
        ("trials", f"{facts['trials']}"),
        ("sessions", f"{facts['sessions']} of {lengths} trials"),
        ("inputs", f"{facts['inputs']}"),
        ("sources", f"{facts['sources'] or 'none'}"),
        ("electrodes", f"{facts['electrodes']}, {facts['silent electrodes']} silent"),
        (
            "per ensemble",
            ", ".join(map(str, ensembles)) if ensembles is not None else "not found",
        ),
        (
            "response",
            f"{facts['mean response']:.3g} spikes (variance {facts['variance of responses']:.3g})",
        ),
        ("largest response", f"{facts['largest response']:g} spikes"),
        (
            "by electrode",
            f"{facts['lowest electrode mean']:.3g} to {facts['highest electrode mean']:.3g} spikes",
        ),
    ]
