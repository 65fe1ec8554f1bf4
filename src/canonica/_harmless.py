"""Text from files of others, made harmless for a terminal and for a spreadsheet."""

import re
from typing import Any

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one


def visible(text: str) -> str:
    r"""Return text with characters that command a terminal shown as Python writes them.

    Lines and tabs stay. Those that turn the direction of writing are among them.

    Examples
    --------
    >>> print(visible("red: \x1b[31m"))
    red: \x1b[31m
    """
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def cell(value: Any) -> Any:
    """Return a value for a table of text; what a spreadsheet would calculate is quoted.

    Examples
    --------
    >>> cell("=1+1"), cell("bic"), cell(-1.5)
    ("'=1+1", 'bic', -1.5)
    """
    if not isinstance(value, str):
        return value
    return f"'{visible(value)}" if value.startswith(FORMULA) else visible(value)
