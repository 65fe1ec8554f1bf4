"""Numbers, names and counts as a reader expects them."""

import math
from typing import Any

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
TINY, HUGE = 1e-4, 1e6  # beyond them numbers are written with a power of ten


def number(value: Any, digits: int = 4) -> str:
    """Return a number with so many significant digits, with a true minus sign; a dash for none.

    Examples
    --------
    >>> number(0.033912), number(25600), number(11472.3), number(3e6)
    ('0.03391', '25,600', '11,472', '3.000e+06')
    """
    if value is None or isinstance(value, str) or (isinstance(value, float) and math.isnan(value)):
        return value or MISSING if isinstance(value, str) else MISSING
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    size = abs(float(value))
    if math.isinf(size):
        return "\N{INFINITY}" if value > 0 else f"{MINUS}\N{INFINITY}"
    if size and not TINY <= size < HUGE:
        text = f"{value:.{digits - 1}e}"
    else:
        before = math.floor(math.log10(size)) + 1 if size else 1
        text = f"{value:,.{max(digits - before, 0)}f}"
    return text.replace("-", MINUS)


def enumerated(names: list[str]) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> enumerated(["a"]), enumerated(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
