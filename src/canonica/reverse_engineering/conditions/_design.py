"""What is compared with what: conditions with a reference, doses of a drug, two factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import pandas as pd

from canonica._errors import CanonicaError, listed

GROUPINGS = ("culture", "pair", "animal", "plate", "batch", "day")
IDENTITIES = ("culture", "pair")  # one and the same thing, seen several times
FACTORS = ("condition", "drug")
FEWEST_DOSES = 3  # that make a series

Rows: TypeAlias = Sequence[Mapping[str, Any]]  # of cultures; what is not known of one is None


def culture_rows(table: pd.DataFrame) -> Rows:
    """Return the rows of a table, None for what is missing."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


@dataclass(frozen=True)
class StudyDesign:
    """What a table of cultures lets be compared.

    Parameters
    ----------
    conditions : tuple of str
        In the order of the table, the reference first.
    groupings : tuple of str
        Columns that say which cultures have something in common.
    factors : tuple of str
        Two columns whose levels cross; empty where there are no two.
    drugs : tuple of str
        Drugs with a series of doses; the empty name where drugs are not named.
    """

    conditions: tuple[str, ...]
    groupings: tuple[str, ...]
    factors: tuple[str, ...]
    drugs: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The condition that the others are compared with."""
        return self.conditions[0]

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        *,
        reference: str | None = None,
        groupings: Sequence[str] = GROUPINGS,
    ) -> "StudyDesign":
        """Return the design of a table.

        Parameters
        ----------
        table : pandas.DataFrame
            `condition` of each culture, text; and where they are known `drug`, text, `dose`,
            numbers, and groupings, text. What is not known is missing (None or NaN).
        reference : str, optional
            The condition that the others are compared with; the first of the table by default.
        groupings : sequence of str, optional
            Columns that say what cultures have in common; all known ones by default.

        Raises
        ------
        CanonicaError
            If there is no such condition.
        """
        rows = culture_rows(table)
        found = list(dict.fromkeys(row["condition"] for row in rows))
        if reference is not None and reference not in found:
            raise CanonicaError(
                f"reference: found {reference!r}; expected one of the conditions {listed(found)}."
            )
        first = found[0] if reference is None else reference
        known = [name for name in groupings if any(row.get(name) is not None for row in rows)]
        return cls(
            (first, *(name for name in found if name != first)),
            tuple(known),
            FACTORS if _cross(rows) else (),
            tuple(name for name in drug_names(rows) if _doses(rows, name) >= FEWEST_DOSES),
        )


def _cross(rows: Rows) -> bool:
    """Return whether two levels of either factor come in all combinations."""
    drugs: dict[str, set[Any]] = {}
    for row in rows:
        drugs.setdefault(row["condition"], set()).add(row.get("drug"))
    if any(None in own for own in drugs.values()):
        return False
    return any(len(one & other) > 1 for one, other in combinations(drugs.values(), 2))


def drug_names(rows: Rows) -> list[str]:
    """Return the drugs that are given in a dose; the empty name where drugs are not named."""
    given = [row.get("drug") for row in rows if row.get("dose")]
    named = [name for name in dict.fromkeys(given) if name is not None]
    return named or [""][: len(given)]


def drug_rows(rows: Rows, drug: str) -> Rows:
    """Return the cultures given a drug in a known dose, and those given nothing."""
    return [
        row
        for row in rows
        if row.get("dose") is not None and (row["dose"] == 0 or not drug or row.get("drug") == drug)
    ]


def _doses(rows: Rows, drug: str) -> int:
    return len({row["dose"] for row in drug_rows(rows, drug)})
