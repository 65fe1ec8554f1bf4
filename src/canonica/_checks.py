"""What a user gives, checked where it comes in: sizes, seeds, probabilities, numbers, arrays, dims.

Each check returns the value in the type that the computation takes, or raises a `CanonicaError`
that names the parameter and says what was found, what was expected and, where there is something
to say, what to do. Numbers that are only known when compiled code runs (JAX tracers) are no
business of theirs: public functions check what they are given, and then compute.
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._errors import CanonicaError, how_many, listed

LARGEST_SEED = 2**63 - 1  # that JAX's and NumPy's generators both take
LARGEST_SIZE = 2**31 - 1  # that indices of 32 bits, JAX's own, still reach
MOST_NUMBERS = 2**33  # 64 GiB in float64
SMALLEST_POSITIVE = 1e-300  # below lie numbers that lose digits, or whose squares are 0
LONGEST_TEXT = 60  # characters of what was found that are shown
LONGEST_NAME = 255  # bytes of one name in a path, on any disk that is common
Choice = TypeVar("Choice", bound=str | int | None)
Kind = TypeVar("Kind")


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


def checked_choice(name: str, value: Choice, allowed: Iterable[Choice]) -> Choice:
    """Return `value` if it is among those allowed, or refuse it.

    Raises
    ------
    CanonicaError
        If it is none of them.

    Examples
    --------
    >>> checked_choice("form", "exact", ("canonical", "exact"))
    'exact'
    """
    choices = list(allowed)
    if any(type(value) is type(choice) and value == choice for choice in choices):
        return value
    raise refusal(name, described(value), f"one of {listed(map(repr, choices))}")


def checked_kind(name: str, value: Any, kind: type[Kind], expected: str) -> Kind:
    """Return `value` if it is of the type expected, or refuse it.

    Parameters
    ----------
    name, value
        As in `checked_size`.
    kind : type
        What it has to be an instance of.
    expected : str
        That type, as the user knows it.

    Raises
    ------
    CanonicaError
        If it is anything else.

    Examples
    --------
    >>> checked_kind("values", [1, 2], list, "a list")
    [1, 2]
    """
    if isinstance(value, kind):
        return value
    raise refusal(name, described(value), expected)


def checked_path(name: str, value: Any) -> Path:
    """Return the path of a file or folder, whether or not there is one.

    Raises
    ------
    CanonicaError
        If it is neither text nor a `Path`, or nothing can be called so.

    Examples
    --------
    >>> checked_path("store", "results").name
    'results'
    """
    if not isinstance(value, str | PathLike) or not os.fspath(value):
        raise refusal(name, described(value), "the path of a file or folder")
    path = Path(os.fsdecode(value))
    if "\0" in str(path):
        raise refusal(name, described(str(path)), "a path without a null character")
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > LONGEST_NAME:
        found = f"{described(str(path))}, with a name of {longest} bytes in it"
        raise refusal(name, found, f"names of at most {LONGEST_NAME} bytes, as disks allow")
    return path


def checked_address(name: str, value: Any) -> str:
    """Return the address of a place on the web.

    Raises
    ------
    CanonicaError
        If it is no text, or not one that begins with http:// or https:// and names a host.

    Examples
    --------
    >>> checked_address("base_url", "https://example.org/data/")
    'https://example.org/data/'
    """
    try:
        found = urlsplit(value) if isinstance(value, str) else urlsplit("")
        sound = found.scheme in {"http", "https"} and bool(found.hostname) and value.isprintable()
    except ValueError:  # brackets that do not close
        sound = False
    if sound:
        return value
    raise refusal(name, described(value), "an address that begins with http:// or https://")


def checked_array(
    name: str,
    values: Any,
    *,
    dims: Sequence[str] | None = None,
    lowest: float = -math.inf,
    highest: float = math.inf,
    empty: bool = False,
    advice: str = "",
) -> Float[np.ndarray, "..."]:
    """Return an array of finite numbers in float64.

    Parameters
    ----------
    name, advice
        As in `checked_size`.
    values : array-like
        What was given: of numbers or bools.
    dims : sequence of str, optional
        Names of its axes, to say how many there should be; any number by default.
    lowest, highest : float
        Range of its values, ends included.
    empty : bool
        Whether it may hold nothing.

    Raises
    ------
    CanonicaError
        If it is not numeric, has other axes, is empty, or holds values that are NaN, infinite or
        out of range: the first of these is named, with its place.

    Examples
    --------
    >>> checked_array("errors", [1, 2], dims=["recording"])
    array([1., 2.])
    """
    array = _array(values)
    shape = "numbers" if dims is None else f"numbers ({', '.join(dims)})"
    if array is None or (dims is not None and array.ndim != len(dims)):
        found = described(values if array is None else array)
        raise refusal(name, found, f"an array of {shape}", advice)
    if not (empty or array.size):
        raise refusal(
            name, f"an empty array of shape {array.shape}", f"{shape}, at least one", advice
        )
    bad = ~(np.isfinite(array) & (array >= lowest) & (array <= highest))
    if bad.any():
        first = tuple(np.argwhere(bad)[0].tolist())
        place = f" at {list(first)}" if first else ""
        found = f"{array[first]:g}{place} ({how_many(np.count_nonzero(bad), 'such value')})"
        raise refusal(name, found, f"numbers{_within(lowest, highest)}", advice)
    return array


def check_dims(name: str, labelled: Any, variables: Mapping[str, Sequence[str]]) -> None:
    """Refuse a dataset that lacks a variable, or has it on other dimensions, in whatever order.

    Parameters
    ----------
    name : str
        The parameter, as the user knows it.
    labelled : Any
        What was given.
    variables : mapping
        Dimensions of each variable that has to be there.

    Raises
    ------
    CanonicaError
        If it is no `xarray.Dataset`, or a variable is missing, has other dimensions or is empty.
    """
    if not isinstance(labelled, xr.Dataset):
        raise refusal(
            name, described(labelled), "an xarray.Dataset", "Take one as canonica returns it."
        )
    missing = [variable for variable in variables if variable not in labelled]
    if missing:
        present = listed(map(str, labelled.data_vars))
        raise refusal(
            name,
            f"variables {present}",
            f"also {listed(missing)}",
            "Take it as canonica returns it.",
        )
    for variable, dims in variables.items():
        sizes = {str(dim): size for dim, size in labelled[variable].sizes.items()}
        if set(sizes) != set(dims) or 0 in sizes.values():
            raise refusal(
                f"{name}, variable {variable}",
                f"dimensions {sizes}",
                f"dimensions {', '.join(dims)}, none of them empty",
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


def _array(values: Any) -> Float[np.ndarray, "..."] | None:
    """Return numbers in float64; None for what holds none."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):
        return None
    return array.astype(np.float64) if array.dtype.kind in "buif" else None


def _within(lowest: float, highest: float) -> str:
    """Return a range in words, to follow "a number" or "numbers"."""
    if math.isinf(lowest) and math.isinf(highest):
        return ", finite"
    if math.isinf(highest):
        return f", finite and at least {lowest:g}"
    if math.isinf(lowest):
        return f", finite and at most {highest:g}"
    return f" from {lowest:g} to {highest:g}"
