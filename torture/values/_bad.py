"""What no parameter of an annotation takes."""

import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import strategies as st

NAN, INFINITE = float("nan"), float("inf")
NO_WHOLE_NUMBER = st.one_of(
    st.sampled_from(["3", None, 2.0, 2.5, [1], b"1", np.float64(3), NAN, INFINITE]),
    st.integers(max_value=-1),
    st.integers(min_value=2**63),
)
NO_NUMBER = st.one_of(
    st.sampled_from(["0.5", None, [0.5], NAN, INFINITE, -INFINITE, 10**400, 1j, 5e-324]),
    st.floats(max_value=-2.0),
)
NO_NAME = st.one_of(st.sampled_from([3, NAN, ["published"], None, True, ""]), st.text(min_size=40))
NO_PATH = st.sampled_from([3, NAN, ["published"], None, True, "", "\0", "x" * 5000, "/proc/none/x"])
NO_ARRAY = st.sampled_from(
    ["text", None, 3, NAN, [], [[]], [NAN], np.full((2, 2), np.nan), -np.ones((3, 3, 3)), [[1], []]]
)
NO_TIMES = st.sampled_from([(0.03, 0.01), (NAN, 1.0), ("a", "b"), (1,), None, 3, (1, 2, 3)])
FOREIGN = xr.Dataset({"responses": ("trial", [NAN])}, attrs={"name": NAN})
NO_OBJECT = st.sampled_from(["text", 3, NAN, object(), [1, 2], {}, xr.Dataset(), FOREIGN, None])
Leaf = Any


def bad_values(annotation: object, good: object) -> st.SearchStrategy[Any] | None:
    """Return what a parameter cannot take; None where anything may do.

    Parameters
    ----------
    annotation : type
        The parameter's.
    good : object
        What it does take.
    """
    leaves = set(_leaves(annotation))
    if isinstance(good, xr.Dataset) or good is xr.Dataset:
        values = st.one_of(NO_OBJECT, _no_recording(good))
    elif leaves & {bool, Any} or Callable in leaves:
        return None
    elif PathLike in leaves or any("Path" in str(leaf) for leaf in leaves):
        values = NO_PATH
    elif leaves & {tuple}:
        values = NO_TIMES
    elif any("ndarray" in str(leaf) or "Array" in str(leaf) for leaf in leaves) or (
        leaves & {Sequence, Iterable, Mapping} and str not in leaves
    ):
        values = NO_ARRAY
    elif str in leaves:
        values = NO_NAME
    elif float in leaves:
        values = NO_NUMBER
    elif int in leaves:
        values = NO_WHOLE_NUMBER
    else:
        values = NO_OBJECT
    if type(None) in leaves:
        return values.filter(lambda value: value is not None)
    return values


def _leaves(annotation: object) -> Iterable[Leaf]:
    """Yield the kinds of which an annotation takes one."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _leaves(part)
    elif origin is typing.Literal:
        yield str
    else:
        yield origin or annotation


def _no_recording(good: Any) -> st.SearchStrategy[xr.Dataset]:
    """Return recordings like a good one, each with one thing wrong."""
    if not isinstance(good, xr.Dataset) or "responses" not in good:
        return st.just(xr.Dataset())
    responses, session = good["responses"], good["session"]
    return st.sampled_from(
        [
            good.drop_vars("responses"),
            good.drop_vars("stimuli"),
            good.drop_vars("session"),
            good.assign(responses=responses * np.nan),
            good.assign(responses=-1 - responses),
            good.assign(responses=responses.astype(str)),
            good.assign(responses=responses * 0),
            good.assign(responses=responses.T),
            good.assign(responses=responses * INFINITE),
            good.assign(stimuli=good["stimuli"] * 0),
            good.assign(stimuli=good["stimuli"] + 0.5),
            good.isel(trial=slice(0, 0)),
            good.isel(electrode=slice(0, 0)),
            good.isel(input=slice(0, 0)),
            good.isel(source=slice(0, 1)),
            good.rename(trial="time"),
            good.assign_coords(session=session[::-1].to_numpy()) if session.ndim else good,
            good.assign_coords(session=("trial", np.full(session.size, np.nan))),
            good.assign_attrs(name=NAN, condition=None),
        ]
    )
