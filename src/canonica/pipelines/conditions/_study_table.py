"""The table that a study begins with: which recordings there are, and what they have in common."""

import difflib
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from canonica._errors import CanonicaError, listed
from canonica._files import shown
from canonica.pipelines.conditions._study_warning import StudyWarning
from canonica.pipelines.conditions._study_workbook import read_workbook

COLUMNS = {
    "file": "the file of the recording, relative to the table",
    "recording": "which of several in the file: its name, or its number from 1",
    "condition": "the group that it belongs to",
    "culture": "whose recording it is; one that comes twice was recorded twice",
    "animal": "the animal that the culture is from",
    "plate": "the plate that it is on",
    "batch": "the preparation that it is from",
    "day": "the day of the recording",
    "drug": "what it was given",
    "dose": "how much of it, a number; 0 for none",
    "pair": "what it is to be compared with, by the same word",
    "exclude": "yes to leave it out",
    "note": "anything",
}
NO = {"", "0", "no", "false", "n"}
YES = {"1", "yes", "true", "y", "x"}
ALIKE = 0.75  # names that are so similar are taken for a slip of the pen


@dataclass(frozen=True)
class StudyRow:
    """One row of the table.

    Parameters
    ----------
    number : int
        Its place in the table, from 1, without the heading.
    file : Path
        The file.
    labels : mapping of str to str
        What else is said, by the names of columns; what is empty is left out.
    dose : float or None
        The dose, where there is one.
    """

    number: int
    file: Path
    labels: Mapping[str, str]
    dose: float | None

    @property
    def excluded(self) -> bool:
        """Whether it is to be left out."""
        return self.labels.get("exclude", "").lower() not in NO

    @property
    def condition(self) -> str | None:
        """The group that it belongs to: as it is said, or from drug and dose; None if unsaid."""
        said = self.labels.get("condition")
        if said is not None:
            return said
        parts = [self.labels.get(name) for name in ("drug", "dose")]
        return " ".join(part for part in parts if part is not None) or None

    @property
    def said(self) -> dict[str, str]:
        """All of it as text, the file by its whole path."""
        return {"file": shown(self.file), **self.labels}


def study_rows(table: Any, folder: Path | None = None) -> list[StudyRow]:
    """Return the rows of a study's table.

    Parameters
    ----------
    table : path-like, pandas.DataFrame or sequence of mappings
        CSV, TSV, Excel or Parquet, or what is in one.
    folder : Path, optional
        What paths of files are relative to; by default where the table is, or we are.

    Raises
    ------
    CanonicaError
        If it cannot be read, names no files, has a column that is nearly a known one, a dose that
        is no number, or a row twice.
    """
    if isinstance(table, pd.DataFrame):
        frame = table
    elif isinstance(table, Sequence) and not isinstance(table, str):
        frame = pd.DataFrame(list(table))
    else:
        frame, folder = _read(Path(table)), folder or Path(table).parent
    _check_columns([str(name) for name in frame.columns])
    texts = [
        {str(name): _text(value) for name, value in row.items() if str(name) in COLUMNS}
        for row in frame.to_dict("records")
    ]
    rows = [
        _row(number, text, folder or Path())
        for number, text in enumerate(texts, 1)
        if any(text.values())
    ]
    if not rows:
        raise CanonicaError("study: found no rows; expected one for each recording, or each file.")
    _check_unique(rows)
    return rows


def _read(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return pd.read_parquet(path)
        if suffix in (".xlsx", ".xlsm"):
            return read_workbook(path)
        if suffix in (".csv", ".tsv", ".txt"):
            separator = "," if suffix == ".csv" else "\t"
            return pd.read_csv(
                path, dtype=str, keep_default_na=False, sep=separator, encoding="utf-8-sig"
            )
    except CanonicaError:
        raise
    except ImportError as error:
        raise CanonicaError(
            f"study: found {shown(path)}, an Excel file, and no openpyxl to read it with; expected "
            "both. Install canonica[excel], or save the table as CSV."
        ) from error
    except OSError as error:
        raise CanonicaError(
            f"study: found no way to read {shown(path)} ({error.strerror or error}); expected a "
            "table. Check the path."
        ) from error
    except Exception as error:  # whatever a broken file makes the libraries raise
        raise CanonicaError(
            f"study: found no table in {shown(path)} ({error}); expected one with a column 'file'."
        ) from error
    raise CanonicaError(
        f"study: found {shown(path)}; expected a CSV, TSV, Excel (.xlsx) or Parquet table, or a "
        "study.toml."
    )


def _check_columns(found: Sequence[str]) -> None:
    unknown = [name for name in found if name not in COLUMNS]
    for name in unknown:
        near = difflib.get_close_matches(name.strip().lower(), COLUMNS, 1, ALIKE)
        if near:
            raise CanonicaError(
                f"study: found a column {name!r}; expected {near[0]!r} ({COLUMNS[near[0]]}), or a "
                "name that is not nearly the same. Rename it."
            )
    if "file" not in found:
        raise CanonicaError(
            f"study: found columns {listed(found)}; expected one named 'file', "
            f"{COLUMNS['file']}, and any of {listed(list(COLUMNS)[1:], len(COLUMNS))}."
        )
    if unknown:
        warnings.warn(
            f"the table has columns that a study does not know: {listed(unknown)}. They are not "
            f"used; known ones are {listed(COLUMNS, len(COLUMNS))}.",
            StudyWarning,
            stacklevel=4,
        )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _row(number: int, text: Mapping[str, str], folder: Path) -> StudyRow:
    labels = {name: value for name, value in text.items() if value and name != "file"}
    if not text["file"]:
        raise CanonicaError(
            f"study: found no file in row {number}; expected one in every row. Fill it in."
        )
    excluded = labels.get("exclude", "").lower()
    if excluded not in NO | YES:
        raise CanonicaError(
            f"study: found {labels['exclude']!r} in the column exclude, row {number}; expected yes "
            "or no. Reasons go into the column note."
        )
    return StudyRow(number, (folder / text["file"]).absolute(), labels, _dose(number, labels))


def _dose(number: int, labels: Mapping[str, str]) -> float | None:
    if "dose" not in labels:
        return None
    try:
        dose = float(labels["dose"])
    except ValueError:
        dose = math.nan
    if not (math.isfinite(dose) and dose >= 0):
        raise CanonicaError(
            f"study: found the dose {labels['dose']!r} in row {number}; expected a number, 0 or "
            "more, without a unit."
        )
    return dose


def _check_unique(rows: Sequence[StudyRow]) -> None:
    seen: dict[tuple[Path, str | None], int] = {}
    for row in rows:
        key = row.file, row.labels.get("recording")
        first = seen.setdefault(key, row.number)
        if first != row.number:
            raise CanonicaError(
                f"study: found {shown(row.file)} in rows {first} and {row.number}; expected each "
                "recording once. Say which recording of the file, in the column recording."
            )
