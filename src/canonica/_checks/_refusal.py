"""The error for what a user gave, and a few words for that."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import numpy as np

from canonica._errors import CanonicaError

LONGEST_TEXT = 60  # characters of what was found that are shown


def refusal(name: str, found: object, expected: str, advice: str = "") -> CanonicaError:
    """Return the error for a parameter: what was found, what was expected, what to do.

    Examples
    --------
    >>> print(refusal("draws", "0", "a whole number from 1 on"))
    draws: found 0; expected a whole number from 1 on.
    """
    return CanonicaError(f"{name}: found {found}; expected {expected}. {advice}".rstrip())


def described(value: object) -> str:
    """Return what was given as short text that tells a number from a text and an array.

    Examples
    --------
    >>> described("3"), described(2.5), described([1, 2])
    ("the text '3'", '2.5', '[1, 2]')
    """
    if isinstance(value, str):
        words = f"the text {value!r}"
    elif value is None or isinstance(value, bool | np.bool_):
        words = str(value)
    elif isinstance(value, Real):
        words = f"{value:d}" if isinstance(value, Integral) else f"{float(value):g}"
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        words = f"an array of type {value.dtype} and shape {tuple(value.shape)}"  # type: ignore[attr-defined]
    elif isinstance(value, Sequence | Mapping | set):
        words = repr(value)
    else:
        words = f"a value of type {type(value).__name__}"
    return words if len(words) <= LONGEST_TEXT else f"{words[:LONGEST_TEXT]}..."
