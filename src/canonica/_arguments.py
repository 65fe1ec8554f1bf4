"""Arguments of public functions, held against the annotations that document them.

One look at the door tells whole numbers, numbers, texts, paths, arrays and values of our own apart.
What range a number may have, and what an array may hold, is for the function to say (`_checks`).
"""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

import numpy as np
import xarray as xr

from canonica._checks import checked_path, described, refusal
from canonica._errors import listed

P = ParamSpec("P")
R = TypeVar("R")

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def checked_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, which refuses arguments that are not of the kinds its signature says.

    Raises
    ------
    CanonicaError
        In the call: that names the parameter, what was found and what was expected.

    Examples
    --------
    >>> @checked_arguments
    ... def draw(number: int, name: str | None = None) -> int:
    ...     return number
    >>> draw(3)
    3
    >>> draw("3")
    Traceback (most recent call last):
    canonica._errors.CanonicaError: number: found the text '3'; expected a whole number.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in given_arguments(function, args, kwargs).items():
            check_kind(name, value, annotations(function).get(name, Any))
        return function(*args, **kwargs)

    return run


def given_arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return arguments by their names; none where the call itself is wrong, as Python will say."""
    try:
        return dict(_signature(function).bind(*args, **kwargs).arguments)
    except TypeError:
        return {}


def check_fields(record: Any) -> None:
    """Refuse a dataclass with values that are not of the kinds its annotations say."""
    for name, annotation in annotations(type(record)).items():
        check_kind(name, getattr(record, name), annotation)


@cache
def annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotation of each parameter that is there once."""
    return {
        name: parameter.annotation
        for name, parameter in _signature(function).parameters.items()
        if parameter.kind not in VARIADIC and parameter.annotation is not inspect.Parameter.empty
    }


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function, eval_str=True)


def check_kind(name: str, value: Any, annotation: Any) -> None:
    """Refuse a value that is not of the kind that an annotation says."""
    kinds = alternatives(annotation)
    if any(_fits(value, kind) for kind in kinds):
        if any(_origin(kind) in (PathLike, Path) for kind in kinds):
            _check_paths(name, value)
        return
    words = dict.fromkeys(_words(kind) for kind in kinds if kind is not type(None))
    raise refusal(name, described(value), " or ".join(words))


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return what a union unites, or the one annotation."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(kind for part in get_args(annotation) for kind in alternatives(part))
    return (annotation,)


def is_array(kind: Any) -> bool:
    """Return whether an annotation is that of an array, with or without its shape."""
    return hasattr(kind, "dim_str") or kind is np.ndarray


def _check_paths(name: str, value: Any) -> None:
    """Refuse a path, or one among several, that no file can have."""
    several = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    for path in several:
        if isinstance(path, str | PathLike):
            checked_path(name, path)


def _origin(kind: Any) -> Any:
    return get_origin(kind) or kind


def _fits(value: Any, kind: Any) -> bool:
    origin = _origin(kind)
    for known, fits in RULES:
        if known(origin):
            return fits(value, kind)
    if not isinstance(origin, type):
        return True
    try:
        return isinstance(value, origin)
    except TypeError:  # a protocol that Python cannot ask for; the function looks at it itself
        return True


def _is_whole(value: Any, _: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def _is_number(value: Any, _: Any) -> bool:
    scalar = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if getattr(scalar, "shape", None) == () and hasattr(scalar, "dtype"):  # JAX's, known or not
        return scalar.dtype.kind in "uif" and _is_no_nan(scalar)
    try:
        return (
            isinstance(scalar, Real)
            and not isinstance(scalar, bool)
            and not np.isnan(float(scalar))
        )
    except OverflowError:  # an int of hundreds of digits
        return False


def _is_no_nan(scalar: Any) -> bool:
    try:
        return not np.isnan(np.asarray(scalar))
    except Exception:  # noqa: BLE001  (inside compiled code it is not known)
        return True


def _is_numeric(value: Any, _: Any) -> bool:
    """Return whether something is an array of numbers, or a list that makes one."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return value.dtype.kind in "buif" or value.dtype.name == "bfloat16"
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping | set):
        return False
    try:
        return np.asarray(value).dtype.kind in "buif"
    except (ValueError, TypeError):
        return False


def _is_several(value: Any, kind: Any) -> bool:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return False
    parts = get_args(kind)
    if hasattr(value, "dtype"):  # of an array one look at its type is enough
        if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1 and parts:
            return all(_fits_any(each, parts[0]) for each in value)
        return not parts or _fits_type(value, parts[0])
    if not isinstance(value, Sequence | set | frozenset):
        return _origin(kind) is Iterable  # which may be looked at once only
    if _origin(kind) is tuple and parts and parts[-1] is not Ellipsis:
        return len(value) == len(parts) and all(map(_fits_any, value, parts))
    return not parts or all(_fits_any(each, parts[0]) for each in value)


def _fits_type(array: Any, part: Any) -> bool:
    kinds = alternatives(part)
    if array.ndim != 1:
        return False
    if float in kinds:
        return array.dtype.kind in "buif"
    return array.dtype.kind in "ui" if int in kinds else Any in kinds or str in kinds


def _fits_any(value: Any, annotation: Any) -> bool:
    return any(_fits(value, kind) for kind in alternatives(annotation))


def _is_mapping(value: Any, kind: Any) -> bool:
    parts = get_args(kind)
    return isinstance(value, Mapping) and (
        not parts or all(_fits_any(each, parts[1]) for each in value.values())
    )


def _is_literal(value: Any, kind: Any) -> bool:
    return any(type(value) is type(choice) and value == choice for choice in get_args(kind))


SEVERAL = (tuple, list, Sequence, Iterable, types.GeneratorType)
RULES: tuple[tuple[Callable[[Any], bool], Callable[[Any, Any], bool]], ...] = (
    (lambda kind: kind in (Any, object) or isinstance(kind, TypeVar), lambda _, __: True),
    (is_array, _is_numeric),
    (lambda kind: kind is bool, lambda value, _: isinstance(value, bool | np.bool_)),
    (lambda kind: kind is int, _is_whole),
    (lambda kind: kind is float, _is_number),
    (lambda kind: kind is Literal, _is_literal),
    (lambda kind: kind is Callable, lambda value, _: callable(value)),
    (lambda kind: kind is Mapping, _is_mapping),
    (lambda kind: kind in SEVERAL, _is_several),
)
NAMES = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
    PathLike: "a path",
    Callable: "a function",
    xr.Dataset: "an xarray.Dataset, as canonica.read or another function of canonica returns it",
    Mapping: "a mapping",
}


def _words(kind: Any) -> str:
    origin, parts = _origin(kind), get_args(kind)
    if origin is Literal:
        return f"one of {listed(map(repr, parts))}"
    if is_array(origin):
        dims = getattr(origin, "dim_str", "").strip()
        return f"an array of numbers ({', '.join(dims.split())})" if dims else "an array of numbers"
    if origin in SEVERAL:
        inner = dict.fromkeys(
            _words(one) for part in parts[:1] if part is not Ellipsis for one in alternatives(part)
        )
        return f"several, each {' or '.join(inner)}" if inner else "several"
    module = getattr(origin, "__module__", "").partition(".")[0]
    name = f"{module}.{origin.__name__}" if isinstance(origin, type) else str(origin)
    return NAMES.get(origin, f"a value of type {name}")
