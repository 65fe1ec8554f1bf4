"""A table that is computed row by row, and goes on where it was left."""

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Row = Mapping[str, str | float]


def kept_rows(
    path: Path | None,
    keys: Iterable[tuple[str, ...]],
    names: tuple[str, ...],
    computed: Callable[..., Iterable[Row]],
) -> list[dict[str, str]]:
    """Return the rows of all keys; of those that the file does not hold yet, computed now.

    Parameters
    ----------
    path : Path or None
        A table of comma-separated values; none: nothing is kept.
    keys : iterable of tuple
        What each group of rows is computed from, in words.
    names : tuple of str
        Columns that hold the key.
    computed : callable
        Takes a key, returns its rows without it; all have the same columns.
    """
    rows = _read(path)
    done = {tuple(row[name] for name in names) for row in rows}
    for key in keys:
        if key in done:
            continue
        new = [dict(zip(names, key, strict=True)) | _words(row) for row in computed(*key)]
        rows += new
        if path is not None and new:
            _appended(path, new)
    return rows


def _words(row: Row) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


def _read(path: Path | None) -> list[dict[str, str]]:
    if path is None or not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _appended(path: Path, rows: list[dict[str, str]]) -> None:
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        if fresh:
            writer.writeheader()
        writer.writerows(rows)
