"""Words that several commands print of their results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from canonica._errors import how_many
from canonica._files import shown
from canonica.cli._app import output

SUMMARY = "summary.json"


def say(line: str = "", *, style: str = "") -> None:
    """Print a line without markup, colours or breaks of its own."""
    output.print(line, highlight=False, markup=False, soft_wrap=True, style=style)


def say_where(out: Path, files: Sequence[str]) -> None:
    """Print the folder of the results, and the names of its files."""
    say(f"Results: {shown(out)}")
    say(f"  {', '.join([*files, SUMMARY])}")


def print_reading(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print how recordings were divided into sessions and read, and how many have warnings."""
    output.print(_sessions_read(rows), highlight=False)
    ways = Counter(row["reading"] for row in rows if row["reading"])
    for way, count in ways.items():
        of = "" if len(ways) == 1 else f" ({how_many(count, 'recording')})"
        output.print(f"Read as: {way}{of}", highlight=False, markup=False, style="dim")
    warned = sum(bool(row["warnings"]) for row in rows)
    if warned:
        output.print(
            f"{how_many(warned, 'recording')} with warnings, listed in recordings.csv; "
            "canonica validate says what they mean",
            highlight=False,
            style="yellow",
        )


def _sessions_read(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how trials were divided into sessions, which a wrong option would get wrong."""
    shapes = Counter((row["sessions"], row["trials"] / row["sessions"]) for row in rows)
    return "Read " + ", ".join(
        f"{how_many(count, 'recording')} of {how_many(sessions, 'session')} of {trials:g} trials"
        for (sessions, trials), count in shapes.items()
    )


def print_baseline_warning(warning: str | None) -> None:
    """Say loudly that conditions have baselines of their own, where they have."""
    if warning is not None:
        output.print(f"{warning}\n", style="bold yellow", highlight=False, markup=False)


def print_failed(failures: Sequence[Exception]) -> None:
    """Say how many failed, if any did."""
    if failures:
        failed = how_many(len(failures), "recording or file", "recordings or files")
        output.print(f"  {failed} failed: listed above and in summary.json", highlight=False)
