"""Conditions compared: what each culture says in a few numbers, and what is more than chance."""

from canonica.reverse_engineering.conditions._compare import compare_conditions
from canonica.reverse_engineering.conditions._comparison import SIGNIFICANT, Comparison
from canonica.reverse_engineering.conditions._design import GROUPINGS, IDENTITIES, StudyDesign
from canonica.reverse_engineering.conditions._quantities import (
    QUANTITIES,
    Quantity,
    culture_quantities,
)
from canonica.reverse_engineering.conditions._summary import summary

__all__ = [
    "GROUPINGS",
    "IDENTITIES",
    "QUANTITIES",
    "SIGNIFICANT",
    "Comparison",
    "Quantity",
    "StudyDesign",
    "compare_conditions",
    "culture_quantities",
    "summary",
]
