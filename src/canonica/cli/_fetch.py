"""`canonica fetch`: published recordings to work on."""

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from canonica._errors import how_many
from canonica._files import sha256, shown
from canonica.cli._app import app, complain_of, reports_errors
from canonica.cli._interruption import if_interrupted
from canonica.cli._printing import say

if TYPE_CHECKING:
    from canonica.pipelines import Fetched


@app.command()
@reports_errors
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The data set: isomura2023, or one of DANDI: dandi:001611."
        ),
    ],
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION,...",
            help="Which conditions; the option may be repeated.",
            show_default="all that are known to be public",
        ),
    ] = None,
    subjects: Annotated[
        list[str] | None,
        typer.Option(metavar="SUBJECT,...", help="DANDI: which subjects; * for any letters."),
    ] = None,
    sessions: Annotated[
        list[str] | None,
        typer.Option(metavar="SESSION,...", help="DANDI: which sessions; * for any letters."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where to keep the files.", show_default="$CANONICA_DATA, or else the user's cache"
        ),
    ] = None,
    base_url: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> int:
    """Download recordings that their authors have made public.

    isomura2023: rat cortical cultures that learn to separate two sources
    [NC23]. Conditions bic, dzp, mix0 and mix50; besides, ctrl and apv, of
    which it is not known whether they are public as single files.

    dandi:NUMBER: the NWB files of any data set of the DANDI archive, of its
    newest published version or of the one named (dandi:001611@draft). Of
    dandi:001611, cultures of another laboratory in the same task, a session is
    a file, and 100 of them are an experiment.

    A file that is here already is not downloaded again, and a download that
    was cut goes on where it was. Every file is checked against the SHA-256 of
    the published one. Licence, citation and the command to run next are
    printed.

    [bold]Examples[/bold]

      canonica fetch isomura2023

      canonica fetch isomura2023 --conditions bic,dzp --folder data

      canonica fetch dandi:001611 --subjects 24846 --sessions '20241120*'

    [bold]Exit codes[/bold]

      0  all are here

      1  some could not be had; they are listed

      2  bad call, or none could be had
    """
    from canonica import pipelines  # noqa: PLC0415
    from canonica.cli._progress import progress  # noqa: PLC0415

    if_interrupted(lambda: "interrupted; what has come stays, and the next call goes on with it.")
    with progress(of_bytes=True) as told:
        fetched = pipelines.fetch(
            name,
            conditions=_split(conditions),
            subjects=_split(subjects),
            sessions=_split(sessions),
            folder=folder,
            base_url=base_url,
            progress=told,
        )
    complain_of(fetched.failures)
    _print_found(fetched)
    return 1 if fetched.failures else 0


def _split(conditions: Sequence[str] | None) -> list[str] | None:
    if not conditions:
        return None
    return [one.strip() for text in conditions for one in text.split(",") if one.strip()]


def _print_found(fetched: "Fetched") -> None:
    folder = _folder(fetched)
    if folder is not None:
        say(f"{how_many(len(fetched.found), 'file')} in {shown(folder)}")
    for file, path in fetched.found:
        if folder is None:
            say(f"{file.condition}: {shown(path)}")
        if file.sha256 is None:
            say(f"  hash not known beforehand: sha256 {sha256(path)}")
    say(f"\nLicence: {fetched.dataset.licence} ({fetched.dataset.home})")
    say(f"Cite: {fetched.dataset.citation}")
    say(f"\nNext:\n  {_analyze(fetched)}")


def _folder(fetched: "Fetched") -> Path | None:
    """Return the folder of a set whose files are in folders of their own; None of others."""
    file, path = fetched.found[0]
    depth = len(PurePosixPath(file.name).parts)
    return path.parents[depth - 1] if depth > 1 else None


def _analyze(fetched: "Fetched") -> str:
    """Return the command that analyses these files as their authors did."""
    folder = _folder(fetched)
    if folder is not None:
        return shlex.join(["canonica", "validate", shown(folder)])
    words = ["canonica", "analyze", *(shown(path) for _, path in fetched.found)]
    words += ["--out", "results"]
    baselines = fetched.dataset.baselines
    for file, _ in fetched.found:
        if file.condition in baselines:
            words += ["--baseline", f"{file.condition}={baselines[file.condition]!r}"]
    return shlex.join(words)
