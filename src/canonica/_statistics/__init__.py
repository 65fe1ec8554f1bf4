"""How far chance may have moved what was found: intervals by resampling, and exact tests."""

from canonica._statistics._bootstrap import (
    DRAWS,
    FEWEST_UNITS,
    LEVEL,
    Interval,
    Statistic,
    bootstrap_difference,
    bootstrap_interval,
)
from canonica._statistics._group_test import GroupTest, group_test, interaction_test
from canonica._statistics._holm import holm_adjusted
from canonica._statistics._permutation_test import PermutationTest, permutation_test
from canonica._statistics._sign_flips import SignFlipTest, sign_flip_test
from canonica._statistics._units import Units, independent_units

__all__ = [
    "DRAWS",
    "FEWEST_UNITS",
    "LEVEL",
    "GroupTest",
    "Interval",
    "PermutationTest",
    "SignFlipTest",
    "Statistic",
    "Units",
    "bootstrap_difference",
    "bootstrap_interval",
    "group_test",
    "holm_adjusted",
    "independent_units",
    "interaction_test",
    "permutation_test",
    "sign_flip_test",
]
