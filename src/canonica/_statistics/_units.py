"""What is independent: the units that carry an inference, and within what they may be exchanged."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from canonica._errors import how_many

Label = Hashable


@dataclass(frozen=True)
class Units:
    """Independent units among the rows of a table, and their strata.

    Parameters
    ----------
    unit_of_row : (row,)
        Number of the unit that a row belongs to; -1 for a row that tells nothing.
    groups : tuple
        The condition of each unit.
    strata : tuple
        What each unit shares with those that it may be exchanged for.
    averaged : tuple of str
        Groupings within which rows are not independent: their means are the units.
    within : tuple of str
        Groupings that hold several conditions: these are compared within each of their levels.
    """

    unit_of_row: Int[np.ndarray, " row"]
    groups: tuple[Label, ...]
    strata: tuple[Label, ...]
    averaged: tuple[str, ...]
    within: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """Number of rows that tell nothing: their stratum has but one condition."""
        return int((self.unit_of_row < 0).sum())

    def means(self, values: Float[np.ndarray, " row"]) -> Float[np.ndarray, " unit"]:
        """Return the mean of each unit's rows."""
        told = self.unit_of_row >= 0
        sums = np.bincount(self.unit_of_row[told], values[told], len(self.groups))
        return sums / np.bincount(self.unit_of_row[told], minlength=len(self.groups))

    @property
    def sentence(self) -> str:
        """Which units are taken to be independent, and what is left out, in words."""
        unit = f"means of each {' and '.join(self.averaged)}" if self.averaged else "cultures"
        place = f" within each {' and '.join(self.within)}" if self.within else ""
        words = f"Independent units are {unit}, exchanged between conditions{place}"
        if not self.left_out:
            return f"{words}."
        return (
            f"{words}; {self.left_out} of "
            f"{how_many(len(self.unit_of_row), 'culture')} "
            f"{'has' if self.left_out == 1 else 'have'} no counterpart "
            "there, and are left out."
        )


def independent_units(
    conditions: Sequence[Label],
    groupings: Mapping[str, Sequence[Label | None]],
    *,
    identities: Sequence[str] = (),
) -> Units:
    """Return the units of an inference on conditions, by what the rows have in common.

    A grouping (animal, plate, day) whose levels each have one condition makes rows dependent that
    share a level: they count once, by their mean. A grouping with several conditions in a level
    lets them be compared there, free of what the level does to all: a culture before and after a
    drug, cultures of one animal that were treated differently. Rows whose level has one condition
    then tell nothing.

    Parameters
    ----------
    conditions : (row,)
        The condition of each row.
    groupings : mapping of str to (row,)
        The level of each row; None where it has none, and is alone.
    identities : sequence of str
        Groupings whose levels are one and the same thing, seen several times (a culture): within
        each condition, it counts once.

    Returns
    -------
    Units

    Examples
    --------
    >>> found = independent_units(["a", "a", "b", "b"], {"animal": [1, 1, 2, 2]})
    >>> len(found.groups), found.averaged
    (2, ('animal',))
    >>> found = independent_units(["a", "b", "a", "b"], {"pair": [1, 1, 2, 2]})
    >>> found.strata, found.within
    (((1,), (1,), (2,), (2,)), ('pair',))
    """
    rows = range(len(conditions))
    levels = {
        name: [("alone", row) if labels[row] is None else labels[row] for row in rows]
        for name, labels in groupings.items()
    }
    crossed = [name for name in levels if _holds_several(levels[name], conditions)]
    linking = {name: own for name, own in levels.items() if name not in crossed}
    for name in identities:
        if name in crossed:
            linking[name] = list(zip(levels[name], conditions, strict=True))
    averaged = [name for name, own in linking.items() if len(set(own)) < len(own)]
    unit = _components([linking[name] for name in averaged], len(conditions))
    members = {each: [row for row in rows if unit[row] == each] for each in dict.fromkeys(unit)}
    strata = {
        each: tuple(_shared([levels[name][row] for row in own]) for name in crossed)
        for each, own in members.items()
    }
    groups = {each: conditions[own[0]] for each, own in members.items()}
    kept = [each for each in members if not crossed or _has_counterpart(each, groups, strata)]
    number = {each: index for index, each in enumerate(kept)}
    return Units(
        np.array([number.get(each, -1) for each in unit], np.intp),
        tuple(groups[each] for each in kept),
        tuple(strata[each] for each in kept),
        tuple(averaged),
        tuple(crossed),
    )


def _holds_several(levels: Sequence[Label], conditions: Sequence[Label]) -> bool:
    """Return whether any level has rows of more than one condition."""
    pairs = set(zip(levels, conditions, strict=True))
    return len(pairs) > len(set(levels))


def _components(groupings: Sequence[Sequence[Label]], rows: int) -> list[int]:
    """Return a number for each row, the same for rows that share a level of any grouping."""
    number = list(range(rows))
    for levels in groupings:
        first: dict[Label, int] = {}
        for row, level in enumerate(levels):
            one, other = number[row], number[first.setdefault(level, row)]
            number = [min(one, other) if each in (one, other) else each for each in number]
    return number


def _shared(levels: Sequence[Label]) -> Label:
    """Return the level that rows share, or all of theirs."""
    different = sorted(set(levels), key=repr)
    return different[0] if len(different) == 1 else tuple(different)


def _has_counterpart(unit: int, groups: Mapping[int, Label], strata: Mapping[int, Label]) -> bool:
    """Return whether the stratum of a unit has units of another condition."""
    return any(strata[other] == strata[unit] and groups[other] != groups[unit] for other in groups)
