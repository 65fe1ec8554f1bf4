"""One of several values, or a value of a kind."""

from collections.abc import Iterable
from typing import Any, TypeVar

from canonica._checks._refusal import described, refusal
from canonica._errors import listed

Choice = TypeVar("Choice", bound=str | int | None)
Kind = TypeVar("Kind")


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
