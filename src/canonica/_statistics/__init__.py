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
from canonica._statistics._holm import holm_adjusted
from canonica._statistics._sign_flips import SignFlipTest, sign_flip_test

__all__ = [
    "DRAWS",
    "FEWEST_UNITS",
    "LEVEL",
    "Interval",
    "SignFlipTest",
    "Statistic",
    "bootstrap_difference",
    "bootstrap_interval",
    "holm_adjusted",
    "sign_flip_test",
]
