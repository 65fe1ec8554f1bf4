"""Every quantity of a table of cultures, compared as the design of the table allows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, listed
from canonica._statistics import (
    Units,
    group_test,
    holm_adjusted,
    independent_units,
    interaction_test,
    permutation_test,
)
from canonica.reverse_engineering.conditions._comparison import Comparison
from canonica.reverse_engineering.conditions._design import (
    IDENTITIES,
    Rows,
    StudyDesign,
    culture_rows,
    drug_rows,
)
from canonica.reverse_engineering.conditions._quantities import QUANTITIES

PAIR = 2  # of conditions, which need no test of whether any differs


@checked_arguments
def compare_conditions(
    table: pd.DataFrame,
    design: StudyDesign,
    *,
    quantities: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Comparison]:
    """Return how quantities differ between conditions, and whether by more than chance explains.

    Each condition is compared with the reference; several also with each other, all at once; a drug
    with three doses or more (nothing being one) is looked at for a trend over their ranks; of two
    factors that cross, each is compared within the levels of the other, and then the two together,
    for interaction. All are permutation tests of independent units, as `independent_units` finds
    them. The p values of one kind are adjusted together, by Holm: the fewer quantities are asked
    for, the less it takes.

    Parameters
    ----------
    table : pandas.DataFrame
        A row for each culture: quantities, and the columns of the design.
    design : StudyDesign
        What is compared with what.
    quantities : sequence of str, optional
        Names of `QUANTITIES`; by default all that the table has. Where a quantity is missing, the
        culture is left out of its comparisons.
    seed : int, optional
        Decides which permutations are tried, where they are very many.

    Returns
    -------
    list of Comparison
        Quantity by quantity; none where there is nothing to compare.

    Raises
    ------
    CanonicaError
        If there is no such quantity.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"condition": list("aaaabbbb"), "selectivity": range(8)})
    >>> (found,) = compare_conditions(table, StudyDesign.of(table))
    >>> found.what, found.effect, round(found.p_value, 4)
    ('b', 4.0, 0.0286)
    """
    unknown = sorted(set(quantities or ()) - set(QUANTITIES))
    if unknown:
        raise CanonicaError(
            f"quantities: found {listed(unknown)}; expected names among "
            f"{listed(QUANTITIES, len(QUANTITIES))}."
        )
    chosen = [name for name in QUANTITIES if quantities is None or name in quantities]
    rows = culture_rows(table)
    found = [
        comparison
        for name in chosen
        for comparison in _of_quantity(
            [row for row in rows if row.get(name) is not None], design, name, seed
        )
    ]
    return _adjusted(found)


def _of_quantity(rows: Rows, design: StudyDesign, quantity: str, seed: int) -> Iterator[Comparison]:
    if not rows:
        return
    if design.factors:
        yield from _factorial(rows, design, quantity, seed)
    else:
        yield from _conditions(rows, design, quantity, seed)
    for drug in design.drugs:
        yield from _trend(rows, design, quantity, drug, seed)


def _conditions(rows: Rows, design: StudyDesign, quantity: str, seed: int) -> Iterator[Comparison]:
    conditions = [row["condition"] for row in rows]
    present = [name for name in design.conditions if name in conditions]
    if len(present) > PAIR:
        units = independent_units(conditions, _groupings(rows, design), identities=IDENTITIES)
        test = partial(group_test, _means(units, rows, quantity), units.groups, units.strata)
        yield from _several(
            partial(test, seed=seed), quantity, "any difference", f"any of {len(present)}", units
        )
    for other in present:
        if other != design.reference:
            between = (other, design.reference)
            own = [row for row in rows if row["condition"] in between]
            yield from _difference(
                own, "condition", between, _groupings(own, design), quantity=quantity, seed=seed
            )


def _factorial(rows: Rows, design: StudyDesign, quantity: str, seed: int) -> Iterator[Comparison]:
    """Compare each factor within the levels of the other, then look for their interaction."""
    for factor, other in (design.factors, design.factors[::-1]):
        levels = list(dict.fromkeys(row[factor] for row in rows))
        reference = design.reference if design.reference in levels else levels[0]
        for level in levels:
            if level != reference:
                own = [row for row in rows if row[factor] in (level, reference)]
                within = _groupings(own, design) | {other: [row[other] for row in own]}
                yield from _difference(
                    own, factor, (level, reference), within, quantity=quantity, seed=seed
                )
    one, other = design.factors
    cells = [(row[one], row[other]) for row in rows]
    units = independent_units(cells, _groupings(rows, design), identities=IDENTITIES)
    first, second = ([cells[place][which] for place in _first_rows(units)] for which in (0, 1))
    test = partial(interaction_test, _means(units, rows, quantity), first, second, units.strata)
    yield from _several(
        partial(test, seed=seed), quantity, "interaction", f"{one} and {other}", units
    )


def _first_rows(units: Units) -> list[int]:
    """Return a row of each unit."""
    return [int(np.argmax(units.unit_of_row == number)) for number in range(len(units.groups))]


def _means(units: Units, rows: Rows, quantity: str) -> np.ndarray:
    return units.means(np.array([float(row[quantity]) for row in rows]))


def _several(
    test: Callable[[], Any], quantity: str, kind: Any, what: str, units: Units
) -> Iterator[Comparison]:
    """Yield what a test of several groups at once finds; nothing where it cannot be made."""
    try:
        found = test()
    except CanonicaError:  # too few units, or levels that do not cross in what is left of them
        return
    yield replace(
        _blank(quantity, kind, what, units),
        units=len(units.groups),
        standardised=found.explained,
        p_value=found.p_value,
        smallest_p_value=found.smallest_p_value,
        exact=found.exact,
    )


def _difference(
    rows: Rows,
    column: str,
    between: tuple[str, str],
    groupings: Mapping[str, Sequence[Any]],
    *,
    quantity: str,
    seed: int,
) -> Iterator[Comparison]:
    units = independent_units([row[column] for row in rows], groupings, identities=IDENTITIES)
    if set(between) - set(units.groups):
        return
    what, reference = between
    own = np.array([name == what for name in units.groups])
    values = _means(units, rows, quantity)
    comparison = replace(
        _blank(quantity, "difference", what, units),
        reference=reference,
        units=int(own.sum()),
        reference_units=int((~own).sum()),
        mean=float(values[own].mean()),
        reference_mean=float(values[~own].mean()),
    )
    yield _tested(comparison, values, own.astype(float), units, seed)


def _trend(
    rows: Rows, design: StudyDesign, quantity: str, drug: str, seed: int
) -> Iterator[Comparison]:
    own = drug_rows(rows, drug)
    doses = [row["dose"] for row in own]
    step = {dose: rank for rank, dose in enumerate(sorted(set(doses)))}
    ranks = [step[dose] for dose in doses]
    units = independent_units(ranks, _groupings(own, design), identities=IDENTITIES)
    if len(set(units.groups)) < PAIR:
        return
    steps = np.array([float(ranks[place]) for place in _first_rows(units)])
    comparison = replace(_blank(quantity, "trend", drug, units), units=len(units.groups))
    yield _tested(comparison, _means(units, own, quantity), steps, units, seed)


def _tested(
    comparison: Comparison, values: np.ndarray, predictor: np.ndarray, units: Units, seed: int
) -> Comparison:
    found = permutation_test(values, predictor, units.strata, seed=seed)
    return replace(
        comparison,
        effect=found.effect,
        low=found.interval and found.interval.low,
        high=found.interval and found.interval.high,
        level=found.level if found.interval else None,
        standardised=found.standardised,
        p_value=found.p_value,
        smallest_p_value=found.smallest_p_value,
        exact=found.exact,
    )


def _blank(quantity: str, kind: Any, what: str, units: Units) -> Comparison:
    nothing = dict.fromkeys(("mean", "reference_mean", "effect", "low", "high", "level"))
    return Comparison(
        quantity, kind, what, "", 0, 0, **nothing, standardised=None, p_value=1.0,
        adjusted_p_value=1.0, smallest_p_value=1.0, exact=True, inference=units.sentence,
    )  # fmt: skip


def _groupings(rows: Rows, design: StudyDesign) -> dict[str, list[Any]]:
    """Return what cultures have in common; None where that is not known."""
    return {name: [row.get(name) for row in rows] for name in design.groupings}


def _adjusted(found: Sequence[Comparison]) -> list[Comparison]:
    """Return comparisons with their p values adjusted, each kind by itself."""
    adjusted = list(found)
    for kind in dict.fromkeys(one.kind for one in found):
        places = [place for place, one in enumerate(found) if one.kind == kind]
        p_values = holm_adjusted([found[place].p_value for place in places])
        for place, p_value in zip(places, p_values, strict=True):
            one = found[place]
            smallest = min(1.0, len(places) * one.smallest_p_value)
            adjusted[place] = replace(
                one, adjusted_p_value=float(p_value), smallest_p_value=smallest
            )
    return adjusted
