"""Trial-by-trial choices and outcomes of subjects, as a table holds them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, listed
from canonica._files import AnyPath, shown

NAMES = {
    "subject": ("subject", "subjid", "subject_id", "participant", "participant_id"),
    "trial": ("trial", "trial_number"),
    "choice": ("choice", "chosen"),
    "outcome": ("outcome", "reward"),
    "block": ("block", "run"),
    "group": ("group", "condition"),
    "observation": ("observation", "cue", "context"),
}
NEEDED = ("subject", "trial", "choice", "outcome")
NO_CHOICE = {"", "na", "nan", "none", "null"}
MOST_OPTIONS = 16


@dataclass(frozen=True)
class Choices:
    """Choices of subjects and what became of them, those without a choice left out.

    Parameters
    ----------
    source : str
        The file, or what else it is from.
    subjects, groups : tuple of str
        Names, and the group of each subject; one group, "all", where none is said.
    options, cues : tuple of str
        Names of what could be chosen, and of what could be observed besides outcomes.
    choice : tuple of (trial,), one for each subject
        Numbers of options.
    outcome : tuple of (trial,)
        From -1 to 1.
    cue : tuple of (trial,)
        Numbers of cues; 0 throughout where there are none.
    fresh : tuple of (trial,)
        Whether a block begins.
    missing : tuple of int
        Trials of each subject that were left out, because nothing was chosen.
    rule : str
        How outcomes were brought to the range from -1 to 1.
    """

    source: str
    subjects: tuple[str, ...]
    groups: tuple[str, ...]
    options: tuple[str, ...]
    cues: tuple[str, ...]
    choice: tuple[Int[np.ndarray, "..."], ...]
    outcome: tuple[Float[np.ndarray, "..."], ...]
    cue: tuple[Int[np.ndarray, "..."], ...]
    fresh: tuple[Bool[np.ndarray, "..."], ...]
    missing: tuple[int, ...]
    rule: str

    @property
    def trials(self) -> tuple[int, ...]:
        """Choices of each subject."""
        return tuple(map(len, self.choice))

    def of(self, numbers: Sequence[int]) -> "Choices":
        """Return the choices of some subjects, by their places."""
        several = ("subjects", "groups", "choice", "outcome", "cue", "fresh", "missing")
        picked = {name: tuple(getattr(self, name)[n] for n in numbers) for name in several}
        return Choices(**{**vars(self), **picked})


@checked_arguments
def read_choices(table: AnyPath | pd.DataFrame) -> Choices:
    """Return the choices that a table holds, a row for each trial.

    Columns, in any order: ``subject``, ``trial`` (a number, by which rows are put in order),
    ``choice`` (any label; empty where the subject did not respond) and ``outcome`` (a number).
    Where they are there: ``block`` (beliefs begin anew with each, what was learned stays),
    ``group``, and ``observation`` (a cue seen before the choice).

    Outcomes that are all 0 or 1 stand for nothing gained (-1) and something gained (1). All
    others are divided by the largest size among them: -1, 0 and 1 stay what they are, and 0 is
    neither gain nor loss. Trials without a choice are left out: nothing is said of them, and
    nothing is learned from them.

    Parameters
    ----------
    table : path-like or pandas.DataFrame
        CSV, TSV (also named .txt) or Parquet, or what is in one.

    Returns
    -------
    Choices

    Raises
    ------
    CanonicaError
        If the table cannot be read, lacks a column, or holds what is none of the above: with file,
        column and row, the first below the heading being row 1.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"subject": ["a"] * 3, "trial": [1, 2, 3], "choice": ["L", "R", ""],
    ...         "outcome": [1, 0, 0]}
    >>> found = read_choices(pd.DataFrame(rows))
    >>> found.options, found.choice[0].tolist(), found.outcome[0].tolist(), found.missing
    (('L', 'R'), [0, 1], [1.0, -1.0], (1,))
    """
    if isinstance(table, pd.DataFrame):
        return _choices(table, "table")
    return _choices(_read(Path(table)), shown(Path(table)))


def _read(path: Path) -> pd.DataFrame:
    suffix, name = path.suffix.lower(), shown(path)
    try:
        if suffix == ".parquet":
            return pd.read_parquet(path)
        if suffix in (".csv", ".tsv", ".txt"):
            separator = "," if suffix == ".csv" else "\t"
            return pd.read_csv(
                path, dtype=str, keep_default_na=False, sep=separator, encoding="utf-8-sig"
            )
    except OSError as error:
        raise CanonicaError(
            f"{name}: found no way to read it ({error.strerror or error}); expected a table of "
            "choices. Check the path."
        ) from error
    except Exception as error:  # whatever a broken file makes the libraries raise
        raise CanonicaError(
            f"{name}: found no table ({error}); expected one with columns {listed(NEEDED)}."
        ) from error
    raise CanonicaError(f"{name}: found {suffix or 'no suffix'}; expected .csv, .tsv or .parquet.")


def _choices(frame: pd.DataFrame, source: str) -> Choices:
    texts = _columns(frame, source)
    if not texts["subject"]:
        raise CanonicaError(f"{source}: found no rows; expected one for each trial.")
    for role in ("subject", *(name for name in ("block", "group") if name in texts)):
        for row, text in enumerate(texts[role], 1):
            if not text:
                _refuse(source, role, row, "nothing", "a name in every row")
    chosen = [text.lower() not in NO_CHOICE for text in texts["choice"]]
    options = _labels(text for text, made in zip(texts["choice"], chosen, strict=True) if made)
    if not 2 <= len(options) <= MOST_OPTIONS:  # noqa: PLR2004
        raise CanonicaError(
            f"{source}, column choice: found {len(options)} different choices "
            f"({listed(options)}); expected from 2 to {MOST_OPTIONS}."
        )
    order = _order(texts, source)
    outcome, rule = _outcomes(texts["outcome"], chosen, source)
    cues = _labels(texts.get("observation", ())) or ("none",)
    cue = [cues.index(text) for text in texts.get("observation", [cues[0]] * len(chosen))]
    parts: dict[str, list] = {
        name: [] for name in ("groups", "choice", "outcome", "cue", "fresh", "missing")
    }
    for rows in order.values():
        kept = [row for row in rows if chosen[row]]
        blocks = [texts["block"][row] if "block" in texts else "" for row in kept]
        parts["groups"].append(_group(texts, rows, source))
        parts["choice"].append(np.array([options.index(texts["choice"][r]) for r in kept], int))
        parts["outcome"].append(np.array([outcome[row] for row in kept], float))
        parts["cue"].append(np.array([cue[row] for row in kept], int))
        begins = [n == 0 or blocks[n] != blocks[n - 1] for n in range(len(kept))]
        parts["fresh"].append(np.array(begins, bool))
        parts["missing"].append(len(rows) - len(kept))
        if not kept:
            name = texts["subject"][rows[0]]
            raise CanonicaError(
                f"{source}, column choice: found no choice of subject {name!r} in {len(rows)} "
                "rows; expected one at least. Leave out subjects who never responded."
            )
    several = {name: tuple(values) for name, values in parts.items()}
    return Choices(
        source, tuple(order), options=tuple(options), cues=tuple(cues), rule=rule, **several
    )


def _columns(frame: pd.DataFrame, source: str) -> dict[str, list[str]]:
    """Return the texts of each column that has a role."""
    found: dict[str, list[str]] = {}
    for role, names in NAMES.items():
        mine = [name for name in frame.columns if str(name).strip().lower() in names]
        if len(mine) > 1:
            raise CanonicaError(
                f"{source}: found columns {listed(mine)}; expected one for the {role}. Rename one."
            )
        if mine:
            found[role] = [_text(value) for value in frame[mine[0]].tolist()]
        elif role in NEEDED:
            raise CanonicaError(
                f"{source}: found columns {listed(frame.columns)}; expected {listed(NEEDED)}, and "
                f"any of block, group, observation. Name the column with the {role} {role!r}."
            )
    return found


def _text(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _labels(texts: Any) -> list[str]:
    return sorted(set(texts), key=_natural)


def _natural(text: str) -> tuple[Any, ...]:
    """Return a key that sorts numbers in names as numbers."""
    parts = re.split(r"(\d+)", text)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _order(texts: dict[str, list[str]], source: str) -> dict[str, list[int]]:
    """Return the rows of each subject, block by block as they come, in the order of trials."""
    rows: dict[str, list[int]] = {name: [] for name in dict.fromkeys(texts["subject"])}
    blocks: dict[tuple[str, str], int] = {}
    places, seen = [], {}
    for row, (subject, trial) in enumerate(zip(texts["subject"], texts["trial"], strict=True)):
        number = _number(trial)
        if not math.isfinite(number):
            _refuse(source, "trial", row + 1, repr(trial), "a number, by which to order rows")
        block = texts["block"][row] if "block" in texts else ""
        first = seen.setdefault((subject, block, number), row)
        if first != row:
            _refuse(
                source, "trial", row + 1, f"{trial}, as in row {first + 1} of subject {subject!r}",
                "each trial of a subject (and block) once",
            )  # fmt: skip
        places.append((blocks.setdefault((subject, block), len(blocks)), number))
        rows[subject].append(row)
    return {name: sorted(mine, key=places.__getitem__) for name, mine in rows.items()}


def _outcomes(
    texts: Sequence[str], chosen: Sequence[bool], source: str
) -> tuple[Float[np.ndarray, " row"], str]:
    """Return outcomes from -1 to 1, and how they got there."""
    values = np.zeros(len(texts))
    for row, text in enumerate(texts):
        if not chosen[row]:
            continue
        values[row] = _number(text)
        if not math.isfinite(values[row]):
            _refuse(source, "outcome", row + 1, repr(text), "a number wherever there is a choice")
    used = values[np.array(chosen)]
    if np.isin(used, (0, 1)).all():
        return 2 * values - 1, "0 counts as -1, 1 as 1"
    largest = np.abs(used).max()
    if largest == 1:
        return values, "taken as they are, from -1 to 1"
    return values / largest, f"divided by the largest size, {largest:g}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _group(texts: dict[str, list[str]], rows: Sequence[int], source: str) -> str:
    if "group" not in texts:
        return "all"
    first = texts["group"][rows[0]]
    for row in rows:
        if texts["group"][row] != first:
            _refuse(
                source, "group", row + 1, repr(texts["group"][row]),
                f"{first!r}, as in the other rows of subject {texts['subject'][row]!r}",
            )  # fmt: skip
    return first


def _refuse(source: str, column: str, row: int, found: str, expected: str) -> NoReturn:
    raise CanonicaError(
        f"{source}, column {column}, row {row}: found {found}; expected {expected}."
    )
