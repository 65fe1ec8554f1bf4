"""Sizes, seeds, numbers and probabilities that a user gives."""

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from canonica._checks._refusal import described, refusal

LARGEST_SEED = 2**63 - 1  # that JAX's and NumPy's generators both take
LARGEST_SIZE = 2**31 - 1  # that indices of 32 bits, JAX's own, still reach
MOST_NUMBERS = 2**33  # 64 GiB in float64
SMALLEST_POSITIVE = 1e-300  # below lie numbers that lose digits, or whose squares are 0


def checked_size(
    name: str, value: Any, *, least: int = 1, most: int = LARGEST_SIZE, advice: str = ""
) -> int:
    """Return a number of things: a whole number, Python's or NumPy's.

    Parameters
    ----------
    name : str
        The parameter, as the user knows it.
    value : Any
        What was given.
    least, most : int
        Its range.
    advice : str
        What to do, where that does not go without saying.

    Raises
    ------
    CanonicaError
        If it is a bool, a text, None, a float, or out of its range.

    Examples
    --------
    >>> checked_size("draws", np.int64(20))
    20
    >>> checked_size("draws", True)
    Traceback (most recent call last):
    canonica._errors.CanonicaError: draws: found True; expected a whole number, at least 1.
    """
    if _is_whole(value) and least <= int(value) <= most:
        return int(value)
    limit = f"at least {least}" if most == LARGEST_SIZE else f"from {least} to {most}"
    if _is_whole(value) and most == LARGEST_SIZE < int(value):
        limit = f"at most {most}"
    raise refusal(name, described(value), f"a whole number, {limit}", advice)


def checked_seed(value: Any, name: str = "seed") -> int:
    """Return the seed of a random number generator: a whole number from 0 to 2 ** 63 - 1.

    Raises
    ------
    CanonicaError
        If it is a bool, a text, None, a float, negative or too large.

    Examples
    --------
    >>> checked_seed(np.uint8(7))
    7
    """
    if _is_whole(value) and 0 <= int(value) <= LARGEST_SEED:
        return int(value)
    raise refusal(name, described(value), "a whole number from 0 to 2 ** 63 - 1")


def checked_number(
    name: str,
    value: Any,
    *,
    lowest: float = -math.inf,
    highest: float = math.inf,
    advice: str = "",
) -> float:
    """Return a finite number, ends of the range included.

    One that is not 0 but below `SMALLEST_POSITIVE` is refused: nothing can be computed from it.

    Raises
    ------
    CanonicaError
        If it is no number, a bool, NaN, infinite or out of its range.

    Examples
    --------
    >>> checked_number("window", np.float32(0.5), lowest=0)
    0.5
    """
    number = _number(value)
    if math.isfinite(number) and lowest <= number <= highest and not _loses_digits(number):
        return number
    raise refusal(name, described(value), f"a number{_within(lowest, highest)}", advice)


def checked_positive(
    name: str, value: Any, *, highest: float = math.inf, advice: str = ""
) -> float:
    """Return a finite number above 0.

    A number below `SMALLEST_POSITIVE` is taken for 0: nothing can be computed from it.

    Raises
    ------
    CanonicaError
        If it is no number, a bool, NaN, infinite, 0 or below, or above `highest`.

    Examples
    --------
    >>> checked_positive("prior_strength", 5e-324)
    Traceback (most recent call last):
    canonica._errors.CanonicaError: prior_strength: found 4.94066e-324; expected a finite number \
above 0.
    """
    number = _number(value)
    if SMALLEST_POSITIVE <= number <= highest and math.isfinite(number):
        return number
    limit = "" if math.isinf(highest) else f" and at most {highest:g}"
    raise refusal(name, described(value), f"a finite number above 0{limit}", advice)


def checked_probability(name: str, value: Any, *, certain: bool = True, advice: str = "") -> float:
    """Return `value` as a probability, or refuse it.

    Parameters
    ----------
    name, value, advice
        As in `checked_size`.
    certain : bool
        Whether 0 and 1 are allowed.

    Raises
    ------
    CanonicaError
        If it is no number, a bool, NaN or not a probability.

    Examples
    --------
    >>> checked_probability("mixing", 1)
    1.0
    """
    number = _number(value)
    sound = 0 <= number <= 1 if certain else 0 < number < 1
    sound = sound and not _loses_digits(number)
    if sound:
        return number
    expected = "a probability from 0 to 1" if certain else "a probability above 0 and below 1"
    raise refusal(name, described(value), expected, advice)


def check_memory(numbers: Mapping[str, int]) -> None:
    """Refuse sizes that together make arrays of more numbers than a machine holds.

    Parameters
    ----------
    numbers : mapping
        How many numbers each array would have, by its name.

    Raises
    ------
    CanonicaError
        If any has more than `MOST_NUMBERS`.
    """
    for name, count in numbers.items():
        if count > MOST_NUMBERS:
            raise refusal(
                f"sizes of {name}",
                f"{count:.3g} numbers",
                f"at most {MOST_NUMBERS:.3g}",
                "Ask for fewer trials, sessions or units.",
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _number(value: Any) -> float:
    """Return a number as Python's own; NaN, which is in no range, for what is none."""
    scalar = value.item() if getattr(value, "ndim", None) == 0 else value  # NumPy's or JAX's
    if isinstance(scalar, bool | np.bool_) or not isinstance(scalar, Real):
        return math.nan
    try:
        return float(scalar)
    except OverflowError:  # an int of hundreds of digits
        return math.inf


def _loses_digits(number: float) -> bool:
    """Return whether a number is so small that nothing can be computed from it, and not 0."""
    return 0 < abs(number) < SMALLEST_POSITIVE


def _within(lowest: float, highest: float) -> str:
    """Return a range in words, to follow "a number" or "numbers"."""
    if math.isinf(lowest) and math.isinf(highest):
        return ", finite"
    if math.isinf(highest):
        return f", finite and at least {lowest:g}"
    if math.isinf(lowest):
        return f", finite and at most {highest:g}"
    return f" from {lowest:g} to {highest:g}"
