"""Results are looked at before they are drawn: whether they are those of the function they need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import xarray as xr

from canonica._arguments import checked_arguments, given_arguments
from canonica._checks import refusal
from canonica._errors import listed

P = ParamSpec("P")
R = TypeVar("R")


def of_results(**needed: Iterable[str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator: arguments are of the kinds of the signature, results have what is needed.

    Parameters
    ----------
    **needed : iterable of str
        By parameter, the variables, dimensions and attributes without which nothing can be drawn.
        The parameter takes a dataset, or some of them, or groups of some.
    """

    def decorator(function: Callable[P, R]) -> Callable[P, R]:
        checked = checked_arguments(function)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            given = given_arguments(function, args, kwargs)
            for name, parts in needed.items():
                if given.get(name) is not None:  # the signature says what may be left out
                    _check(name, given[name], parts)
            return checked(*args, **kwargs)

        return run

    return decorator


def _check(name: str, value: Any, needed: Iterable[str]) -> None:
    """Refuse results that lack something."""
    datasets = list(_datasets(value))
    if not datasets:
        raise refusal(name, "no results", "results as a function of canonica returns them")
    for dataset in datasets:
        present = {*dataset.variables, *dataset.sizes, *dataset.attrs}
        missing = [one for one in needed if one not in present]
        if missing:
            raise refusal(
                name,
                f"a dataset without {listed(missing)}",
                "one that has them",
                "Take it as the function of canonica that makes it returns it.",
            )
        empty = [str(dim) for dim, size in dataset.sizes.items() if size == 0]
        if empty:
            raise refusal(name, f"nothing along {listed(empty)}", "at least one of each")


def _datasets(value: Any) -> Iterator[xr.Dataset]:
    if isinstance(value, xr.Dataset):
        yield value
    elif isinstance(value, Mapping):
        yield from _datasets(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _datasets(one)
