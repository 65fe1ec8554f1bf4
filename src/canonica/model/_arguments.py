"""Arguments of the functions on arrays: their kinds, that their shapes fit together, no NaN."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import equinox as eqx

from canonica._arguments import (
    alternatives,
    annotations,
    check_kind,
    given_arguments,
    is_array,
)
from canonica._checks import described, refusal
from canonica.model._checks import check_finite, check_no_nan, check_shapes

P = ParamSpec("P")
R = TypeVar("R")


def checked_arrays(function: Callable[P, R], *, infinite: bool = False) -> Callable[P, R]:
    """Return `function`, which refuses arrays that do not fit its signature or each other.

    Shapes are always looked at. Values are where they are known: not inside `jax.jit`, `jax.vmap`
    and `jax.grad`, where what would be refused gives NaN (`GenerativeModel.checked` and
    `CanonicalNetwork.checked` look at parameters there, too).

    Parameters
    ----------
    function : callable
        A function or method, its arrays annotated by their shapes.
    infinite : bool
        Whether values may be infinite: those of logarithms.

    Raises
    ------
    CanonicaError
        In the call: that names the parameter, what was found and what was expected.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        given, arrays = given_arguments(function, args, kwargs), {}
        for name, value in given.items():
            annotation = annotations(function).get(name, Any)
            check_kind(name, value, annotation)
            arrays |= dict(_arrays(name, value, annotation))
        # Those of models and networks were looked at when these were made.
        own = {name: array for name, (array, _) in arrays.items() if not _is_module(given, name)}
        check_shapes({name: (array, _axes(kind)) for name, (array, kind) in arrays.items()}, own)
        (check_no_nan if infinite else check_finite)(**own)
        return function(*args, **kwargs)

    return run


def _arrays(name: str, value: Any, annotation: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the arrays in an argument by their names, with their annotations."""
    kinds = [kind for kind in alternatives(annotation) if is_array(kind)]
    if kinds and hasattr(value, "shape"):
        yield name, (value, kinds[0])
    elif kinds and isinstance(value, Sequence):
        raise refusal(name, described(value), "an array", "Make one: jax.numpy.asarray.")
    elif isinstance(value, eqx.Module):
        for field, kind in annotations(type(value)).items():
            yield from _arrays(f"{name}.{field}", getattr(value, field), kind)
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for field, part in zip(value._fields, value, strict=True):  # type: ignore[attr-defined]
            kind = annotations(type(value)).get(field, Any)
            if part is not None:
                check_kind(f"{name}.{field}", part, kind)
            yield from _arrays(f"{name}.{field}", part, kind)


def _is_module(given: dict[str, Any], name: str) -> bool:
    return isinstance(given.get(name.partition(".")[0]), eqx.Module)


def _axes(kind: Any) -> tuple[int | str, ...]:
    """Return the axes that a shape has to end in, from its annotation."""
    return tuple(int(word) if word.isdigit() else word for word in kind.dim_str.split())
