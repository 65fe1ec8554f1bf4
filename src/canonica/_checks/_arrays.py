"""Arrays and labelled data that a user gives."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._checks._numbers import _within
from canonica._checks._refusal import described, refusal
from canonica._errors import how_many, listed


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


def _array(values: Any) -> Float[np.ndarray, "..."] | None:
    """Return numbers in float64; None for what holds none."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):
        return None
    return array.astype(np.float64) if array.dtype.kind in "buif" else None
