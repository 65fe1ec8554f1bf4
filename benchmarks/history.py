"""What benchmarks found, run after run: `history.csv`, so that it is seen when one becomes slower.

Times differ from machine to machine and from hour to hour; ratios within one run are what can be
compared. Every row has the day, the commit, the benchmark, what was measured, and the ratio. Every
script that states a ratio adds its own, whenever it runs in full; ``python benchmarks/history.py``
prints the latest of each.
"""

import csv
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

HISTORY = Path(__file__).with_name("history.csv")
COLUMNS = ("date", "commit", "benchmark", "figure", "ratio")


def remember(benchmark: str, ratios: Mapping[str, float], path: Path = HISTORY) -> None:
    """Add the ratios of a run to the history."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        today, commit = datetime.now(UTC).date().isoformat(), _commit()
        for figure, ratio in ratios.items():
            writer.writerow([today, commit, benchmark, figure, f"{ratio:.3g}"])


def latest(path: Path = HISTORY) -> dict[tuple[str, str], dict[str, str]]:
    """Return the latest row of each benchmark and figure."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["benchmark"], row["figure"]): row for row in csv.DictReader(file)}


def _commit() -> str:
    """Return the commit that is measured, with a plus where the sources differ from it."""
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=9", "--dirty=+"]
    found = subprocess.run(  # noqa: S603
        command, cwd=HISTORY.parent, check=False, capture_output=True, text=True
    )
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    for (benchmark, figure), row in sorted(latest().items()):
        print(f"{benchmark}: {figure}: {row['ratio']} ({row['date']}, {row['commit']})")
