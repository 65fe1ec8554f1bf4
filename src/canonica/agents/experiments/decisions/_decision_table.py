"""Columns of a decision log, and where in the file each row stands."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from canonica._errors import CanonicaError, listed
from canonica._files import shown
from canonica.agents.worlds._maze import MOVES

DELIMITERS = ",;\t"
COLUMNS = ("agent", "trial", "step", "move", "policy")
HEADER = 1  # lines before the first row


class DecisionTable:
    """Columns of text, and where in the file each row stands."""

    def __init__(self, path: Path) -> None:
        self.source = shown(path)
        if not path.is_file():
            raise CanonicaError(f"{self.source}: found no such file; expected a decision log.")
        try:
            with path.open(encoding="utf-8-sig") as file:
                header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            _check_header(self.source, header.split(delimiter))
            self.rows = pd.read_csv(
                path,
                sep=delimiter,
                dtype=str,
                encoding="utf-8-sig",
                skip_blank_lines=False,
                keep_default_na=False,
            )
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise CanonicaError(
                f"{self.source}: found no table in it ({str(error).strip()}); expected CSV text "
                "with a header line."
            ) from error
        if not isinstance(self.rows.index, pd.RangeIndex):
            raise CanonicaError(
                f"{self.source}, line 2: found more fields than in the header; expected as many."
            )
        self.rows.columns = [str(name).strip().lower() for name in self.rows.columns]
        lines = np.arange(len(self.rows)) + HEADER + 1
        blank = (self.rows.fillna("") == "").all(axis=1).to_numpy(dtype=bool)
        self.rows, self.lines = self.rows[~blank], lines[~blank]
        if not len(self.rows):
            raise CanonicaError(f"{self.source}: found no rows; expected a step in each.")

    def column(self, name: str) -> pd.Series | None:
        """Return a column of the table as text; None where the table lacks it."""
        if name not in self.rows:
            return None
        return pd.Series(self.rows[name]).fillna("").str.strip()

    def names(self, name: str) -> tuple[Int[np.ndarray, " row"], list[str]]:
        """Return which of the names each row has, and the names in order of appearance."""
        text = self.column(name)
        if text is None:
            return np.zeros(len(self.rows), np.int64), ["1"]
        self.check((text != "").to_numpy(), name, "a name")
        numbers, names = pd.factorize(text)
        return numbers.astype(np.int64), [str(one) for one in names]

    def integers(
        self, name: str, *, smallest: int, largest: int | None = None
    ) -> Int[np.ndarray, " row"] | None:
        """Return a column of whole numbers within limits."""
        text = self.column(name)
        if text is None:
            return None
        upto = "or more" if largest is None else f"to {largest}"
        expected = f"a whole number, {smallest} {upto}"
        self.check(text.str.fullmatch(r"\d{1,9}").to_numpy(dtype=bool), name, expected)
        numbers = text.astype(np.int64).to_numpy()
        within = (numbers >= smallest) & (largest is None or numbers <= largest)
        self.check(within, name, expected)
        return numbers

    def moves(self) -> Int[np.ndarray, " row"] | None:
        """Return the moves, by name or number."""
        text = self.column("move")
        if text is None:
            return None
        known: Mapping[str, int] = {
            **{move: k for k, move in enumerate(MOVES)},
            **{str(k): k for k in range(len(MOVES))},
        }
        numbers = text.str.lower().map(known)
        expected = f"{', '.join(MOVES)}, or 0 to {len(MOVES) - 1}"
        self.check(numbers.notna().to_numpy(dtype=bool), "move", expected)
        return numbers.to_numpy(np.int64)

    def check(self, good: Bool[np.ndarray, " row"], name: str, expected: str) -> None:
        """Raise an error at the first row that is not good."""
        if not good.all():
            self.fail(int(np.argmin(good)), name, expected)

    def fail(self, row: int, name: str, expected: str) -> NoReturn:
        """Raise the error of a row: line, column, what was found and what was expected."""
        text = self.column(name)
        found = "nothing" if text is None or not text.iloc[row] else repr(text.iloc[row])
        raise CanonicaError(
            f"{self.source}, line {self.lines[row]}, column {name}: found {found}; expected "
            f"{expected}. Correct the file."
        )

    def fail_header(self, missing: str) -> NoReturn:
        """Raise the error of a header without a column."""
        raise CanonicaError(
            f"{self.source}, line 1: found columns {listed(self.rows.columns)}; expected a column "
            f"{missing}. A log has agent, trial, step, and move or policy."
        )


def _check_header(source: str, fields: Sequence[str]) -> None:
    names = [field.strip().strip('"').strip().lower() for field in fields]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise CanonicaError(
            f"{source}, line 1: found column {twice[0]} twice; expected it once. Rename one."
        )
