"""`canonica fetch`: published recordings to work on."""

import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonica._errors import CanonicaError, RecordingError
from canonica._files import sha256, shown
from canonica.cli._app import app, complain, messages, output, reports_errors

if TYPE_CHECKING:
    from rich.progress import Progress

    from canonica.recordings.download._datasets import PublicDataset, PublicFile


@app.command()
@reports_errors
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set: isomura2023.")],
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION,...",
            help="Which conditions; the option may be repeated.",
            show_default="all that are known to be public",
        ),
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

    A file that is here already is not downloaded again, and a download that
    was cut goes on where it was. Every file is checked against the SHA-256 of
    the published one. Licence, citation and the command to run next are
    printed.

    [bold]Examples[/bold]

      canonica fetch isomura2023

      canonica fetch isomura2023 --conditions bic,dzp --folder data

    [bold]Exit codes[/bold]

      0  all are here

      1  some could not be had; they are listed

      2  bad call, or none could be had
    """
    from canonica.recordings.download._fetch import (  # noqa: PLC0415
        fetch_each,
        public_dataset,
        public_files,
    )

    dataset = public_dataset(name)
    files = public_files(dataset, _split(conditions))
    found: list[tuple[PublicFile, Path]] = []
    try:
        with _transfer() as bars:
            fetched = fetch_each(
                dataset, files, folder=folder, base_url=base_url, progress=_Shown(bars)
            )
            for file, path in fetched:
                if isinstance(path, RecordingError):
                    complain(str(path))
                else:
                    found.append((file, path))
    except KeyboardInterrupt:
        complain("interrupted; what has come stays, and the next call goes on from there.")
        return 128 + signal.SIGINT
    if not found:
        raise CanonicaError("nothing could be fetched.")
    _print_found(dataset, found)
    return 0 if len(found) == len(files) else 1


def _split(conditions: Sequence[str] | None) -> list[str] | None:
    if not conditions:
        return None
    return [one.strip() for text in conditions for one in text.split(",") if one.strip()]


class _Shown:
    """Progress of downloads: a bar for each condition, from its first bytes on."""

    def __init__(self, bars: "Progress") -> None:
        self.bars = bars
        self.tasks = {}

    def __call__(self, condition: str, here: int, total: int | None) -> None:
        if condition not in self.tasks:
            self.tasks[condition] = self.bars.add_task(condition, total=total)
        self.bars.update(self.tasks[condition], completed=here, total=total)


def _transfer() -> "Progress":
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=messages,
        transient=True,
    )


def _print_found(dataset: "PublicDataset", found: Sequence[tuple["PublicFile", Path]]) -> None:
    for file, path in found:
        _print(f"{file.condition}: {shown(path)}")
        if file.sha256 is None:
            _print(f"  hash not known beforehand: sha256 {sha256(path)}")
    _print(f"\nLicence: {dataset.licence} ({dataset.home})")
    _print(f"Cite: {dataset.citation}")
    _print(f"\nNext:\n  {_analyze(dataset, found)}")


def _analyze(dataset: "PublicDataset", found: Sequence[tuple["PublicFile", Path]]) -> str:
    """Return the command that analyses these files as their authors did."""
    words = ["canonica", "analyze", *(shown(path) for _, path in found), "--out", "results"]
    for file, _ in found:
        if file.condition in dataset.baselines:
            words += ["--baseline", f"{file.condition}={dataset.baselines[file.condition]!r}"]
    return shlex.join(words)


def _print(text: str) -> None:
    output.print(text, markup=False, highlight=False, soft_wrap=True)
